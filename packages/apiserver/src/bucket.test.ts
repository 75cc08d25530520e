import { expect, test } from "bun:test"
import { Bucket } from "./bucket.ts"
import { StoredObject } from "./stored.ts"

const podOn = (name: string, node: string, revision: bigint): StoredObject =>
  StoredObject.read(
    `/registry/core/pods/default/${name}`,
    JSON.stringify({ kind: "Pod", apiVersion: "v1", metadata: { name }, spec: { nodeName: node } }),
    revision,
    revision
  )

const nodeOf = ({ object }: StoredObject): string => (object as { spec?: { nodeName?: string } }).spec?.nodeName ?? ""

test("a follower of one value hears of objects that have it or had it, once each", () => {
  const bucket = new Bucket(0n)
  const heard: Array<string> = []
  const follow = (value: string) =>
    bucket.follow(
      { changed: ({ revision }) => heard.push(`${value} ${revision}`), end: () => heard.push(`${value} end`) },
      { field: "node", read: nodeOf, value }
    )
  const stop = follow("a")
  follow("b")
  bucket.put(podOn("x", "a", 1n))
  bucket.put(podOn("x", "a", 2n))
  bucket.put(podOn("x", "b", 3n))
  bucket.put(podOn("y", "c", 4n))
  bucket.delete("/registry/core/pods/default/x", 5n)
  expect(heard).toEqual(["a 1", "a 2", "b 3", "a 3", "b 5"])
  stop()
  bucket.put(podOn("x", "a", 6n))
  bucket.endAll()
  expect(heard.slice(5)).toEqual(["b end"])
})

test("objects stay in key order however they come", () => {
  const bucket = new Bucket(0n)
  for (const [i, name] of ["m", "c", "x", "a", "c"].entries()) bucket.put(podOn(name, "", BigInt(i + 1)))
  bucket.delete("/registry/core/pods/default/m", 9n)
  const prefix = "/registry/core/pods/default/"
  expect([...bucket.range(prefix)].map(({ key }) => key.slice(prefix.length))).toEqual(["a", "c", "x"])
  expect([...bucket.range(prefix, `${prefix}b`)].map(({ key }) => key.slice(prefix.length))).toEqual(["c", "x"])
})

test("the history is bounded, and says how far back it reaches", () => {
  const bucket = new Bucket(0n)
  for (let i = 1n; i <= 12_000n; i++) bucket.put(podOn("x", "", i))
  expect(bucket.floor).toBeGreaterThan(6_000n)
  expect(bucket.since(bucket.floor - 1n)).toBeUndefined()
  const known = bucket.since(bucket.floor)
  expect(known?.length).toBeGreaterThanOrEqual(4096)
  expect(known?.[0]?.revision).toBe(bucket.floor + 1n)
  expect(bucket.since(11_998n)?.map(({ revision }) => revision)).toEqual([11_999n, 12_000n])
})
