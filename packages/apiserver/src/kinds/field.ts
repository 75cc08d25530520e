/** How a field selector reads a field of an object. @module */
import type { KubernetesObject } from "@tsukube/api"
import type { Event } from "@tsukube/api/core-v1"

/** What a field says of an object; "" when it is not there. */
export type FieldRead = (object: KubernetesObject) => string

/** Readers by the name that selectors use. */
export type FieldReads = Readonly<Record<string, FieldRead>>

/** The value at a dotted path; nothing there counts as empty. */
export const at =
  (path: string): FieldRead =>
  (object) => {
    let value: unknown = object
    for (const step of path.split(".")) {
      if (typeof value !== "object" || value === null) return ""
      value = (value as Readonly<Record<string, unknown>>)[step]
    }
    return value === undefined || value === null ? "" : String(value)
  }

/** A flag or number that is written out even where it is absent. */
export const atOr =
  (path: string, absent: string): FieldRead =>
  (object) =>
    at(path)(object) || absent

/** Fields that are called as they are reached. */
export const paths = (...names: ReadonlyArray<string>): FieldReads => Object.fromEntries(names.map((name) => [name, at(name)]))

/** Who reported an event, in its old or its new form. */
export const eventSource: FieldRead = (object) => {
  const { source, reportingComponent } = object as Event
  return source?.component || (reportingComponent ?? "")
}

/** The fields of an object reference. */
export const referenceFields = (field: string): FieldReads =>
  paths(...["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"].map((name) => `${field}.${name}`))
