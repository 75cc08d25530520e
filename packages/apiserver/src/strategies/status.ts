/** The status a new object of a kind has before any controller looked at it. @module */
import { type Resource, resolve, schemaOf } from "@tsukube/api"

const known = new Map<string, Readonly<Record<string, unknown>>>()

/** An empty status, with zeros where the kind's status must have numbers. */
export const emptyStatus = (resource: Resource): Readonly<Record<string, unknown>> => {
  const found = known.get(resource.schema)
  if (found !== undefined) return found
  const place = schemaOf(resource.schema).properties?.["status"]
  const schema = place === undefined ? {} : resolve(place)
  const zeros = (schema.required ?? []).filter((field) => schema.properties?.[field]?.type === "integer")
  const status = Object.fromEntries(zeros.map((field) => [field, 0]))
  known.set(resource.schema, status)
  return status
}
