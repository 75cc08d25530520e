import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { live, requireTool } from "@tsukube/testing"
import { Context, Effect, Exit, Fiber, Layer, Scope, Stream } from "effect"
import { makeMemory } from "../memory.ts"
import { layerPostgres } from "../postgres/mod.ts"
import { checkSnapshot, hashOf, restoreSnapshot, saveSnapshot } from "../snapshot.ts"
import { Store } from "../store.ts"
import { type ScratchPostgres, scratchPostgres, systemPostgres } from "../testing/scratch-postgres.ts"

// Each command is a process, and some of them open a PGlite: on a busy machine that takes its time.
setDefaultTimeout(180_000)

const folder = mkdtempSync(join(tmpdir(), "tsukube-store-cli-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const run = async (...args: ReadonlyArray<string>) => {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "main.ts"), ...args], { stdout: "pipe", stderr: "pipe" })
  const [output, errors, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited
  ])
  return { output, errors, code }
}

test("help teaches, and wrong words are refused with status 2", async () => {
  const { output, code } = await run("--help")
  expect(code).toBe(0)
  for (const word of ["status", "watch", "snapshot save", "import-etcd", "Examples"]) expect(output).toContain(word)
  for (const args of [
    ["nonsense"],
    ["status"],
    ["status", "--nonsense"],
    ["get", "--store", "memory"],
    ["list", "--limit", "x"]
  ]) {
    const { code, errors } = await run(...args)
    expect([args, code]).toEqual([args, 2])
    expect(errors).toContain("--help")
  }
  const nowhere = await run("status", "--store", "postgres://postgres:hunter2@127.0.0.1:1/x")
  expect(nowhere.code).toBe(1)
  expect(nowhere.errors).toContain("127.0.0.1:1")
  expect(nowhere.errors).not.toContain("hunter2")
})

const there = requireTool("the command line on a PostgreSQL server", { "postgresql (server)": systemPostgres() !== undefined })

describe.skipIf(!there)("with a server", () => {
  const scope = Scope.makeUnsafe()
  let server: ScratchPostgres
  beforeAll(async () => {
    server = await Effect.runPromise(Scope.provide(scratchPostgres, scope))
  })
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))
  const open = (schema: string) =>
    Effect.map(Layer.build(layerPostgres({ url: server.url, schema })), (context) => Context.get(context, Store))

  test(
    "a snapshot saved from a store under full load, restored into a store of another kind and back: one revision, equal hashes",
    live(() =>
      Effect.gen(function* () {
        const store = yield* open("cli_load")
        yield* Effect.forEach(
          Array.from({ length: 3000 }, (_, i) => i),
          (i) => store.commit([{ key: `/k/${i}`, value: `${i}é`.repeat(20) }]),
          { concurrency: 256 }
        )
        const write = (writer: number) =>
          Effect.forever(
            Effect.suspend(() => {
              const i = Math.floor(Math.random() * 3000)
              return store.commit([
                { key: `/k/${i}`, value: `${writer} ${Math.random()}` },
                { key: `/sum/${i}`, value: i % 3 === 0 ? undefined : String(writer) }
              ])
            })
          )
        const writers = yield* Effect.all(Array.from({ length: 32 }, (_, i) => Effect.forkScoped(write(i))))
        const file = join(folder, "load.jsonl")
        const saved = yield* Effect.promise(() =>
          run("snapshot", "save", file, "--store", server.url, "--schema", "cli_load", "--json")
        )
        yield* Effect.forEach(writers, Fiber.interrupt)
        expect([saved.code, saved.errors]).toEqual([0, ""])
        const summary = JSON.parse(saved.output)
        expect(summary.entries).toBeGreaterThan(2999)
        // What the snapshot holds is what the log says of that revision.
        const page = yield* store.list({ prefix: "" }, { at: BigInt(summary.revision) })
        expect(page.entries.length).toBe(summary.entries)
        const pglite = `pglite:${join(folder, "pglite")}`
        for (const args of [
          ["snapshot", "status", file],
          ["snapshot", "restore", file, "--store", pglite],
          ["snapshot", "save", join(folder, "back.jsonl"), "--store", pglite],
          ["snapshot", "restore", join(folder, "back.jsonl"), "--store", server.url, "--schema", "cli_back"]
        ]) {
          const { code, errors, output } = yield* Effect.promise(() => run(...args))
          expect([code, errors]).toEqual([0, ""])
          expect(output).toContain(summary.hash)
        }
        const back = yield* open("cli_back")
        expect(yield* hashOf(back)).toMatchObject({ entries: summary.entries, hash: summary.hash })
        const pairs = (entries: typeof page.entries) => entries.map(({ key, value }) => [key, value])
        expect(pairs((yield* back.list({ prefix: "" })).entries)).toEqual(pairs(page.entries))
        const again = yield* Effect.promise(() => run("snapshot", "restore", file, "--store", server.url, "--schema", "cli_back"))
        expect([again.code, again.errors]).toEqual([1, expect.stringContaining("empty")])
      })
    )
  )

  test(
    "status, get, list, watch and compact",
    live(() =>
      Effect.gen(function* () {
        const store = yield* open("cli_look")
        for (const key of ["/a/1", "/a/2", "/b"]) yield* store.commit([{ key, value: `value of ${key}` }])
        const ask = (...args: ReadonlyArray<string>) =>
          Effect.promise(() => run(...args, "--store", server.url, "--schema", "cli_look"))
        expect((yield* ask("status")).output).toBe("revision  4\noldest    0\nkeys      3\n")
        expect((yield* ask("get", "/a/1")).output).toBe("value of /a/1\n")
        expect((yield* ask("get", "/none")).code).toBe(1)
        expect((yield* ask("list", "/a/")).output).toBe("2\t/a/1\n3\t/a/2\n")
        expect((yield* ask("list", "--limit", "1")).output).toContain("2 more")
        expect(JSON.parse((yield* ask("list", "/b", "--json")).output)).toMatchObject({ key: "/b", revision: "4" })
        expect((yield* ask("compact", "3")).code).toBe(0)
        expect(JSON.parse((yield* ask("status", "--json")).output)).toEqual({ revision: "4", oldest: "3", keys: 3 })
        expect((yield* ask("watch", "--after", "1")).errors).toContain("compacted")
        const watching = Bun.spawn(
          [
            process.execPath,
            join(import.meta.dir, "main.ts"),
            "watch",
            "/b",
            "--after",
            "3",
            "--store",
            server.url,
            "--schema",
            "cli_look"
          ],
          { stdout: "pipe" }
        )
        const { value } = yield* Effect.promise(() => watching.stdout.getReader().read())
        expect(JSON.parse(new TextDecoder().decode(value))).toMatchObject({ key: "/b", value: "value of /b", revision: "4" })
        watching.kill("SIGINT")
        expect(yield* Effect.promise(() => watching.exited)).toBe(0)
      })
    )
  )
})

test("a broken snapshot is refused, whatever is broken", async () => {
  const store = makeMemory()
  for (const i of [1, 2, 3]) await Effect.runPromise(store.commit([{ key: `/k/${i}`, value: "x" }]))
  const lines = (await Effect.runPromise(Stream.runCollect(saveSnapshot(store)))).join("").trimEnd().split("\n")
  const check = (given: ReadonlyArray<string>) => Effect.runPromise(Effect.flip(checkSnapshot(Stream.fromIterable(given))))
  for (const given of [
    [],
    lines.slice(1),
    lines.slice(0, -1),
    lines.toSpliced(1, 1),
    lines.with(1, lines[1]!.replace('"x"', '"y"')),
    lines.with(1, "nonsense"),
    [...lines, lines[1]!],
    lines.with(0, lines[0]!.replace('"version":1', '"version":2'))
  ])
    expect(await check(given)).toMatchObject({ _tag: "StoreError", reason: "Rejected" })
  const other = makeMemory()
  const restored = await Effect.runPromise(restoreSnapshot(other, Stream.fromIterable(lines)))
  expect(restored).toEqual(await Effect.runPromise(checkSnapshot(Stream.fromIterable(lines))))
  expect((await Effect.runPromise(hashOf(other))).hash).toBe(restored.hash)
})

const etcd = requireTool("import from a live etcd", { etcd: Bun.which("etcd") !== null, etcdctl: Bun.which("etcdctl") !== null })

test.skipIf(!etcd)("etcd is imported live through its gateway, and from etcdctl's JSON", async () => {
  const port = 20_000 + Math.floor(Math.random() * 20_000)
  const client = `http://127.0.0.1:${port}`
  const peer = `http://127.0.0.1:${port + 1}`
  const urls = ["--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer]
  const cluster = ["--initial-advertise-peer-urls", peer, "--initial-cluster", `default=${peer}`]
  const etcd = Bun.spawn(["etcd", "--data-dir", join(folder, "etcd"), ...urls, ...cluster], {
    stdout: "ignore",
    stderr: "ignore"
  })
  try {
    for (let i = 0; i < 200; i++) {
      if (
        await fetch(`${client}/health`).then(
          (response) => response.ok,
          () => false
        )
      )
        break
      await Bun.sleep(50)
    }
    const base64 = (text: string) => Buffer.from(text).toString("base64")
    const put = (key: string, value: string) =>
      fetch(`${client}/v3/kv/put`, { method: "POST", body: JSON.stringify({ key: base64(key), value: base64(value) }) })
    for (let i = 0; i < 1200; i += 100)
      await Promise.all(Array.from({ length: 100 }, (_, j) => put(`/registry/é/${i + j}`, `{"i":${i + j}}`)))
    const printed = Bun.spawnSync(["etcdctl", `--endpoints=${client}`, "get", "--prefix", "", "-w", "json"], {
      env: { ...process.env, ETCDCTL_API: "3" }
    })
    const file = join(folder, "etcd.json")
    writeFileSync(file, printed.stdout)
    for (const [source, kind] of [
      [client, "live"],
      [file, "file"]
    ] as const) {
      const location = `pglite:${join(folder, `etcd-${kind}`)}`
      const imported = await run("import-etcd", source, "--store", location)
      expect([imported.errors, imported.output]).toEqual(["", "1200 keys imported\n"])
      expect((await run("get", "/registry/é/777", "--store", location)).output).toBe('{"i":777}\n')
    }
    await fetch(`${client}/v3/kv/put`, {
      method: "POST",
      body: JSON.stringify({ key: base64("/binary"), value: Buffer.from([107, 56, 115, 0, 255]).toString("base64") })
    })
    const refused = await run("import-etcd", client, "--store", `pglite:${join(folder, "etcd-binary")}`)
    expect([refused.code, refused.errors]).toEqual([1, expect.stringContaining("/binary")])
    expect(readFileSync(file, "utf8")).toContain("kvs")
  } finally {
    etcd.kill()
    await etcd.exited
  }
})
