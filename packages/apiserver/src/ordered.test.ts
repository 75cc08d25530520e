import { expect, test } from "bun:test"
import { ChunkBytes, OrderedObjects } from "./ordered.ts"
import { StoredObject } from "./stored.ts"

const root = "/registry/core/pods/"
const object = (name: string, text: string): StoredObject =>
  new StoredObject(`${root}${name}`, JSON.stringify({ name, text }), 1n, 1n)

/** Whole numbers below a bound, the same ones for the same seed. */
const random = (seed: number): ((below: number) => number) => {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return (state >>> 8) % below
  }
}

const textsOf = (pieces: ReadonlyArray<Uint8Array>): ReadonlyArray<unknown> =>
  JSON.parse(`[${Buffer.concat(pieces).toString().slice(1)}]`)

test("whatever is put and deleted, ranges and their bytes are what a sorted map would give", () => {
  for (const limitBytes of [0, 2000, 1_000_000]) {
    const next = random(limitBytes + 7)
    const ordered = new OrderedObjects(new ChunkBytes(limitBytes))
    const expected = new Map<string, StoredObject>()
    for (let step = 0; step < 6000; step++) {
      const name = `${["a", "b", "bb", "c"][next(4)]}/${next(400)}`
      if (next(step < 4000 ? 4 : 2) > 0) {
        const made = object(name, `ü${step}`)
        ordered.put(made)
        expected.set(made.key, made)
      } else {
        ordered.delete(root + name)
        expected.delete(root + name)
      }
      if (step % 97 > 0) continue
      const sorted = [...expected.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
      for (const prefix of ["", "a/", "b/", "b", "bb/3", "x/"].map((part) => root + part)) {
        const wanted = sorted.filter(({ key }) => key.startsWith(prefix))
        expect([...ordered.range(prefix, prefix)]).toEqual(wanted)
        expect(textsOf(ordered.encoded(prefix))).toEqual(wanted.map(({ text }) => JSON.parse(text)))
        const start = `${prefix}2`
        expect([...ordered.range(prefix, start)]).toEqual(wanted.filter(({ key }) => key >= start))
      }
    }
  }
})

test("an object that was replaced shows in bytes that were kept", () => {
  const ordered = new OrderedObjects(new ChunkBytes(1_000_000))
  ordered.load(["a", "b", "c"].map((name) => object(name, "old")))
  expect(ordered.encoded(root)).toEqual(ordered.encoded(root))
  ordered.put(object("b", "new"))
  expect(textsOf(ordered.encoded(root))).toEqual(["a", "b", "c"].map((name) => ({ name, text: name === "b" ? "new" : "old" })))
})
