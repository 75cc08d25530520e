import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { live } from "@tsukube/testing"
import { Context, Deferred, Effect, Exit, Fiber, Layer, Scope, Stream } from "effect"
import { layerCached } from "./cache.ts"
import { storeContract } from "./contract.ts"
import { layerPglite, openPglite } from "./pglite.ts"
import type { Database } from "./postgres/database.ts"
import { openStoreIn } from "./postgres/store.ts"
import { makeWriter } from "./postgres/writer.ts"
import { Store } from "./store.ts"

setDefaultTimeout(30_000)

const scope = Scope.makeUnsafe()
let database: Database
let schemas = 0

beforeAll(async () => {
  database = await Effect.runPromise(Scope.provide(openPglite(), scope))
})
afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

/** A fresh store each time: one PGlite takes seconds to make, a schema in it takes milliseconds. */
const layer = Layer.effect(
  Store,
  Effect.suspend(() => openStoreIn(database, `test_${++schemas}`))
)

storeContract("pglite", layer)
storeContract("cache over pglite", layerCached(layer))

test(
  "the first commit travels at once, those that come meanwhile travel together, and too many are turned away",
  live(() =>
    Effect.gen(function* () {
      const schema = `test_${++schemas}`
      yield* openStoreIn(database, schema)
      const opened = yield* Deferred.make<void>()
      const batches: Array<number> = []
      const slow: Database = {
        ...database,
        write: (question) => {
          batches.push(question().parameters[2]?.split(",").length ?? 0)
          return Effect.andThen(Deferred.await(opened), database.write(question))
        }
      }
      const limits = { batchWrites: 3, batchUnits: 1000, queueCommits: 5, queueUnits: 1000, overlapWrites: 100 }
      const commit = yield* makeWriter(slow, schema, { begun: () => {}, wrote: () => {}, ended: () => {} }, limits)
      const start = (key: string) => Effect.forkChild(Effect.result(commit([{ key, value: "x" }])), { startImmediately: true })
      const fibers = yield* Effect.all(["a", "b", "c", "d", "e", "f", "g"].map(start))
      expect(batches).toEqual([1])
      expect(yield* Fiber.join(fibers[6]!)).toMatchObject({ failure: { reason: "Overloaded", retryable: true } })
      yield* Fiber.interrupt(fibers[5]!)
      yield* Deferred.succeed(opened, undefined)
      const answers = yield* Effect.forEach(fibers.slice(0, 5), Fiber.join)
      expect(answers.map((answer) => answer._tag === "Success" && answer.success)).toEqual([2n, 3n, 4n, 5n, 6n])
      expect(batches).toEqual([1, 3, 1])
    })
  )
)

test(
  "a store tells what it wrote itself without reading it, and reads what others wrote",
  live(() =>
    Effect.gen(function* () {
      const schema = `test_${++schemas}`
      let reads = 0
      const counted: Database = {
        ...database,
        read: (statement, parameters) => {
          if (statement.includes("window earlier")) reads++
          return database.read(statement, parameters)
        }
      }
      const store = yield* openStoreIn(counted, schema)
      const other = yield* openStoreIn(database, schema)
      const heard: Array<string> = []
      const watching = yield* Effect.forkScoped(
        store
          .watch({ prefix: "" }, 1n)
          .pipe(
            Stream.runForEach(([change]) => Effect.sync(() => heard.push(`${change?.key} ${change?.previous} ${change?.value}`)))
          )
      )
      const write = (into: Store, i: number) => into.commit([{ key: `/k/${i % 3}`, value: `${i}` }])
      const until = (count: number) => Effect.repeat(Effect.sleep(2), { until: () => heard.length >= count })
      // It has to learn first where every key stands.
      for (let i = 0; i < 60; i++) yield* write(store, i)
      yield* until(60)
      reads = 0
      for (let i = 60; i < 160; i++) yield* write(store, i)
      yield* until(160)
      // One that began before may end here.
      expect(reads).toBeLessThan(5)
      yield* write(other, 160)
      yield* until(161)
      expect(reads).toBeGreaterThan(0)
      expect(heard).toEqual(Array.from({ length: 161 }, (_, i) => `/k/${i % 3} ${i < 3 ? undefined : i - 3} ${i}`))
      yield* Fiber.interrupt(watching)
    })
  )
)

test(
  "a commit that waits when the store closes fails, and one that is on its way is finished",
  live(() =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const store = yield* Scope.provide(openStoreIn(database, `test_${++schemas}`), scope)
      const commit = (key: string) =>
        Effect.forkChild(Effect.result(store.commit([{ key, value: "x" }])), { startImmediately: true })
      const fibers = yield* Effect.all(["a", "b"].map(commit))
      yield* Scope.close(scope, Exit.void)
      const [onItsWay, waiting] = yield* Effect.forEach(fibers, Fiber.join)
      expect(onItsWay).toMatchObject({ _tag: "Success", success: 2n })
      expect(waiting).toMatchObject({ _tag: "Failure", failure: { reason: "Unavailable" } })
    })
  )
)

test(
  "PGlite in a folder keeps its data, and a second one is refused",
  live(() =>
    Effect.gen(function* () {
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "tsukube-pglite-"))),
        (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
      )
      const open = Effect.map(Layer.build(Layer.fresh(layerPglite({ dataDir: join(folder, "data") }))), (context) =>
        Context.get(context, Store)
      )
      yield* Effect.scoped(
        Effect.gen(function* () {
          const store = yield* open
          yield* store.commit([{ key: "/a", value: "1" }])
          expect((yield* Effect.flip(Effect.scoped(open))).message).toContain("in use")
        })
      )
      const store = yield* open
      expect((yield* store.get("/a"))?.value).toBe("1")
    })
  )
)
