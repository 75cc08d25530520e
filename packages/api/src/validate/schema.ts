/** Validation that only needs the schema: required texts and enumerations, for what no other rule looks at. @module */
import { type FieldError, notSupported, required } from "../field-error.ts"
import { isList, isObject, type JsonObject } from "../json.ts"
import { resolve, type Schema, schemaOf } from "../schema.ts"

/** Metadata has its own rules, and a status is written by parts that may leave things out, as upstream lets them. */
const skipped: ReadonlySet<string> = new Set(["metadata", "status"])

/** Texts that have to be written, but may well be empty: of a header or kernel parameter, and the server's own audience. */
const mayBeEmpty: ReadonlySet<string> = new Set(["audience", "value"])

/** Findings for an object of a definition. A plain walk into one list, because it visits every field of every write. */
export const validateBySchema = (object: JsonObject, definition: string): ReadonlyArray<FieldError> => {
  const findings: Array<FieldError> = []
  const schema = schemaOf(definition)
  checkRequired(object, schema, "", findings)
  for (const key in object) {
    const place = skipped.has(key) ? undefined : placeOf(schema, key)
    if (place !== undefined) check(object[key], place, key, findings)
  }
  return findings
}

const placeOf = (schema: Schema, key: string): Schema | undefined =>
  schema.properties !== undefined && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined

/** Only texts: in a number that must be written but is not, upstream sees a zero, and lists and objects are as good as empty. */
const checkRequired = (object: JsonObject, schema: Schema, path: string, findings: Array<FieldError>): void => {
  for (const key of schema.required ?? []) {
    const place = placeOf(schema, key)
    if (place?.type !== "string" || place.format !== undefined || mayBeEmpty.has(key)) continue
    const value = Object.hasOwn(object, key) ? object[key] : undefined
    if (value === undefined || value === "") findings.push(required(path === "" ? key : `${path}.${key}`))
  }
}

const check = (value: unknown, place: Schema, path: string, findings: Array<FieldError>): void => {
  if (value === undefined || value === "") return
  const schema = resolve(place)
  if (schema.enum !== undefined && typeof value === "string" && !schema.enum.includes(value)) {
    findings.push(notSupported(path, value, schema.enum))
  } else if (isList(value)) {
    const { items } = schema
    // A list of plain texts without an enumeration has nothing to check.
    if (items === undefined || (items.ref === undefined && items.enum === undefined)) return
    for (let i = 0; i < value.length; i++) check(value[i], items, `${path}[${i}]`, findings)
  } else if (isObject(value) && schema.preserveUnknown !== true) {
    checkRequired(value, schema, path, findings)
    for (const key in value) {
      const child = placeOf(schema, key)
      if (child !== undefined) check(value[key], child, `${path}.${key}`, findings)
      else if (schema.additionalProperties?.ref !== undefined)
        check(value[key], schema.additionalProperties, `${path}[${key}]`, findings)
    }
  }
}
