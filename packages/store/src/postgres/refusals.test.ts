import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { live, requireTool } from "@tsukube/testing"
import { Effect, Stream } from "effect"
import { systemPostgres } from "../testing/scratch-postgres.ts"
import { adminOf, ask, freshSchema, open, useServer } from "../testing/scratch-suite.ts"

setDefaultTimeout(60_000)

const there = requireTool("what a PostgreSQL server refuses", { "postgresql (server)": systemPostgres() !== undefined })

describe.skipIf(!there)("a server that refuses", () => {
  const server = useServer()
  /** The URL of a new role. */
  const role = (name: string, options = "") =>
    Effect.gen(function* () {
      const sql = yield* adminOf(server().url)
      yield* ask(sql, `create role ${name} login password '${name}' ${options}`)
      return { sql, url: server().url.replace("postgres:secret", `${name}:${name}`) }
    })

  test(
    "a user who may only read reads and watches; his commits are denied, and change nothing",
    live(() =>
      Effect.gen(function* () {
        const schema = freshSchema("readers")
        const { sql, url } = yield* role("reader")
        const owner = yield* open({ url: server().url, schema })
        const created = yield* owner.commit([{ key: "/a", value: "1" }])
        yield* ask(sql, `grant usage on schema ${schema} to reader`)
        yield* ask(sql, `grant select on all tables in schema ${schema} to reader`)
        const store = yield* open({ url, schema })
        expect((yield* store.get("/a"))?.value).toBe("1")
        const denied = { _tag: "StoreError", reason: "Denied", retryable: false }
        expect(yield* Effect.flip(store.commit([{ key: "/b", value: "1" }]))).toMatchObject(denied)
        expect(yield* Effect.flip(store.leases.grant(1000))).toMatchObject(denied)
        expect(yield* Effect.flip(store.keepAlive("/a", created, 1000))).toMatchObject(denied)
        expect(yield* Effect.flip(store.compact(created))).toMatchObject(denied)
        yield* owner.commit([{ key: "/c", value: "1" }])
        const seen = yield* store
          .watch({ prefix: "" }, created)
          .pipe(Stream.take(1), Stream.runCollect, Effect.timeout("20 seconds"))
        expect(seen.flat().map(({ key }) => key)).toEqual(["/c"])
        expect((yield* owner.list({ prefix: "" })).entries.map(({ key }) => key)).toEqual(["/a", "/c"])
      })
    )
  )

  test(
    "rights that are taken away while the store is open: denied, and given back: goes on",
    live(() =>
      Effect.gen(function* () {
        const schema = freshSchema("revoked")
        const { sql, url } = yield* role("once")
        yield* ask(sql, "grant create on database postgres to once")
        const store = yield* open({ url, schema })
        const created = yield* store.commit([{ key: "/a", value: "1" }])
        yield* ask(sql, `revoke insert on ${schema}.log from once`)
        expect(yield* Effect.flip(store.commit([{ key: "/b", value: "1" }]))).toMatchObject({
          reason: "Denied",
          retryable: false
        })
        expect((yield* store.get("/a"))?.revision).toBe(created)
        yield* ask(sql, `grant insert on ${schema}.log to once`)
        expect(yield* store.commit([{ key: "/b", value: "1" }])).toBe(created + 1n)
      })
    )
  )

  test(
    "a statement timeout of the server: the commit fails as retryable, did not happen, and may be tried again",
    live(() =>
      Effect.gen(function* () {
        const schema = freshSchema("timeout")
        const { sql, url } = yield* role("hasty", "superuser")
        yield* ask(sql, "alter role hasty set statement_timeout = '300ms'")
        const store = yield* open({ url, schema })
        const created = yield* store.commit([{ key: "/a", value: "1" }])
        let release = (): void => {}
        const released = new Promise<void>((resolve) => {
          release = resolve
        })
        let isHeld = (): void => {}
        const held = new Promise<void>((resolve) => {
          isHeld = resolve
        })
        const holding = sql.begin(async (transaction) => {
          await transaction.unsafe(`select 1 from ${schema}.meta where id = 1 for update`)
          isHeld()
          await released
        })
        yield* Effect.promise(() => held)
        const failed = yield* Effect.flip(store.commit([{ key: "/b", value: "1", expected: 0n }]))
        expect(failed).toMatchObject({ reason: "Failed", retryable: true, message: expect.stringContaining("statement timeout") })
        expect((yield* store.get("/a"))?.value).toBe("1")
        release()
        yield* Effect.promise(() => holding)
        expect(yield* store.commit([{ key: "/b", value: "1", expected: 0n }])).toBe(created + 1n)
      })
    )
  )

  test(
    "a server without a connection to spare: unavailable, retryable, and when there is one again the store goes on",
    live(() =>
      Effect.gen(function* () {
        const schema = freshSchema("crowded")
        const { sql, url } = yield* role("crowd")
        yield* ask(sql, "grant create on database postgres to crowd")
        const store = yield* open({ url, schema })
        const created = yield* store.commit([{ key: "/a", value: "1" }])
        yield* ask(sql, "alter role crowd connection limit 0")
        yield* ask(sql, "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'crowd'")
        // The first ones may still find a connection that they do not know to be dead.
        yield* Effect.ignore(store.get("/a"))
        expect(yield* Effect.flip(store.get("/a"))).toMatchObject({ reason: "Unavailable", retryable: true })
        yield* ask(sql, "alter role crowd connection limit -1")
        const again = Effect.retry(store.get("/a"), { times: 200 })
        expect((yield* again)?.revision).toBe(created)
      })
    )
  )
})
