import { expect, test } from "bun:test"
import { Bucket, type ObjectChange } from "../bucket.ts"
import { StoredObject } from "../stored.ts"
import { join, type Watcher } from "./audience.ts"

const frame = new TextEncoder().encode("frame")

const object = (name: string, revision: bigint): StoredObject =>
  StoredObject.read(`/registry/core/pods/default/${name}`, '{"kind":"Pod","apiVersion":"v1","metadata":{}}', revision, revision)

/** A watcher that counts what it gets. */
const watcher = (later?: bigint): Watcher & { frames: number; ended: number } => {
  const made = {
    frames: 0,
    ended: 0,
    output: { ended: false, push: () => void made.frames++, end: () => void made.ended++ },
    ...(later === undefined ? {} : { later })
  }
  return made
}

test("a change is worked out once for all who want the same, and by each who wants something else", () => {
  const bucket = new Bucket(0n)
  let asked = 0
  const frameOf = ({ revision }: ObjectChange) => {
    asked++
    return revision === 3n ? undefined : frame
  }
  const some = Array.from({ length: 10 }, () => watcher())
  const seats = some.map((one) => join(bucket, "same", frameOf, one))
  const other = watcher()
  join(bucket, "other", frameOf, other)
  bucket.put(object("a", 1n))
  expect(asked).toBe(2)
  seats[0]!.leave()
  bucket.put(object("a", 2n))
  bucket.put(object("a", 3n))
  expect(some.map(({ frames }) => frames)).toEqual([1, ...Array.from({ length: 9 }, () => 2)])
  expect([other.frames, seats[1]!.heard()]).toEqual([2, 2n])
})

test("a watch from a later revision hears nothing before it", () => {
  const bucket = new Bucket(0n)
  const [now, later] = [watcher(), watcher(2n)]
  for (const one of [now, later]) join(bucket, "same", () => frame, one)
  for (const revision of [1n, 2n, 3n]) bucket.put(object("a", revision))
  expect([now.frames, later.frames]).toEqual([3, 1])
})

test("a watcher that leaves while it is told does not keep the others from hearing", () => {
  const bucket = new Bucket(0n)
  const all = [watcher(), watcher(), watcher()]
  const seats = all.map((one) => join(bucket, "same", () => frame, one))
  const leaving: Watcher = { output: { ended: false, push: () => seats[1]!.leave(), end: () => {} } }
  const seat = join(bucket, "same", () => frame, leaving)
  bucket.put(object("a", 1n))
  bucket.put(object("a", 2n))
  expect(all.map(({ frames }) => frames)).toEqual([2, 1, 2])
  for (const one of [seat, ...seats]) one.leave()
  bucket.put(object("a", 3n))
  expect(all.map(({ frames }) => frames)).toEqual([2, 1, 2])
})

test("who joins after all were ended is heard again", () => {
  const bucket = new Bucket(0n)
  const before = watcher()
  const seat = join(bucket, "same", () => frame, before)
  bucket.endAll()
  expect(before.ended).toBe(1)
  const after = watcher()
  join(bucket, "same", () => frame, after)
  seat.leave()
  bucket.put(object("a", 1n))
  expect([before.frames, after.frames]).toEqual([0, 1])
})
