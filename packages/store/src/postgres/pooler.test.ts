import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { isRoot } from "@tsukube/host"
import { eventually, live, requireTool } from "@tsukube/testing"
import { Effect, Layer, Stream } from "effect"
import postgres from "postgres"
import { layerCached } from "../cache.ts"
import { storeContract } from "../contract.ts"
import { freePort, scratchPostgres, systemPostgres } from "../testing/scratch-postgres.ts"
import { beforeTests, command, freshSchema, open, start, temporary } from "../testing/scratch-suite.ts"
import { layerPostgres } from "./mod.ts"

setDefaultTimeout(60_000)

const there = requireTool("the store through PgBouncer", {
  "postgresql (server)": systemPostgres() !== undefined,
  pgbouncer: Bun.which("pgbouncer") !== null
})

const settings = (port: number, serverPort: number, users: string): string => `[databases]
postgres = host=127.0.0.1 port=${serverPort}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = plain
auth_file = ${users}
pool_mode = transaction
default_pool_size = 8
max_client_conn = 500
`

/** A server behind a pooler in transaction mode: its URL. */
const pooledServer = Effect.gen(function* () {
  const server = yield* scratchPostgres
  const folder = yield* temporary("pgbouncer")
  const port = yield* freePort
  const users = join(folder, "users")
  writeFileSync(users, '"postgres" "secret"\n')
  writeFileSync(join(folder, "pgbouncer.ini"), settings(port, server.port, users))
  command(["chmod", "-R", "a+rX", folder])
  const user = isRoot() ? ["-u", "nobody"] : []
  yield* Effect.acquireRelease(
    Effect.sync(() =>
      Bun.spawn(["pgbouncer", "-q", ...user, join(folder, "pgbouncer.ini")], { stdout: "ignore", stderr: "ignore" })
    ),
    (child) =>
      Effect.promise(() => {
        child.kill()
        return child.exited
      })
  )
  const url = `postgres://postgres:secret@127.0.0.1:${port}/postgres`
  yield* Effect.promise(async () => {
    const sql = postgres(url, { max: 1, connect_timeout: 1, prepare: false, onnotice: () => {} })
    await eventually(async () => (await sql.unsafe("select 1")).length === 1)
    await sql.end()
  })
  return url
})

describe.skipIf(!there)("through PgBouncer in transaction mode", () => {
  const url = beforeTests(pooledServer)
  const layer = Layer.unwrap(Effect.sync(() => layerPostgres({ url: url(), schema: freshSchema("pooled") })))

  storeContract("postgres through a pooler", layer)
  storeContract("cache over postgres through a pooler", layerCached(layer))

  test(
    "the writes of another process are seen by a quick poll, without any notification",
    live(() =>
      Effect.gen(function* () {
        const schema = freshSchema("pooled")
        const [one, other] = yield* Effect.all([open({ url: url(), schema }), open({ url: url(), schema, pooled: true })])
        const seen: Array<string> = []
        yield* start(
          other!
            .watch({ prefix: "" }, 1n)
            .pipe(Stream.runForEach((commit) => Effect.sync(() => void seen.push(commit[0]?.value ?? ""))))
        )
        // By the slow poll of a store that trusts its notifications this would take longer than the test may.
        for (let i = 1; i <= 15; i++) {
          yield* one!.commit([{ key: "/a", value: String(i) }])
          while (seen.length < i) yield* Effect.sleep(5)
        }
        expect(seen.length).toBe(15)
      })
    )
  )
})
