import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { live, requireTool } from "@tsukube/testing"
import { Context, Effect, Exit, Fiber, Layer, Schedule, Scope, Stream } from "effect"
import postgres from "postgres"
import { layerCached } from "../cache.ts"
import { storeContract } from "../contract.ts"
import { type Change, Store, type StoreError } from "../store.ts"
import { type ScratchPostgres, scratchPostgres, systemPostgres } from "../testing/scratch-postgres.ts"
import { layerPostgres } from "./mod.ts"
import { columnsOf } from "./schema.ts"

setDefaultTimeout(30_000)

const there = requireTool("the store on a PostgreSQL server", { "postgresql (server)": systemPostgres() !== undefined })

describe.skipIf(!there)("a PostgreSQL server", () => {
  const scope = Scope.makeUnsafe()
  let server: ScratchPostgres
  let admin: postgres.Sql
  let schemas = 0

  beforeAll(async () => {
    server = await Effect.runPromise(Scope.provide(scratchPostgres, scope))
    admin = postgres(server.url, { max: 1, onnotice: () => {} })
  })
  afterAll(async () => {
    await admin.end()
    await Effect.runPromise(Scope.close(scope, Exit.void))
  })

  /** A fresh store each time: a schema of its own. */
  const layer = Layer.unwrap(Effect.sync(() => layerPostgres({ url: server.url, schema: `test_${++schemas}` })))

  storeContract("postgres", layer)
  storeContract("cache over postgres", layerCached(layer))

  const open = (schema: string): Effect.Effect<Store, StoreError, Scope.Scope> =>
    Effect.map(Layer.build(Layer.fresh(layerPostgres({ url: server.url, schema }))), (context) => Context.get(context, Store))

  const until = (store: Store, last: string, after = 1n) =>
    store.watch({ prefix: "" }, after).pipe(
      Stream.takeUntil((commit) => commit.some((change) => change.key === last)),
      Stream.runCollect,
      Effect.timeout("20 seconds")
    )

  const revisionsOf = (commits: ReadonlyArray<ReadonlyArray<Change>>) => commits.map((commit) => Number(commit[0]?.revision))
  const dense = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)
  const start = <A, E>(effect: Effect.Effect<A, E>) => Effect.forkScoped(effect, { startImmediately: true })

  test(
    "several stores on one database write one log, and each sees all of it in order",
    live(() =>
      Effect.gen(function* () {
        const schema = `shared_${++schemas}`
        const stores = yield* Effect.all(
          [1, 2, 3, 4].map(() => open(schema)),
          { concurrency: "unbounded" }
        )
        const watchers = yield* Effect.all(stores.map((store) => start(until(store, "/end"))))
        const write = (store: Store, writer: number) =>
          Effect.forEach(dense(1, 100), (i) => store.commit([{ key: `/k/${i % 7}`, value: `${writer}.${i}` }]), {
            concurrency: 5
          })
        yield* Effect.all(stores.map(write), { concurrency: "unbounded" })
        const last = yield* stores[0]!.commit([{ key: "/end", value: "" }])
        expect(last).toBe(402n)
        const histories = yield* Effect.forEach(watchers, Fiber.join)
        for (const history of histories) expect(revisionsOf(history)).toEqual(dense(2, 402))
        for (const history of histories.slice(1)) expect(history).toEqual(histories[0]!)
      })
    )
  )

  test(
    "a write through one store reaches a watcher of another by notification, without waiting for a poll",
    live(() =>
      Effect.gen(function* () {
        const schema = `notify_${++schemas}`
        const [one, other] = yield* Effect.all([open(schema), open(schema)])
        const seen: Array<string> = []
        yield* start(
          other!
            .watch({ prefix: "" }, 1n)
            .pipe(Stream.runForEach((commit) => Effect.sync(() => void seen.push(commit[0]?.value ?? ""))))
        )
        // By the poll of a store that is listening a hundred rounds would take minutes.
        for (const i of dense(1, 100)) {
          yield* one!.commit([{ key: "/a", value: String(i) }])
          while (seen.length < i) yield* Effect.sleep(1)
        }
        expect(seen).toEqual(dense(1, 100).map(String))
      })
    )
  )

  test(
    "connections that listen are cut again and again: nothing is lost, nothing comes twice",
    live(() =>
      Effect.gen(function* () {
        const schema = `cut_${++schemas}`
        const [one, other] = yield* Effect.all([open(schema), open(schema)])
        const watcher = yield* start(until(other!, "/end"))
        const cut = Effect.promise(
          () => admin`select pg_terminate_backend(pid) from pg_stat_activity where query like ${`listen "${schema}%`}`
        )
        for (const round of dense(1, 8)) {
          yield* Effect.forEach(dense(1, 40), (i) => one!.commit([{ key: `/k/${i}`, value: String(round) }]), { concurrency: 8 })
          yield* cut
        }
        yield* one!.commit([{ key: "/end", value: "" }])
        expect(revisionsOf(yield* Fiber.join(watcher))).toEqual(dense(2, 322))
      })
    )
  )

  test(
    "all connections cut under writers: what was acknowledged is there once, what was not says so, watchers see all",
    live(() =>
      Effect.gen(function* () {
        const store = yield* open(`storm_${++schemas}`)
        const watcher = yield* start(until(store, "/end"))
        const acknowledged: Array<string> = []
        const reasons = new Set<string>()
        let failures = 0
        let cuts = 0
        const write = (writer: number) =>
          Effect.forEach(dense(1, 150), (i) =>
            Effect.match(store.commit([{ key: `/k/${writer}/${i}`, value: "x", expected: 0n }]), {
              onSuccess: () => void acknowledged.push(`/k/${writer}/${i}`),
              onFailure: (error) => {
                failures++
                reasons.add(error._tag === "StoreError" ? error.reason : error._tag)
              }
            })
          )
        const cut = Effect.promise(
          () =>
            admin`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tsukube-store' and pid <> pg_backend_pid()`
        )
        // After a little progress, however slow the machine: connections cut before they are used would prove nothing.
        const answered = () => acknowledged.length + failures
        const cutting = yield* start(
          Effect.gen(function* () {
            for (let last = 0; ; last = answered()) {
              while (answered() < last + 40) yield* Effect.sleep(2)
              yield* cut
              cuts++
            }
          })
        )
        yield* Effect.all(dense(1, 16).map(write), { concurrency: "unbounded" })
        yield* Fiber.interrupt(cutting)
        const ending = store.commit([{ key: "/end", value: "" }])
        const last = yield* Effect.retry(ending, { schedule: Schedule.spaced("20 millis"), times: 50 })
        const log = yield* Fiber.join(watcher)
        expect(revisionsOf(log)).toEqual(dense(2, Number(last)))
        const written = log.flat().map((change) => change.key)
        expect(new Set(written).size).toBe(written.length)
        expect(acknowledged.filter((key) => !written.includes(key))).toEqual([])
        for (const reason of reasons) expect(["Unknown", "Unavailable"]).toContain(reason)
        expect(cuts).toBeGreaterThan(10)
      })
    )
  )

  test(
    "a server that goes away and comes back: questions fail as retryable meanwhile, watchers go on",
    live(() =>
      Effect.gen(function* () {
        const store = yield* open(`away_${++schemas}`)
        const watcher = yield* start(until(store, "/end"))
        yield* store.commit([{ key: "/a", value: "1" }])
        yield* server.down
        const away = yield* Effect.all([
          Effect.flip(store.get("/a")),
          Effect.flip(store.list({ prefix: "" })),
          Effect.flip(store.revision)
        ])
        for (const error of away) expect(error).toMatchObject({ _tag: "StoreError", reason: "Unavailable", retryable: true })
        // The first commit may find a connection that it does not know to be dead.
        yield* Effect.flip(store.commit([{ key: "/b", value: "1" }]))
        expect(yield* Effect.flip(store.commit([{ key: "/b", value: "1" }]))).toMatchObject({
          reason: "Unavailable",
          retryable: true
        })
        yield* server.up
        const retry = { schedule: Schedule.spaced("20 millis"), times: 200 }
        yield* Effect.retry(store.commit([{ key: "/c", value: "1" }]), retry)
        yield* store.commit([{ key: "/end", value: "" }])
        const keys = (yield* Fiber.join(watcher)).flat().map((change) => change.key)
        expect(keys).toEqual(["/a", "/c", "/end"])
      })
    )
  )

  test(
    "what is wrong with a server or a URL is said plainly, without the password",
    live(() =>
      Effect.gen(function* () {
        const failing = (url: string, schema = "tsukube") =>
          Effect.flip(Effect.scoped(Layer.build(Layer.fresh(layerPostgres({ url, schema })))))
        const place = `127.0.0.1:${server.port}`
        const wrong = yield* failing(server.url.replace("secret", "hunter2"))
        expect(wrong).toMatchObject({ reason: "Denied", retryable: false })
        expect(wrong.message).toContain(place)
        expect(`${wrong.message}${JSON.stringify(wrong)}`).not.toContain("hunter2")
        const nobody = yield* failing("postgres://postgres:hunter2@127.0.0.1:1/postgres")
        expect(nobody).toMatchObject({ reason: "Unavailable", retryable: true })
        expect(nobody.message).toContain("127.0.0.1:1")
        expect(nobody.message).not.toContain("hunter2")
        const database = yield* failing(server.url.replace(/\/postgres$/, "/none"))
        expect(database.reason).not.toBe("Unavailable")
        for (const url of ["nonsense", "http://127.0.0.1/x", "mysql://a:hunter2@b/c"]) {
          const error = yield* failing(url)
          expect(error).toMatchObject({ reason: "Rejected" })
          expect(error.message).not.toContain("hunter2")
        }
        expect(yield* failing(server.url, "Bad Schema")).toMatchObject({ reason: "Rejected" })
        const socket = yield* failing("postgres://postgres@localhost/postgres?host=/nowhere")
        expect(socket).toMatchObject({ reason: "Unavailable" })
      })
    )
  )

  test(
    "a user without rights is denied",
    live(() =>
      Effect.gen(function* () {
        yield* Effect.promise(() => admin`create role guest login password 'guest'`)
        const url = server.url.replace("postgres:secret", "guest:guest")
        const error = yield* Effect.flip(Effect.scoped(Layer.build(layerPostgres({ url, schema: "guests" }))))
        expect(error).toMatchObject({ reason: "Denied", retryable: false })
      })
    )
  )

  test(
    "a database of a newer version is refused and left alone",
    live(() =>
      Effect.gen(function* () {
        const schema = `newer_${++schemas}`
        yield* Effect.scoped(open(schema))
        yield* Effect.promise(() => admin.unsafe(`insert into ${schema}.migration values (999, 'from the future', now())`))
        expect(yield* Effect.flip(Effect.scoped(open(schema)))).toMatchObject({ reason: "Incompatible", retryable: false })
      })
    )
  )

  test(
    "the migrations make the tables that the typed queries expect",
    live(() =>
      Effect.gen(function* () {
        const schema = `shape_${++schemas}`
        yield* open(schema)
        const rows = yield* Effect.promise(
          () => admin<Array<{ column: string }>>`
            select format('%s.%s %s%s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
              case when a.attcollation = 'pg_catalog."C"'::regcollation then ' collate "C"' else '' end)
              || case when a.attnotnull then ' not null' else '' end as column
            from pg_attribute a join pg_class c on c.oid = a.attrelid
            where c.relnamespace = ${schema}::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped`
        )
        expect(rows.map((row) => row.column).sort()).toEqual([...columnsOf(schema)].sort())
      })
    )
  )

  test(
    "compaction leaves one row for each live key, and room for writers meanwhile",
    live(() =>
      Effect.gen(function* () {
        const schema = `compact_${++schemas}`
        const [one, other] = yield* Effect.all([open(schema), open(schema)])
        const write = (store: Store, writer: number) =>
          Effect.forEach(
            dense(1, 600),
            (i) => store.commit([{ key: `/k/${writer}/${i % 20}`, value: i % 9 === 0 ? undefined : String(i) }]),
            {
              concurrency: 4
            }
          )
        const compacting = yield* start(
          Effect.repeat(
            Effect.flatMap(one!.revision, (revision) => one!.compact(revision - 5n)),
            Schedule.spaced("5 millis")
          )
        )
        yield* Effect.all([write(one!, 1), write(other!, 2), write(one!, 3)], { concurrency: "unbounded" })
        yield* Fiber.interrupt(compacting)
        const last = yield* one!.commit([{ key: "/end", value: "" }])
        yield* other!.compact(last)
        const live = yield* one!.list({ prefix: "" })
        const [counts] = yield* Effect.promise(() =>
          admin.unsafe(
            `select (select count(*) from ${schema}.log)::int as log, (select count(*) from ${schema}.head)::int as head`
          )
        )
        expect(counts?.["head"]).toBe(live.entries.length)
        // The newest revision is never swept, so what it replaced may still be there.
        expect(counts?.["log"]).toBeLessThanOrEqual(live.entries.length + 1)
      })
    )
  )
})
