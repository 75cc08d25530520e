import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { chownSync, cpSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { isRoot } from "@tsukube/host"
import { eventually, live, requireTool } from "@tsukube/testing"
import { Context, Deferred, Effect, Exit, Fiber, Layer, Metric, Schedule, Scope, Stream } from "effect"
import postgres from "postgres"
import { layerCached } from "../cache.ts"
import { storeContract } from "../contract.ts"
import { Compacted, Store, type StoreError } from "../store.ts"
import { type ScratchPostgres, scratchPostgres, systemPostgres } from "../testing/scratch-postgres.ts"
import { layerEmbedded } from "./embedded.ts"
import { layerPostgres, type PostgresOptions } from "./mod.ts"
import { runServer } from "./server.ts"

setDefaultTimeout(60_000)

const bin = systemPostgres() ?? ""
const there = requireTool("faults of a PostgreSQL server", { "postgresql (server)": bin !== "" })
const pooler = requireTool("the store through PgBouncer", { pgbouncer: Bun.which("pgbouncer") !== null })

const temporary = (name: string) =>
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), `tsukube-${name}-`))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )
const start = <A, E>(effect: Effect.Effect<A, E>) => Effect.forkScoped(effect, { startImmediately: true })
const openWith = (options: PostgresOptions): Effect.Effect<Store, StoreError, Scope.Scope> =>
  Effect.map(Layer.build(Layer.fresh(layerPostgres(options))), (context) => Context.get(context, Store))
const command = (words: ReadonlyArray<string>, env: Record<string, string> = {}) => {
  const { exitCode, stderr } = Bun.spawnSync([...words], { env: { ...process.env, ...env }, stderr: "pipe" })
  if (exitCode !== 0) throw new Error(`${words.join(" ")}: ${stderr}`)
}

describe.skipIf(!there)("a PostgreSQL server in trouble", () => {
  const scope = Scope.makeUnsafe()
  let server: ScratchPostgres
  let schemas = 0
  beforeAll(async () => {
    server = await Effect.runPromise(Scope.provide(scratchPostgres, scope))
  })
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

  const admin = Effect.acquireRelease(
    Effect.sync(() => postgres(server.url, { max: 2, onnotice: () => {} })),
    (sql) => Effect.promise(() => sql.end({ timeout: 1 }))
  )
  const ask = (sql: postgres.Sql, statement: string) => Effect.promise(() => sql.unsafe(statement).values())

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

  test(
    "a commit whose connection dies is asked for afterwards, sent again when it never happened, and happens once",
    live(() =>
      Effect.gen(function* () {
        const schema = `settle_${++schemas}`
        const sql = yield* admin
        const store = yield* openWith({ url: server.url, schema })
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
        const schema = `deadline_${++schemas}`
        const sql = yield* admin
        const store = yield* openWith({ url: server.url, schema, deadlineMs: 300 })
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
        const schema = `unknown_${++schemas}`
        const sql = yield* admin
        const store = yield* openWith({ url: server.url, schema, deadlineMs: 500 })
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
        const schema = `fenced_${++schemas}`
        const sql = yield* admin
        const store = yield* openWith({ url: server.url, schema })
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
        const schema = `paused_${++schemas}`
        const sql = yield* admin
        const [one, other] = yield* Effect.all([openWith({ url: server.url, schema }), openWith({ url: server.url, schema })])
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

  test(
    "history is forgotten by itself, by count and by age, and the tables stay small",
    live(() =>
      Effect.gen(function* () {
        const schema = `forgets_${++schemas}`
        const sql = yield* admin
        const store = yield* openWith({ url: server.url, schema, compaction: { keepRevisions: 50 } })
        for (let i = 0; i < 400; i++) yield* store.commit([{ key: `/k/${i % 10}`, value: String(i) }])
        const rows = () => sql.unsafe(`select count(*)::int from ${schema}.log`).values()
        yield* Effect.promise(() => eventually(async () => (await rows())[0]?.[0] < 120, { withinMs: 20_000 }))
        expect(yield* Effect.flip(store.list({ prefix: "" }, { at: 10n }))).toBeInstanceOf(Compacted)
        expect((yield* store.list({ prefix: "" })).entries.length).toBe(10)
        const aging = yield* openWith({ url: server.url, schema: `ages_${++schemas}`, compaction: { keepMs: 500 } })
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
        const schema = `orphans_${++schemas}`
        const survivor = yield* openWith({ url: server.url, schema })
        const created = yield* Effect.scoped(
          Effect.flatMap(openWith({ url: server.url, schema }), (store) => store.commit([{ key: "/a", value: "1", ttlMs: 200 }]))
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
        const store = yield* openWith({ url: server.url, schema: `metrics_${++schemas}` })
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
    "ten thousand watchers, and one that never reads, hear of every commit of theirs and delay no writer",
    live(() =>
      Effect.gen(function* () {
        const store = yield* openWith({ url: server.url, schema: `crowd_${++schemas}` })
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
        const begun = performance.now()
        for (let round = 0; round < 3; round++)
          yield* Effect.all(
            Array.from({ length: 100 }, (_, i) => store.commit([{ key: `/group/${i}/x`, value: "y".repeat(2000) }])),
            { concurrency: "unbounded" }
          )
        expect(performance.now() - begun).toBeLessThan(15_000)
        yield* Effect.forEach(watchers, Fiber.join)
        expect(heard).toBe(30_000)
      })
    )
  )

  /** The server goes on with another folder of data, as a replica that takes over. */
  const replaceData = (saved: string, keepAs?: string) =>
    Effect.gen(function* () {
      yield* server.down
      const data = join(server.folder, "data")
      if (keepAs === undefined) rmSync(data, { recursive: true })
      else renameSync(data, join(server.folder, keepAs))
      cpSync(join(server.folder, saved), data, { recursive: true })
      const { uid, gid } = statSync(join(server.folder, saved))
      if (isRoot()) command(["chown", "-R", `${uid}:${gid}`, data])
      yield* server.up
    })
  const saveData = (as: string) =>
    Effect.gen(function* () {
      yield* server.down
      command(["cp", "-a", join(server.folder, "data"), join(server.folder, as)])
      yield* server.up
    })
  const retry = { schedule: Schedule.spaced("50 millis"), times: 200 }

  test(
    "a fail-over that lost the newest commits: the revision goes back, watchers get Compacted, the cache is made anew",
    live(() =>
      Effect.gen(function* () {
        const schema = `lost_${++schemas}`
        const options = { url: server.url, schema }
        const first = yield* Effect.scoped(
          Effect.flatMap(openWith(options), (store) => store.commit([{ key: "/kept", value: "1" }]))
        )
        yield* saveData("before")
        const cached = yield* Effect.map(Layer.build(Layer.fresh(layerCached(layerPostgres(options)))), (context) =>
          Context.get(context, Store)
        )
        const plain = yield* openWith(options)
        const lost = yield* cached.commit([{ key: "/lost", value: "1" }])
        const follow = (store: Store) =>
          start(Effect.flip(store.watch({ prefix: "" }, first).pipe(Stream.runDrain, Effect.timeout("30 seconds"))))
        const watchers = [yield* follow(cached), yield* follow(plain)]
        expect((yield* cached.get("/lost"))?.revision).toBe(lost)
        // Both have told it before it is lost: who has not heard of a commit misses nothing.
        yield* plain.watch({ prefix: "" }, first).pipe(Stream.take(1), Stream.runDrain)
        yield* replaceData("before")
        for (const watcher of watchers) expect(yield* Fiber.join(watcher)).toBeInstanceOf(Compacted)
        const gone = Effect.map(cached.get("/lost"), (entry) => {
          if (entry !== undefined) throw new Error("still there")
        })
        yield* Effect.retry(
          Effect.catchDefect(gone, () => Effect.fail("again")),
          retry
        )
        expect((yield* Effect.retry(cached.list({ prefix: "" }), retry)).entries.map(({ key }) => key)).toEqual(["/kept"])
        expect(yield* Effect.retry(plain.commit([{ key: "/new", value: "1" }]), retry)).toBe(lost)
      })
    )
  )

  test(
    "a fail-over whose lost commits were replaced by as many others is noticed too",
    live(() =>
      Effect.gen(function* () {
        const schema = `replaced_${++schemas}`
        const options = { url: server.url, schema }
        const write = (value: string, times: number) =>
          Effect.scoped(
            Effect.gen(function* () {
              const store = yield* Effect.retry(openWith(options), retry)
              for (let i = 0; i < times; i++) yield* store.commit([{ key: "/k", value: `${value} ${i}` }])
            })
          )
        yield* write("common", 1)
        yield* saveData("common")
        yield* write("ours", 2)
        yield* saveData("ours")
        yield* replaceData("common")
        yield* write("theirs", 5)
        yield* saveData("theirs")
        yield* replaceData("ours")
        const store = yield* Effect.retry(openWith(options), retry)
        const seen: Array<string | undefined> = []
        const watcher = yield* start(
          Effect.flip(
            store.watch({ prefix: "" }, 1n).pipe(
              Stream.runForEach((commit) => Effect.sync(() => void seen.push(commit[0]?.value))),
              Effect.timeout("30 seconds")
            )
          )
        )
        yield* store.commit([{ key: "/k", value: "ours 2" }])
        yield* Effect.promise(() => eventually(async () => seen.length === 4))
        yield* replaceData("theirs")
        expect(yield* Fiber.join(watcher)).toBeInstanceOf(Compacted)
        expect(seen).toEqual(["common 0", "ours 0", "ours 1", "ours 2"])
      })
    )
  )

  test(
    "a read-only replica answers reads and watches, denies writes, and takes them when it is promoted",
    live(() =>
      Effect.gen(function* () {
        const schema = `replica_${++schemas}`
        const primary = yield* openWith({ url: server.url, schema })
        yield* primary.commit([{ key: "/a", value: "1" }])
        const folder = yield* temporary("replica")
        if (isRoot()) command(["chmod", "755", folder])
        const connection = ["-h", "127.0.0.1", "-p", String(server.port), "-U", "postgres"]
        const data = join(folder, "data")
        command([join(bin, "pg_basebackup"), ...connection, "-D", data, "-R", "-c", "fast"], { PGPASSWORD: "secret" })
        if (isRoot()) {
          const { uid, gid } = statSync(join(server.folder, "data"))
          command(["chown", "-R", `${uid}:${gid}`, data])
          chownSync(data, uid, gid)
        }
        const port = server.port + 1
        yield* runServer({
          binaries: { bin, env: {} },
          folder,
          socketFolder: join(folder, "socket"),
          initdbArgs: [],
          settings: { port: String(port), listen_addresses: "127.0.0.1", fsync: "off" }
        })
        const url = `postgres://postgres:secret@127.0.0.1:${port}/postgres`
        const replica = yield* openWith({ url, schema })
        expect((yield* replica.get("/a"))?.value).toBe("1")
        const watcher = yield* start(replica.watch({ prefix: "" }, 2n).pipe(Stream.take(1), Stream.runCollect))
        yield* primary.commit([{ key: "/b", value: "1" }])
        expect((yield* Fiber.join(watcher)).flat().map(({ key }) => key)).toEqual(["/b"])
        expect(yield* Effect.flip(replica.commit([{ key: "/c", value: "1" }]))).toMatchObject({
          reason: "Denied",
          retryable: true,
          message: expect.stringContaining("replica")
        })
        const sql = yield* Effect.acquireRelease(
          Effect.sync(() => postgres(url, { max: 1, onnotice: () => {} })),
          (client) => Effect.promise(() => client.end())
        )
        yield* ask(sql, "select pg_promote()")
        expect(yield* Effect.retry(replica.commit([{ key: "/c", value: "1" }]), retry)).toBe(4n)
      })
    )
  )
})

describe.skipIf(!there || !pooler)("through PgBouncer in transaction mode", () => {
  const scope = Scope.makeUnsafe()
  let url = ""
  let schemas = 0
  beforeAll(async () => {
    const server = await Effect.runPromise(Scope.provide(scratchPostgres, scope))
    const folder = await Effect.runPromise(Scope.provide(temporary("pgbouncer"), scope))
    const port = server.port + 2
    writeFileSync(join(folder, "users"), '"postgres" "secret"\n')
    writeFileSync(
      join(folder, "pgbouncer.ini"),
      `[databases]
postgres = host=127.0.0.1 port=${server.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = plain
auth_file = ${join(folder, "users")}
pool_mode = transaction
default_pool_size = 8
max_client_conn = 500
`
    )
    command(["chmod", "-R", "a+rX", folder])
    const user = isRoot() ? ["-u", "nobody"] : []
    const child = Bun.spawn(["pgbouncer", "-q", ...user, join(folder, "pgbouncer.ini")], { stdout: "ignore", stderr: "ignore" })
    await Effect.runPromise(
      Scope.provide(
        Effect.addFinalizer(() =>
          Effect.promise(() => {
            child.kill()
            return child.exited
          })
        ),
        scope
      )
    )
    url = `postgres://postgres:secret@127.0.0.1:${port}/postgres`
    const sql = postgres(url, { max: 1, connect_timeout: 1, prepare: false, onnotice: () => {} })
    await eventually(() =>
      sql.unsafe("select 1").then(
        () => true,
        () => false
      )
    )
    await sql.end()
  })
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

  storeContract(
    "postgres through a pooler",
    Layer.unwrap(Effect.sync(() => layerPostgres({ url, schema: `pooled_${++schemas}` })))
  )

  test(
    "the writes of another process are seen by a poll",
    live(() =>
      Effect.gen(function* () {
        const schema = `pooled_${++schemas}`
        const [one, other] = yield* Effect.all([openWith({ url, schema }), openWith({ url, schema, pooled: true })])
        const watcher = yield* start(other!.watch({ prefix: "" }, 1n).pipe(Stream.take(1), Stream.runCollect))
        const begun = performance.now()
        yield* one!.commit([{ key: "/a", value: "1" }])
        yield* Fiber.join(watcher)
        expect(performance.now() - begun).toBeLessThan(3_000)
      })
    )
  )
})

const small = requireTool("a full disk", { "root (for a small tmpfs)": isRoot() })

test.skipIf(!small)(
  "a full disk: writes fail as errors that say so, reads go on, and when there is room again nothing acknowledged is lost",
  live(() =>
    Effect.gen(function* () {
      const folder = yield* temporary("full")
      command(["mount", "-t", "tmpfs", "-o", "size=220m,mode=755", "tmpfs", folder])
      yield* Effect.addFinalizer(() => Effect.sync(() => void Bun.spawnSync(["umount", "-l", folder])))
      const filler = join(folder, "filler")
      writeFileSync(filler, Buffer.alloc(60 * 1024 * 1024))
      const store = Context.get(yield* Layer.build(layerEmbedded({ dataDir: join(folder, "store") })), Store)
      const acknowledged: Array<string> = []
      let failure: StoreError | undefined
      const value = "x".repeat(1024 * 1024)
      for (let i = 0; failure === undefined && i < 400; i++)
        yield* Effect.match(store.commit([{ key: `/k/${i}`, value, expected: 0n }]), {
          onSuccess: () => void acknowledged.push(`/k/${i}`),
          onFailure: (error) => {
            if (error._tag === "StoreError") failure = error
          }
        })
      expect(failure?._tag).toBe("StoreError")
      expect(["Failed", "Unknown", "Unavailable"]).toContain(failure?.reason ?? "")
      rmSync(filler)
      const again = { schedule: Schedule.spaced("100 millis"), times: 200 }
      yield* Effect.retry(store.commit([{ key: "/after", value: "1" }]), again)
      const keys = new Set((yield* Effect.retry(store.list({ prefix: "" }), again)).entries.map(({ key }) => key))
      expect(acknowledged.filter((key) => !keys.has(key))).toEqual([])
    })
  )
)
