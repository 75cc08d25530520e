/** Lays an applied object over the one that is there: field by field, item by item, as its shape says. @module */
import { isList, isObject, type JsonObject, own } from "../json.ts"
import { fieldShape } from "./compare.ts"
import { elementOf } from "./list-item.ts"
import { anyShape, type Shape } from "./shape.ts"

/** The merged value; shares what it can with both. */
export const merge = (live: unknown, applied: unknown, shape: Shape): unknown => {
  if (applied === undefined || live === applied) return live
  if (live === undefined || shape.atomic || shape.kind === "scalar") return applied
  if (shape.kind === "list") {
    if (!isList(live) || live.length === 0) return applied
    return isList(applied) && applied.length > 0 ? mergeLists(live, applied, shape) : live
  }
  if (!isObject(live) || !isObject(applied)) return applied === null && isObject(live) && hasFields(live) ? live : applied
  return mergeMaps(live, applied, shape)
}

const hasFields = (object: JsonObject): boolean => {
  for (const _ in object) return true
  return false
}

const mergeMaps = (live: JsonObject, applied: JsonObject, shape: Shape): JsonObject => {
  let result: Record<string, unknown> | undefined
  for (const key in applied) {
    const before = own(live, key)
    const after = merge(before, applied[key], fieldShape(shape, key))
    if (after === before) continue
    result ??= { ...live }
    result[key] = after
  }
  return result ?? live
}

/**
 * Merges two lists. Applied items keep the order in which they are applied, and items of others keep their place among
 * the items before them, as far as both is possible at once.
 */
const mergeLists = (live: ReadonlyArray<unknown>, applied: ReadonlyArray<unknown>, shape: Shape): ReadonlyArray<unknown> => {
  const item = shape.element ?? anyShape
  const lefts = live.map((value) => elementOf(value, shape))
  const rights = applied.map((value) => elementOf(value, shape))
  const liveBy = onlyOnes(live, lefts)
  const wanted = new Set(rights)
  const merged = new Set<string | undefined>()
  const result: Array<unknown> = []
  // Applied items that are in the live list too, in their new order: the first that is not merged yet is where both lists meet next.
  const shared = rights.filter((element) => liveBy.has(element))
  let meeting = 0
  const take = (right: number): void => {
    const element = rights[right]
    merged.add(element)
    result.push(merge(liveBy.get(element), applied[right], item))
    if (meeting < shared.length && shared[meeting] === element) meeting++
  }
  let left = 0
  let right = 0
  while (left < lefts.length || right < rights.length) {
    const element = lefts[left]
    if (left < lefts.length && !wanted.has(element)) result.push(live[left++])
    else if (left < lefts.length && right < rights.length && element === rights[right]) {
      take(right++)
      left++
    } else if (left < lefts.length && right < rights.length && meeting < shared.length && shared[meeting] !== element) left++
    else {
      if (left < lefts.length && merged.has(element)) left++
      if (right < rights.length) take(right++)
    }
  }
  return result
}

/** Live items by element; one that is there twice is not merged with, so it is `undefined`. */
const onlyOnes = (
  live: ReadonlyArray<unknown>,
  elements: ReadonlyArray<string | undefined>
): ReadonlyMap<string | undefined, unknown> => {
  const result = new Map<string | undefined, unknown>()
  elements.forEach((element, index) => {
    result.set(element, result.has(element) ? undefined : live[index])
  })
  return result
}
