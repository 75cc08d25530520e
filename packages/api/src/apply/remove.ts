/** Takes a set of fields out of an object. @module */
import { isList, isObject, type JsonObject } from "../json.ts"
import { fieldShape } from "./compare.ts"
import { emptySet, type FieldSet } from "./field-set.ts"
import { elementOf } from "./list-item.ts"
import { anyShape, type Shape } from "./shape.ts"

/** The value without the fields; `null` when nothing remains of a list or a map. */
export const remove = (value: unknown, fields: FieldSet, shape: Shape): unknown => {
  if (fields.size === 0 || shape.kind === "scalar") return value
  if (shape.atomic) return null
  if (isList(value)) return shape.kind === "list" ? removeItems(value, fields, shape) : null
  return isObject(value) ? removeFields(value, fields, shape) : value
}

const removeItems = (list: ReadonlyArray<unknown>, fields: FieldSet, shape: Shape): ReadonlyArray<unknown> | null => {
  const result: Array<unknown> = []
  for (const item of list) {
    const node = fields.get(elementOf(item, shape) ?? "")
    if (node?.owned === true) continue
    result.push(remove(item, node?.below ?? emptySet, shape.element ?? anyShape))
  }
  return result.length === 0 ? null : result
}

const removeFields = (object: JsonObject, fields: FieldSet, shape: Shape): JsonObject | null => {
  const result: Record<string, unknown> = {}
  let count = 0
  for (const key in object) {
    const node = fields.get(`f:${key}`)
    if (node?.owned === true) continue
    count++
    result[key] = remove(object[key], node?.below ?? emptySet, fieldShape(shape, key))
  }
  return count === 0 ? null : result
}
