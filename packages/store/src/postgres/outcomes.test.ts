import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { eventually, live, requireTool } from "@tsukube/testing"
import { Deferred, Effect, Fiber } from "effect"
import type postgres from "postgres"
import { systemPostgres } from "../testing/scratch-postgres.ts"
import { adminOf, ask, freshSchema, open, start, useServer } from "../testing/scratch-suite.ts"

setDefaultTimeout(60_000)

const there = requireTool("commits without an answer", { "postgresql (server)": systemPostgres() !== undefined })

/** Somebody else holds the lock that orders the writers, as a writer in a paused process would. */
const holdLock = (sql: postgres.Sql, schema: string) =>
  Effect.gen(function* () {
    const held = yield* Deferred.make<void>()
    let release = (): void => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const holding = sql.begin(async (transaction) => {
      await transaction.unsafe(`select 1 from ${schema}.meta where id = 1 for update`)
      Effect.runSync(Deferred.succeed(held, undefined))
      await released
    })
    yield* Deferred.await(held)
    return Effect.promise(() => {
      release()
      return holding
    })
  })
const waiting = (sql: postgres.Sql, count: number) =>
  Effect.promise(() =>
    eventually(async () => {
      const [row] = await sql.unsafe("select count(*)::int from pg_stat_activity where wait_event_type = 'Lock'").values()
      return row?.[0] >= count
    })
  )

describe.skipIf(!there)("commits without an answer", () => {
  const server = useServer()
  test(
    "a commit whose connection dies is asked for afterwards, sent again when it never happened, and happens once",
    live(() =>
      Effect.gen(function* () {
        const schema = freshSchema("settle")
        const sql = yield* adminOf(server().url)
        const store = yield* open({ url: server().url, schema })
        yield* store.commit([{ key: "/a", value: "0" }])
        const release = yield* holdLock(sql, schema)
        const committing = yield* start(store.commit([{ key: "/once", value: "1", expected: 0n }]))
        yield* waiting(sql, 1)
        yield* ask(sql, "select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock'")
        yield* release
        expect(yield* Fiber.join(committing)).toBe(3n)
        expect(yield* store.get("/once")).toMatchObject({ value: "1", revision: 3n })
      })
    )
  )

  test(
    "a statement that gets no answer ends its connection, and the commit still happens once",
    live(() =>
      Effect.gen(function* () {
        const schema = freshSchema("deadline")
        const sql = yield* adminOf(server().url)
        const store = yield* open({ url: server().url, schema, deadlineMs: 300 })
        yield* store.commit([{ key: "/a", value: "0" }])
        const release = yield* holdLock(sql, schema)
        const committing = yield* start(store.commit([{ key: "/once", value: "1", expected: 0n }]))
        // The batch that was given up, and the question what became of it.
        yield* waiting(sql, 2)
        expect((yield* store.get("/a"))?.value).toBe("0")
        yield* release
        expect(yield* Fiber.join(committing)).toBe(3n)
        expect(yield* store.commit([{ key: "/after", value: "1" }])).toBe(4n)
      })
    )
  )

  test(
    "an outcome that nobody can tell within five seconds is Unknown",
    live(() =>
      Effect.gen(function* () {
        const schema = freshSchema("unknown")
        const sql = yield* adminOf(server().url)
        const store = yield* open({ url: server().url, schema, deadlineMs: 500 })
        const release = yield* holdLock(sql, schema)
        expect(yield* Effect.flip(store.commit([{ key: "/a", value: "1" }]))).toMatchObject({
          reason: "Unknown",
          retryable: false
        })
        yield* release
      })
    )
  )

  test(
    "a batch that was given up cannot write any more, however late its connection wakes",
    live(() =>
      Effect.gen(function* () {
        const schema = freshSchema("fenced")
        const sql = yield* adminOf(server().url)
        const store = yield* open({ url: server().url, schema })
        const late = `select ${schema}.apply(7, 4, array[0]::smallint[], array[-1]::bigint[], '/late', 'x', E'\\x1e')`
        expect(yield* ask(sql, `select ${schema}.settle_batch(7, 4)`)).toEqual([[null]] as never)
        yield* store.commit([{ key: "/a", value: "1" }])
        const refused = yield* Effect.promise(() =>
          sql.unsafe(late).then(
            () => undefined,
            (error) => error
          )
        )
        expect(refused).toMatchObject({ code: "TK001" })
        yield* ask(sql, late.replace("7, 4", "7, 6"))
        const again = yield* Effect.promise(() =>
          sql.unsafe(late.replace("7, 4", "7, 6")).then(
            () => undefined,
            (error) => error
          )
        )
        expect(again).toMatchObject({ code: "TK001" })
        expect(yield* ask(sql, `select ${schema}.settle_batch(7, 6)`)).toEqual([["3"]] as never)
        expect((yield* store.list({ prefix: "" })).entries.map(({ key, revision }) => [key, revision])).toEqual([
          ["/a", 2n],
          ["/late", 3n]
        ])
      })
    )
  )

  test(
    "a writer that wakes after a long pause writes after all that was written meanwhile, never between",
    live(() =>
      Effect.gen(function* () {
        const schema = freshSchema("paused")
        const sql = yield* adminOf(server().url)
        const [one, other] = yield* Effect.all([open({ url: server().url, schema }), open({ url: server().url, schema })])
        const created = yield* one!.commit([{ key: "/a", value: "0" }])
        const release = yield* holdLock(sql, schema)
        const late = yield* start(Effect.result(one!.commit([{ key: "/a", value: "late", expected: created }])))
        yield* waiting(sql, 1)
        const quick = yield* start(Effect.result(other!.commit([{ key: "/a", value: "quick", expected: created }])))
        yield* waiting(sql, 2)
        yield* release
        const outcomes = [yield* Fiber.join(late), yield* Fiber.join(quick)]
        expect(outcomes.map(({ _tag }) => _tag).sort()).toEqual(["Failure", "Success"])
        expect(yield* one!.revision).toBe(3n)
      })
    )
  )
})
