/** For tests only: a PostgreSQL server from the machine's own packages, in a temporary folder, on a loopback port. @module */
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Exit, Scope } from "effect"
import { runServer } from "../postgres/server.ts"
import type { StoreError } from "../store.ts"

/** A server that is thrown away with its scope. */
export interface ScratchPostgres {
  /** `postgres://postgres:secret@127.0.0.1:<port>/postgres` */
  readonly url: string
  readonly port: number
  /** Holds `data`; to be touched while the server is down. */
  readonly folder: string
  /** Stops it in order. */
  readonly down: Effect.Effect<void>
  /** Starts it again, on the same port and data. */
  readonly up: Effect.Effect<void, StoreError>
}

const debianFolder = "/usr/lib/postgresql"

/** The programs of the newest PostgreSQL that Debian's or Ubuntu's packages installed. */
export const systemPostgres = (): string | undefined => {
  if (!existsSync(debianFolder)) return undefined
  const versions = readdirSync(debianFolder).sort((a, b) => Number(b) - Number(a))
  return versions.map((version) => join(debianFolder, version, "bin")).find((bin) => existsSync(join(bin, "initdb")))
}

/** A port of the loopback interface that nobody uses now. */
export const freePort: Effect.Effect<number> = Effect.promise(
  () =>
    new Promise((resolve) => {
      const server = createServer().listen(0, "127.0.0.1", () => {
        const address = server.address()
        server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
      })
    })
)

/** Starts one; the password of its superuser `postgres` is `secret`. Nothing in it survives a power loss, nor needs to. */
export const scratchPostgres: Effect.Effect<ScratchPostgres, StoreError, Scope.Scope> = Effect.suspend(() =>
  scratchPostgresOf(systemPostgres() ?? "/usr/bin")
)

/** Starts one with the programs of a folder. */
export const scratchPostgresOf = (bin: string): Effect.Effect<ScratchPostgres, StoreError, Scope.Scope> =>
  Effect.gen(function* () {
    const folder = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "tsukube-postgres-"))),
      (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
    )
    chmodSync(folder, 0o755)
    const passwordFile = join(folder, "password")
    writeFileSync(passwordFile, "secret\n", { mode: 0o644 })
    const port = yield* freePort
    const server = runServer({
      binaries: { bin, env: {} },
      folder,
      socketFolder: join(folder, "socket"),
      initdbArgs: ["--auth-local=trust", "--auth-host=scram-sha-256", `--pwfile=${passwordFile}`, "--no-sync"],
      settings: {
        port: String(port),
        listen_addresses: "127.0.0.1",
        fsync: "off",
        shared_buffers: "64MB",
        max_connections: "100",
        jit: "off"
      }
    })
    let scope: Scope.Closeable | undefined
    const up = Effect.gen(function* () {
      scope = yield* Scope.make()
      yield* Scope.provide(server, scope)
    })
    const down = Effect.suspend(() => (scope === undefined ? Effect.void : Scope.close(scope, Exit.void)))
    yield* up
    yield* Effect.addFinalizer(() => down)
    return { url: `postgres://postgres:secret@127.0.0.1:${port}/postgres`, port, folder, down, up }
  })
