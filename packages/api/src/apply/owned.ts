/** The fields that somebody who writes a whole object owns by it. @module */
import { isList, isObject } from "../json.ts"
import { fieldShape } from "./compare.ts"
import { emptySet, type FieldNode, type FieldSet } from "./field-set.ts"
import { elementOf } from "./list-item.ts"
import { anyShape, type Shape } from "./shape.ts"

/** The set of all fields of an object: its leaves, the items of its lists, and the keys of its maps. */
export const ownedFields = (object: unknown, shape: Shape): FieldSet => nodeOf(object, shape).below

/** The set with every field that its shape names and that leads to others made one of the set itself. */
export const withNamedFields = (set: FieldSet, shape: Shape): FieldSet => {
  if (set.size === 0) return set
  const result = new Map<string, FieldNode>()
  for (const [element, { owned, below }] of set) {
    const name = element.startsWith("f:") ? element.slice(2) : undefined
    const named = name !== undefined && below.size > 0 && shape.fields.has(name)
    const inner = name !== undefined ? fieldShape(shape, name) : (shape.element ?? anyShape)
    result.set(element, { owned: owned || named, below: withNamedFields(below, inner) })
  }
  return result
}

const whole: FieldNode = { owned: true, below: emptySet }
const part: FieldNode = { owned: false, below: emptySet }

const nodeOf = (value: unknown, shape: Shape): FieldNode => {
  if (shape.atomic || shape.kind === "scalar") return whole
  if (shape.kind === "list") return isList(value) ? { owned: false, below: itemsOf(value, shape) } : part
  return isObject(value) ? { owned: false, below: fieldsOf(value, shape) } : part
}

const fieldsOf = (object: Readonly<Record<string, unknown>>, shape: Shape): FieldSet => {
  const result = new Map<string, FieldNode>()
  for (const key in object) {
    const value = object[key]
    if (value === undefined) continue
    const { owned, below } = nodeOf(value, fieldShape(shape, key))
    const itself = owned || value === null || !shape.fields.has(key) || (isObject(value) && below.size === 0)
    if (itself || below.size > 0) result.set(`f:${key}`, { owned: itself, below })
  }
  return result
}

const itemsOf = (list: ReadonlyArray<unknown>, shape: Shape): FieldSet => {
  const result = new Map<string, FieldNode>()
  for (const item of list) {
    const element = elementOf(item, shape)
    if (element === undefined) continue
    // One that is there twice is owned as a whole.
    const below = result.has(element) ? emptySet : nodeOf(item, shape.element ?? anyShape).below
    result.set(element, { owned: true, below })
  }
  return result
}
