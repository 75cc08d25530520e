/** What changed between two objects of a shape, as sets of fields. Costs nothing where nothing changed. @module */
import { equalJson, isList, isObject, type JsonObject, own } from "../json.ts"
import { emptySet, type FieldNode, type FieldSet } from "./field-set.ts"
import { elementOf } from "./list-item.ts"
import { anyShape, type Shape } from "./shape.ts"

/** The difference between two objects. */
export interface Changes {
  readonly added: FieldSet
  readonly modified: FieldSet
  readonly removed: FieldSet
}

/** What changed in a value: the value itself as a whole, and what is below it. */
interface Delta {
  /** Bits; an item that was there twice and is there once now is both removed and added. */
  self: number
  added: Map<string, FieldNode> | undefined
  modified: Map<string, FieldNode> | undefined
  removed: Map<string, FieldNode> | undefined
}

/** Compares two objects; `null` is a value that is there, `undefined` one that is not. */
export const compare = (before: unknown, after: unknown, shape: Shape): Changes => {
  const delta = compareValues(before, after, shape)
  return { added: delta?.added ?? emptySet, modified: delta?.modified ?? emptySet, removed: delta?.removed ?? emptySet }
}

const isAdded = 1
const isModified = 2
const isRemoved = 4
const nothing: Delta = { self: 0, added: undefined, modified: undefined, removed: undefined }

const compareValues = (before: unknown, after: unknown, shape: Shape): Delta | undefined => {
  if (before === after) return undefined
  const granular = isGranular(before, after, shape)
  const delta = !granular
    ? undefined
    : shape.kind === "list"
      ? compareLists(isList(before) ? before : [], isList(after) ? after : [], shape)
      : compareMaps(isObject(before) ? before : {}, isObject(after) ? after : {}, shape)
  if (before === undefined) return mark(delta, isAdded)
  if (after === undefined) return mark(delta, isRemoved)
  return granular || equalJson(before, after) ? delta : mark(delta, isModified)
}

const mark = (delta: Delta | undefined, bit: number): Delta => ({ ...(delta ?? nothing), self: (delta?.self ?? 0) | bit })

/** Whether parts are compared. Two empty ones are compared as a whole, so that nothing and something empty can be told apart. */
const isGranular = (before: unknown, after: unknown, shape: Shape): boolean => {
  if (shape.atomic || shape.kind === "scalar") return false
  if (shape.kind === "list") return hasItems(before) || hasItems(after)
  return hasFields(before) || hasFields(after)
}

const hasItems = (value: unknown): boolean => isList(value) && value.length > 0

const hasFields = (value: unknown): boolean => {
  if (!isObject(value)) return false
  for (const _ in value) return true
  return false
}

const compareMaps = (before: JsonObject, after: JsonObject, shape: Shape): Delta | undefined => {
  let delta: Delta | undefined
  for (const key in before) delta = put(delta, "f:", key, compareValues(before[key], own(after, key), fieldShape(shape, key)))
  for (const key in after) {
    if (Object.hasOwn(before, key)) continue
    delta = put(delta, "f:", key, compareValues(undefined, after[key], fieldShape(shape, key)))
  }
  return delta
}

/** The shape of a field of a map. */
export const fieldShape = (shape: Shape, key: string): Shape => shape.fields.get(key) ?? shape.element ?? anyShape

const compareLists = (before: ReadonlyArray<unknown>, after: ReadonlyArray<unknown>, shape: Shape): Delta | undefined => {
  if (equalJson(before, after)) return undefined
  const left = group(before, shape)
  const right = group(after, shape)
  const item = shape.element ?? anyShape
  let delta: Delta | undefined
  for (const [element, olds] of left) delta = put(delta, "", element, compareItems(olds, right.get(element) ?? [], item))
  for (const [element, news] of right) {
    if (!left.has(element)) delta = put(delta, "", element, compareItems([], news, item))
  }
  return delta
}

/** Items that are there twice are one thing, owned as a whole, for as long as they are. */
const compareItems = (olds: ReadonlyArray<unknown>, news: ReadonlyArray<unknown>, item: Shape): Delta | undefined => {
  if (olds.length < 2 && news.length < 2) return compareValues(olds[0], news[0], item)
  if (olds.length >= 2 && news.length >= 2) return equalJson(olds, news) ? undefined : mark(undefined, isModified)
  if (olds.length >= 2) return mark(compareValues(undefined, news[0], item), isRemoved)
  return mark(compareValues(olds[0], undefined, item), isAdded)
}

const group = (list: ReadonlyArray<unknown>, shape: Shape): ReadonlyMap<string, ReadonlyArray<unknown>> => {
  const result = new Map<string, Array<unknown>>()
  for (const item of list) {
    const element = elementOf(item, shape)
    if (element === undefined) continue
    const same = result.get(element)
    if (same === undefined) result.set(element, [item])
    else same.push(item)
  }
  return result
}

const put = (delta: Delta | undefined, prefix: string, key: string, child: Delta | undefined): Delta | undefined => {
  if (child === undefined) return delta
  const { self, added, modified, removed } = child
  const result = delta ?? { ...nothing }
  const element = prefix + key
  if (added !== undefined || (self & isAdded) !== 0) {
    result.added ??= new Map()
    result.added.set(element, { owned: (self & isAdded) !== 0, below: added ?? emptySet })
  }
  if (modified !== undefined || (self & isModified) !== 0) {
    result.modified ??= new Map()
    result.modified.set(element, { owned: (self & isModified) !== 0, below: modified ?? emptySet })
  }
  if (removed !== undefined || (self & isRemoved) !== 0) {
    result.removed ??= new Map()
    result.removed.set(element, { owned: (self & isRemoved) !== 0, below: removed ?? emptySet })
  }
  return result
}
