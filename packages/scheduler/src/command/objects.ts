/** Reads Kubernetes objects from text as kubectl writes it: YAML documents or JSON, single objects or lists. @module */
import { isList, isObject, type KubernetesObject } from "@tsukube/api"
import { parseAllDocuments } from "yaml"

/** A file that holds no Kubernetes objects; the message says where and why. */
export class ObjectsError extends Error {
  readonly _tag = "ObjectsError"
}

const flatten = (value: unknown, place: string): ReadonlyArray<KubernetesObject> => {
  if (value === null || value === undefined) return []
  if (isList(value)) return value.flatMap((item, index) => flatten(item, `${place}[${index}]`))
  if (!isObject(value)) throw new ObjectsError(`${place}: expected an object, got ${JSON.stringify(value)}`)
  const { kind, items } = value
  if (typeof kind === "string" && kind.endsWith("List") && isList(items)) {
    // Items of a typed list carry no kind of their own.
    const each = kind === "List" ? {} : { kind: kind.slice(0, -4), apiVersion: value["apiVersion"] }
    return items.flatMap((item, index) => flatten(isObject(item) ? { ...each, ...item } : item, `${place}.items[${index}]`))
  }
  if (typeof kind !== "string") throw new ObjectsError(`${place}: kind: Required value`)
  return [value as KubernetesObject]
}

/** Every object of a text; throws `ObjectsError`. */
export const readObjects = (text: string, name: string): ReadonlyArray<KubernetesObject> =>
  parseAllDocuments(text).flatMap((document, index) => {
    const [error] = document.errors
    if (error !== undefined) throw new ObjectsError(`${name}: ${error.message}`)
    return flatten(document.toJS({ maxAliasCount: 100 }), index === 0 ? name : `${name} (document ${index + 1})`)
  })
