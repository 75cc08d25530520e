import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { eventually, live, requireTool } from "@tsukube/testing"
import { Effect, Fiber, Metric, Stream } from "effect"
import { Compacted } from "../store.ts"
import { systemPostgres } from "../testing/scratch-postgres.ts"
import { adminOf, freshSchema, open, start, useServer } from "../testing/scratch-suite.ts"

setDefaultTimeout(60_000)

const there = requireTool("the upkeep of a PostgreSQL server", { "postgresql (server)": systemPostgres() !== undefined })

describe.skipIf(!there)("a PostgreSQL server over time", () => {
  const server = useServer()

  test(
    "history is forgotten by itself, by count and by age, and the tables stay small",
    live(() =>
      Effect.gen(function* () {
        const schema = freshSchema("forgets")
        const sql = yield* adminOf(server().url)
        const store = yield* open({ url: server().url, schema, compaction: { keepRevisions: 50 } })
        for (let i = 0; i < 400; i++) yield* store.commit([{ key: `/k/${i % 10}`, value: String(i) }])
        const rows = () => sql.unsafe(`select count(*)::int from ${schema}.log`).values()
        yield* Effect.promise(() => eventually(async () => (await rows())[0]?.[0] < 120, { withinMs: 20_000 }))
        expect(yield* Effect.flip(store.list({ prefix: "" }, { at: 10n }))).toBeInstanceOf(Compacted)
        expect((yield* store.list({ prefix: "" })).entries.length).toBe(10)
        const aging = yield* open({ url: server().url, schema: freshSchema("ages"), compaction: { keepMs: 500 } })
        for (let i = 0; i < 20; i++) yield* aging.commit([{ key: "/k", value: String(i) }])
        const old = Effect.result(aging.list({ prefix: "" }, { at: 10n }))
        const forgotten = Effect.map(old, (answer) => answer._tag === "Failure" && answer.failure instanceof Compacted)
        yield* Effect.promise(() => eventually(() => Effect.runPromise(forgotten), { withinMs: 20_000 }))
      })
    )
  )

  test(
    "keys that expire are deleted by another store when theirs has died",
    live(() =>
      Effect.gen(function* () {
        const schema = freshSchema("orphans")
        const survivor = yield* open({ url: server().url, schema })
        const created = yield* Effect.scoped(
          Effect.flatMap(open({ url: server().url, schema }), (store) => store.commit([{ key: "/a", value: "1", ttlMs: 200 }]))
        )
        const end = survivor.watch({ prefix: "" }, created).pipe(Stream.take(1), Stream.runCollect, Effect.timeout("20 seconds"))
        expect((yield* end).flat()).toMatchObject([{ key: "/a", value: undefined }])
      })
    )
  )

  test(
    "commits, batches, notifications and waiting watchers are counted",
    live(() =>
      Effect.gen(function* () {
        const store = yield* open({ url: server().url, schema: freshSchema("metrics") })
        const watcher = yield* start(store.watch({ prefix: "" }, 1n).pipe(Stream.take(20), Stream.runDrain))
        yield* Effect.all(
          Array.from({ length: 20 }, (_, i) => store.commit([{ key: `/${i}`, value: "x" }])),
          { concurrency: "unbounded" }
        )
        yield* Effect.flip(store.commit([{ key: "/1", value: "x", expected: 0n }]))
        yield* Fiber.join(watcher)
        const found = new Map((yield* Metric.snapshot).map((metric) => [metric.id, metric.state]))
        for (const name of [
          "commits_total",
          "conflicts_total",
          "commit_seconds",
          "batch_seconds",
          "batch_commits",
          "queue_commits"
        ])
          expect([name, found.get(`tsukube_store_${name}`)]).toEqual([
            name,
            expect.objectContaining({ count: expect.anything() })
          ])
        for (const name of ["notify_seconds", "watch_changes"]) expect(found.has(`tsukube_store_${name}`)).toBe(true)
      })
    )
  )

  test(
    "ten thousand watchers, and one that never reads, hear of every commit of theirs, and a writer waits for none of them",
    live(() =>
      Effect.gen(function* () {
        const store = yield* open({ url: server().url, schema: freshSchema("crowd") })
        let heard = 0
        const watchers = yield* Effect.all(
          Array.from({ length: 10_000 }, (_, i) =>
            start(
              store.watch({ prefix: `/group/${i % 100}/` }, 1n).pipe(
                Stream.tap(() =>
                  Effect.sync(() => {
                    heard++
                  })
                ),
                Stream.take(3),
                Stream.runDrain
              )
            )
          )
        )
        yield* start(store.watch({ prefix: "" }, 1n).pipe(Stream.runForEach(() => Effect.never)))
        for (let round = 0; round < 3; round++)
          yield* Effect.all(
            Array.from({ length: 100 }, (_, i) => store.commit([{ key: `/group/${i}/x`, value: "y".repeat(2000) }])),
            { concurrency: "unbounded" }
          )
        yield* Effect.forEach(watchers, Fiber.join)
        expect(heard).toBe(30_000)
      })
    )
  )
})
