/** Sets of completion indexes and their text in a Job's status, such as `0,2-5,7`. Pure. @module */

/** From the first index to the last, both included. */
export type IndexRange = readonly [first: number, last: number]

/** Rows of indexes, ascending, with a gap between any two: a Job of 100,000 indexes that all succeeded is one row. */
export type IndexSet = ReadonlyArray<IndexRange>

const merged = (ranges: ReadonlyArray<IndexRange>): IndexSet => {
  const result: Array<[number, number]> = []
  for (const [first, last] of ranges.toSorted((left, right) => left[0] - right[0])) {
    const before = result.at(-1)
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last)
    else result.push([first, last])
  }
  return result
}

/** The set of these indexes. */
export const indexSet = (indexes: Iterable<number>): IndexSet => merged(Array.from(indexes, (index) => [index, index] as const))

/** What is in one of both. */
export const union = (left: IndexSet, right: IndexSet): IndexSet =>
  right.length === 0 ? left : left.length === 0 ? right : merged([...left, ...right])

/** How many indexes the set has. */
export const sizeOf = (set: IndexSet): number => set.reduce((sum, [first, last]) => sum + last - first + 1, 0)

/** How many indexes are in both. */
export const sizeOfCommon = (left: IndexSet, right: IndexSet): number => sizeOf(left) + sizeOf(right) - sizeOf(union(left, right))

/** True when the index is in the set. */
export const hasIndex = (set: IndexSet, index: number): boolean => {
  let low = 0
  let high = set.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((set[middle]?.[1] ?? 0) < index) low = middle + 1
    else high = middle
  }
  const range = set[low]
  return range !== undefined && range[0] <= index
}

/** The lowest `count` indexes below `limit` that are not in the set. */
export const lowestMissing = (set: IndexSet, count: number, limit: number): ReadonlyArray<number> => {
  const missing: Array<number> = []
  let candidate = 0
  for (const [first, last] of [...set, [limit, limit] as const]) {
    for (; candidate < Math.min(first, limit) && missing.length < count; candidate++) missing.push(candidate)
    candidate = Math.max(candidate, last + 1)
  }
  return missing
}

/** Reads the text of a status; indexes from `limit` on are left out, and what is not a range as well. */
export const parseIndexes = (text: string | undefined, limit: number): IndexSet => {
  const ranges: Array<IndexRange> = []
  for (const part of (text ?? "").split(",")) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part)
    if (match === null) continue
    const first = Number(match[1])
    const last = Math.min(Number(match[2] ?? match[1]), limit - 1)
    if (first <= last) ranges.push([first, last])
  }
  return merged(ranges)
}

/** The text of a set: rows of three or more with a dash. */
export const formatIndexes = (set: IndexSet): string =>
  set
    .map(([first, last]) => (first === last ? `${first}` : last === first + 1 ? `${first},${last}` : `${first}-${last}`))
    .join(",")
