/** The `FieldsV1` form of a set of fields, as `metadata.managedFields` holds it: read and written exactly as upstream does. @module */
import { isObject, type JsonObject } from "../json.ts"
import { ParseError } from "../parse-error.ts"
import type { FieldsV1 } from "../types/meta-v1.ts"
import { emptySet, type FieldNode, type FieldSet, sortedElements } from "./field-set.ts"
import { canonicalElement } from "./path-element.ts"

/** Reads `fieldsV1`; throws `ParseError` on what is not of its form, and skips elements of kinds it does not know. */
export const parseFieldsV1 = (fields: unknown): FieldSet => {
  if (!isObject(fields)) throw new ParseError({ message: "expected an object of fields" })
  const result = new Map<string, FieldNode>()
  for (const key in fields) {
    if (key === ".") continue
    const element = canonicalElement(key)
    if (element === undefined) continue
    const value = fields[key]
    const below = parseFieldsV1(value)
    const owned = below.size === 0 || Object.hasOwn(value as JsonObject, ".")
    result.set(element, { owned, below })
  }
  return result.size === 0 ? emptySet : result
}

/** Writes a set as `fieldsV1`, its fields in upstream's order. */
export const printFieldsV1 = (set: FieldSet): FieldsV1 => {
  const result: Record<string, unknown> = {}
  for (const [element, { owned, below }] of sortedElements(set)) {
    result[element] = owned && below.size > 0 ? { ".": {}, ...printFieldsV1(below) } : printFieldsV1(below)
  }
  return result
}
