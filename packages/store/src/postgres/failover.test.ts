import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { chownSync, cpSync, renameSync, rmSync, statSync } from "node:fs"
import { join } from "node:path"
import { isRoot } from "@tsukube/host"
import { eventually, live, requireTool } from "@tsukube/testing"
import { Context, Effect, Fiber, Layer, Schedule, Stream } from "effect"
import { layerCached } from "../cache.ts"
import { Compacted, Store } from "../store.ts"
import { freePort, systemPostgres } from "../testing/scratch-postgres.ts"
import { adminOf, ask, command, freshSchema, open, start, temporary, useServer } from "../testing/scratch-suite.ts"
import { layerPostgres } from "./mod.ts"
import { runServer } from "./server.ts"

setDefaultTimeout(60_000)

const bin = systemPostgres() ?? ""
const there = requireTool("fail-over between PostgreSQL servers", { "postgresql (server)": bin !== "" })

describe.skipIf(!there)("another server takes over", () => {
  const server = useServer()
  /** The server goes on with another folder of data, as a replica that takes over. */
  const replaceData = (saved: string, keepAs?: string) =>
    Effect.gen(function* () {
      yield* server().down
      const data = join(server().folder, "data")
      if (keepAs === undefined) rmSync(data, { recursive: true })
      else renameSync(data, join(server().folder, keepAs))
      cpSync(join(server().folder, saved), data, { recursive: true })
      const { uid, gid } = statSync(join(server().folder, saved))
      if (isRoot()) command(["chown", "-R", `${uid}:${gid}`, data])
      yield* server().up
    })
  const saveData = (as: string) =>
    Effect.gen(function* () {
      yield* server().down
      command(["cp", "-a", join(server().folder, "data"), join(server().folder, as)])
      yield* server().up
    })
  const retry = { schedule: Schedule.spaced("50 millis"), times: 200 }

  test(
    "a fail-over that lost the newest commits: the revision goes back, watchers get Compacted, the cache is made anew",
    live(() =>
      Effect.gen(function* () {
        const schema = freshSchema("lost")
        const options = { url: server().url, schema }
        const first = yield* Effect.scoped(Effect.flatMap(open(options), (store) => store.commit([{ key: "/kept", value: "1" }])))
        yield* saveData("before")
        const cached = yield* Effect.map(Layer.build(Layer.fresh(layerCached(layerPostgres(options)))), (context) =>
          Context.get(context, Store)
        )
        const plain = yield* open(options)
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
        const schema = freshSchema("replaced")
        const options = { url: server().url, schema }
        const write = (value: string, times: number) =>
          Effect.scoped(
            Effect.gen(function* () {
              const store = yield* Effect.retry(open(options), retry)
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
        const store = yield* Effect.retry(open(options), retry)
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
        const schema = freshSchema("replica")
        const primary = yield* open({ url: server().url, schema })
        yield* primary.commit([{ key: "/a", value: "1" }])
        const folder = yield* temporary("replica")
        if (isRoot()) command(["chmod", "755", folder])
        const connection = ["-h", "127.0.0.1", "-p", String(server().port), "-U", "postgres"]
        const data = join(folder, "data")
        command([join(bin, "pg_basebackup"), ...connection, "-D", data, "-R", "-c", "fast"], { PGPASSWORD: "secret" })
        if (isRoot()) {
          const { uid, gid } = statSync(join(server().folder, "data"))
          command(["chown", "-R", `${uid}:${gid}`, data])
          chownSync(data, uid, gid)
        }
        const port = yield* freePort
        yield* runServer({
          binaries: { bin, env: {} },
          folder,
          socketFolder: join(folder, "socket"),
          initdbArgs: [],
          settings: { port: String(port), listen_addresses: "127.0.0.1", fsync: "off" }
        })
        const url = `postgres://postgres:secret@127.0.0.1:${port}/postgres`
        const replica = yield* open({ url, schema })
        expect((yield* replica.get("/a"))?.value).toBe("1")
        const watcher = yield* start(replica.watch({ prefix: "" }, 2n).pipe(Stream.take(1), Stream.runCollect))
        yield* primary.commit([{ key: "/b", value: "1" }])
        expect((yield* Fiber.join(watcher)).flat().map(({ key }) => key)).toEqual(["/b"])
        expect(yield* Effect.flip(replica.commit([{ key: "/c", value: "1" }]))).toMatchObject({
          reason: "Denied",
          retryable: true,
          message: expect.stringContaining("replica")
        })
        const sql = yield* adminOf(url)
        yield* ask(sql, "select pg_promote()")
        expect(yield* Effect.retry(replica.commit([{ key: "/c", value: "1" }]), retry)).toBe(4n)
      })
    )
  )
})
