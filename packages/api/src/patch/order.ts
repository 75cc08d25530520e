/** The order of a merged list: the patch decides for its items, the old list for the others, and both keep to the old list where they meet. @module */
import { isObject, own } from "../json.ts"

/**
 * Sorts `merged`: items that `patchOrder` names come in its order, the others as in `previous`. An item of the patch that the old list
 * does not know goes before the next item that only the server has, as upstream places it.
 */
export const orderList = (
  merged: ReadonlyArray<unknown>,
  patchOrder: ReadonlyArray<unknown>,
  previous: ReadonlyArray<unknown>,
  mergeKey: string | undefined
): ReadonlyArray<unknown> => {
  const keyOf = (item: unknown): string => String(isObject(item) && mergeKey !== undefined ? own(item, mergeKey) : item)
  const wanted = positionsOf(patchOrder, keyOf)
  const before = positionsOf(previous, keyOf)
  const by = (positions: ReadonlyMap<string, number>) => (a: unknown, b: unknown) =>
    (positions.get(keyOf(a)) ?? positions.size) - (positions.get(keyOf(b)) ?? positions.size)
  const patched = merged.filter((item) => wanted.has(keyOf(item))).sort(by(wanted))
  const others = merged.filter((item) => !wanted.has(keyOf(item))).sort(by(before))
  const result: Array<unknown> = []
  let left = 0
  for (const item of patched) {
    const position = before.get(keyOf(item))
    while (position !== undefined && left < others.length && (before.get(keyOf(others[left])) ?? Infinity) < position) {
      result.push(others[left++])
    }
    result.push(item)
  }
  return [...result, ...others.slice(left)]
}

const positionsOf = (list: ReadonlyArray<unknown>, keyOf: (item: unknown) => string): ReadonlyMap<string, number> =>
  new Map(list.map((item, i) => [keyOf(item), i]))
