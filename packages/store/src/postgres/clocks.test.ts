import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { chmodSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { live, requireTool } from "@tsukube/testing"
import { Context, Effect, Exit, Layer, Scope, Stream } from "effect"
import postgres from "postgres"
import { Store } from "../store.ts"
import { type ScratchPostgres, scratchPostgres, scratchPostgresOf, systemPostgres } from "../testing/scratch-postgres.ts"
import { faketime, programsBy, settableClock } from "../testing/set-clock.ts"
import { layerPostgres } from "./mod.ts"

setDefaultTimeout(60_000)

const library = faketime() ?? ""
const there = requireTool("steps of the clock", {
  "postgresql (server)": systemPostgres() !== undefined,
  libfaketime: library !== ""
})
const worker = join(import.meta.dir, "../testing/clock-worker.ts")
const longMs = 600_000

describe.skipIf(!there)("clocks that are set", () => {
  const folder = mkdtempSync(join(tmpdir(), "tsukube-clock-"))
  chmodSync(folder, 0o755)
  const scope = Scope.makeUnsafe()
  let server: ScratchPostgres
  beforeAll(async () => {
    server = await Effect.runPromise(Scope.provide(scratchPostgres, scope))
  })
  afterAll(async () => {
    await Effect.runPromise(Scope.close(scope, Exit.void))
    rmSync(folder, { recursive: true, force: true })
  })

  for (const kind of ["memory", "postgres"])
    test(`a process whose clock steps forward and back by years ends nothing early or late, and forgets nothing: ${kind}`, async () => {
      const file = join(folder, kind)
      const { env } = settableClock(library, file)
      const child = Bun.spawn([process.execPath, worker, kind, server.url, "clocks", library, file], {
        env: { ...process.env, ...env },
        stdout: "pipe",
        stderr: "inherit"
      })
      const [output, code] = await Promise.all([new Response(child.stdout).text(), child.exited])
      expect(code).toBe(0)
      const { years, ...left } = JSON.parse(output.trim().split("\n").at(-1) ?? "")
      // Otherwise nothing was put to the test.
      expect(years[0]).toBeGreaterThan(1)
      expect(years[1]).toBeLessThan(-1)
      expect(left).toEqual({ oldest: "kept", keys: ["/history", "/lease", "/long"] })
    })

  test(
    "a database whose clock steps forward and back by years ends nothing early or late, and knows its writers",
    live(() =>
      Effect.gen(function* () {
        const clock = settableClock(library, join(folder, "server"))
        const own = yield* scratchPostgresOf(programsBy(clock, systemPostgres() ?? "", join(folder, "bin")))
        const schema = "clocks"
        const options = { url: own.url, schema, compaction: { keepMs: longMs, keepRevisions: 1_000_000 } }
        const [store, other] = yield* Effect.all(
          [1, 2].map(() => Effect.map(Layer.build(Layer.fresh(layerPostgres(options))), (context) => Context.get(context, Store)))
        )
        const sql = yield* Effect.acquireRelease(
          Effect.sync(() => postgres(own.url, { max: 1, onnotice: () => {} })),
          (client) => Effect.promise(() => client.end({ timeout: 1 }))
        )
        const ask = (question: string) =>
          Effect.map(
            Effect.promise(() => sql.unsafe(question).values()),
            ([row]) => Number(row?.[0])
          )
        const year = ask("select extract(year from now())")
        const writers = ask(`select count(*)::int from ${schema}.batch`)
        const now = yield* year
        const lease = yield* store!.leases.grant(longMs)
        yield* store!.commit([{ key: "/lease", value: "1", lease }])
        yield* other!.commit([{ key: "/long", value: "1", ttlMs: longMs }])
        const known = yield* writers
        expect(known).toBe(2)
        for (const days of [800, -800]) {
          const created = yield* store!.commit([{ key: "/short", value: "1", ttlMs: 300 }])
          clock.set(days)
          expect(Math.sign((yield* year) - now)).toBe(Math.sign(days))
          // Sweeps history, and answers of writers that ended long ago.
          yield* store!.compact(3n)
          expect(yield* writers).toBe(known)
          const seen = yield* other!
            .watch({ prefix: "/short" }, created)
            .pipe(Stream.take(1), Stream.runCollect, Effect.timeout("20 seconds"))
          expect(seen.flat()).toMatchObject([{ key: "/short", value: undefined }])
          yield* store!.leases.keepAlive(lease)
        }
        expect((yield* store!.list({ prefix: "" })).entries.map(({ key }) => key)).toEqual(["/lease", "/long"])
        yield* store!.list({ prefix: "" }, { at: 3n })
        yield* store!.leases.revoke(lease)
        expect(yield* other!.count({ prefix: "" })).toBe(1)
      })
    )
  )
})
