import { expect, test } from "bun:test"
import { makeMemory } from "@tsukube/store"
import { effect, live } from "@tsukube/testing"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { chooseLease, storeLeases, subnetsOf } from "./store.ts"

test("subnets are cut in order, without the first", () => {
  expect([...subnetsOf("10.244.0.0/22", 24)]).toEqual(["10.244.1.0/24", "10.244.2.0/24", "10.244.3.0/24"])
  expect([...subnetsOf("10.244.0.0/24", 24)]).toEqual([])
})

test("a node keeps its subnet; others' are taken only when they have ended", () => {
  const subnets = ["10.244.1.0/24", "10.244.2.0/24"]
  const records = new Map([["10.244.1.0/24", { node: "a", expiresAtMs: 100 }]])
  expect(chooseLease(records, subnets, "a", 500)).toBe("10.244.1.0/24")
  expect(chooseLease(records, subnets, "b", 99)).toBe("10.244.2.0/24")
  expect(chooseLease(records, subnets, "b", 100)).toBe("10.244.1.0/24")
  expect(chooseLease(records, ["10.244.1.0/24"], "b", 99)).toBeUndefined()
})

test(
  "nodes that come at the same time get different subnets and learn of one another",
  live(
    Effect.fnUntraced(function* () {
      const store = makeMemory()
      const names = ["a", "b", "c", "d", "e"]
      const managers = yield* Effect.forEach(names, (nodeName) => storeLeases({ store, nodeName, network: "10.244.0.0/16" }))
      const subnets = yield* Effect.forEach(managers, (manager) => manager.subnet, { concurrency: "unbounded" })
      expect(new Set(subnets).size).toBe(names.length)
      expect(yield* Effect.forEach(managers, (manager) => manager.subnet)).toEqual(subnets)
      const first = managers[0]!
      const seen = new Promise<void>((resolve) => {
        const off = first.on(() => {
          if (first.leases().length === names.length) resolve(off())
        })
      })
      for (const [index, manager] of managers.entries())
        yield* manager.publish({ publicIp: `172.30.0.1${index}`, backend: "host-gw" })
      yield* Effect.promise(() => seen)
      expect(first.leases().map(({ node }) => node)).toEqual(names)
    })
  )
)

test(
  "a lease is renewed while its node lives, and ends a while after",
  effect(
    Effect.fnUntraced(function* () {
      const store = makeMemory()
      const options = { store, network: "10.244.0.0/23", ttlMs: 30_000 }
      const watcher = yield* storeLeases({ ...options, nodeName: "b" })
      yield* Effect.scoped(
        Effect.gen(function* () {
          const manager = yield* storeLeases({ ...options, nodeName: "a" })
          yield* manager.synced
          yield* manager.publish({ publicIp: "172.30.0.11", backend: "host-gw" })
          for (let round = 0; round < 10; round++) yield* TestClock.adjust("10 seconds")
          expect(watcher.leases()).toHaveLength(1)
          expect((yield* Effect.flip(watcher.subnet)).message).toBe("every subnet of 10.244.0.0/23 is taken")
        })
      )
      yield* TestClock.adjust("30 seconds")
      expect(watcher.leases()).toEqual([])
      expect(yield* watcher.subnet).toBe("10.244.1.0/24")
    })
  )
)
