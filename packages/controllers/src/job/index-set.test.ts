/** Sets of completion indexes: their text, and the arithmetic on them. */
import { describe, expect, test } from "bun:test"
import { formatIndexes, hasIndex, indexSet, lowestMissing, parseIndexes, sizeOf, sizeOfCommon, union } from "./index-set.ts"

describe("the text of a set", () => {
  for (const [indexes, text] of [
    [[], ""],
    [[4], "4"],
    [[4, 5], "4,5"],
    [[6, 4, 5], "4-6"],
    [[0, 2, 3, 4, 5, 7], "0,2-5,7"],
    [[1, 1, 1], "1"]
  ] as const) {
    test(`of ${indexes.join(" ")} is ${JSON.stringify(text)}`, () => {
      expect(formatIndexes(indexSet(indexes))).toBe(text)
      expect(parseIndexes(text, 100)).toEqual(indexSet(indexes))
    })
  }

  test("ends where the Job has no more indexes, and what is none is left out", () => {
    expect(parseIndexes("0-9,12", 5)).toEqual([[0, 4]])
    expect(parseIndexes("0,x,2-,5-6", 10)).toEqual([
      [0, 0],
      [5, 6]
    ])
    expect(parseIndexes(undefined, 5)).toEqual([])
  })
})

test("sets are those of mathematics, whatever their rows", () => {
  // A fixed row of numbers that look like chance.
  let seed = 7
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((seed / 2_147_483_648) * below)
  }
  const some = () => new Set(Array.from({ length: random(30) }, () => random(40)))
  for (let round = 0; round < 200; round++) {
    const [a, b] = [some(), some()]
    const [left, right] = [indexSet(a), indexSet(b)]
    const both = union(left, right)
    expect(both).toEqual(indexSet(new Set([...a, ...b])))
    expect(sizeOf(left)).toBe(a.size)
    expect(sizeOfCommon(left, right)).toBe([...a].filter((index) => b.has(index)).length)
    for (let index = 0; index < 45; index++) expect(hasIndex(left, index)).toBe(a.has(index))
    const missing = Array.from({ length: 40 }, (_, index) => index).filter((index) => !a.has(index))
    expect(lowestMissing(left, 5, 40)).toEqual(missing.slice(0, 5))
  }
})

test("what lies beyond the end is not missing", () => {
  expect(lowestMissing([[0, 1]], 10, 4)).toEqual([2, 3])
  expect(lowestMissing([[2, 9]], 10, 4)).toEqual([0, 1])
  expect(lowestMissing([], 0, 4)).toEqual([])
})
