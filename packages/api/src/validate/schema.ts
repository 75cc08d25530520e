/** Validation that only needs the schema: required texts and enumerations, for what no other rule looks at. @module */
import { notSupported, required } from "../field-error.ts"
import { isList, isObject, type JsonObject, own } from "../json.ts"
import { resolve, type Schema, schemaOf } from "../schema.ts"
import type { Findings } from "./findings.ts"

/** Metadata has its own rules, and a status is written by parts that may leave things out, as upstream lets them. */
const skipped: ReadonlySet<string> = new Set(["metadata", "status"])

/** Findings for an object of a definition. */
export function* validateBySchema(object: JsonObject, definition: string): Findings {
  const schema = schemaOf(definition)
  for (const [key, place] of Object.entries(schema.properties ?? {})) {
    if (!skipped.has(key)) yield* validateField(own(object, key), place, key, schema.required?.includes(key) === true)
  }
}

function* validateField(value: unknown, place: Schema, path: string, isRequired: boolean): Findings {
  const schema = resolve(place)
  if (value === undefined || value === "") {
    // Only texts: in a number that must be written but is not, upstream sees a zero, and lists and objects are as good as empty.
    // A header's or kernel parameter's `value` may well be empty.
    if (
      isRequired &&
      !path.endsWith(".value") &&
      schema.type === "string" &&
      schema.format === undefined &&
      place.ref === undefined
    )
      yield required(path)
    return
  }
  if (schema.enum !== undefined && typeof value === "string" && !schema.enum.includes(value))
    yield notSupported(path, value, schema.enum)
  if (isList(value) && schema.items !== undefined) {
    for (const [i, item] of value.entries()) yield* validateField(item, schema.items, `${path}[${i}]`, false)
  } else if (isObject(value) && schema.preserveUnknown !== true) {
    for (const [key, child] of Object.entries(schema.properties ?? {})) {
      yield* validateField(own(value, key), child, `${path}.${key}`, schema.required?.includes(key) === true)
    }
    if (schema.additionalProperties !== undefined) {
      for (const [key, item] of Object.entries(value))
        yield* validateField(item, schema.additionalProperties, `${path}[${key}]`, false)
    }
  }
}
