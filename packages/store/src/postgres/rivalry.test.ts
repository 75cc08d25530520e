import { expect, test } from "bun:test"
import { makeRivalry } from "./rivalry.ts"

const restOf = (rivalry: ReturnType<typeof makeRivalry>): number => {
  let batches = 0
  for (; rivalry.isFelt(); batches++) rivalry.rested()
  return batches
}

test("each further meeting leaves twice as many batches to the database, up to a bound, and peace forgives", () => {
  const rivalry = makeRivalry()
  expect(rivalry.isFelt()).toBe(false)
  const rests = Array.from({ length: 9 }, () => {
    rivalry.met()
    return restOf(rivalry)
  })
  expect(rests).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 256])
  for (let i = 0; i < 31; i++) rivalry.held()
  rivalry.met()
  expect(restOf(rivalry)).toBe(256)
  for (let i = 0; i < 32; i++) rivalry.held()
  rivalry.met()
  expect(restOf(rivalry)).toBe(2)
})

test("batches that were void together are one meeting", () => {
  const rivalry = makeRivalry()
  rivalry.met()
  rivalry.met()
  expect(restOf(rivalry)).toBe(2)
})
