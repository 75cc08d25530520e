/** Runs a PostgreSQL server of our own: makes its data folder, starts it in the place of a leftover one, and stops it with the scope. @module */
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync
} from "node:fs"
import { join } from "node:path"
import { type ChildProcess, spawn, stopLeftover, writePidFile } from "@tsukube/host"
import { Deferred, Effect, Schedule, type Scope } from "effect"
import { StoreError } from "../store.ts"
import { type Account, accountFor, passingCommand } from "./account.ts"
import type { Binaries } from "./binaries.ts"

/** A server to run. */
export interface ServerSpec {
  readonly binaries: Binaries
  /** Holds `data` and `log`; made when absent. Only `data` and the socket folder belong to the server's user. */
  readonly folder: string
  readonly socketFolder: string
  /** Further arguments of initdb and settings of the server. */
  readonly initdbArgs: ReadonlyArray<string>
  readonly settings: Readonly<Record<string, string>>
}

/** How long a server may take to recover and listen, and a predecessor to go away. */
const startTimeoutMs = 60_000
const stopTimeoutMs = 15_000
const predecessorTimeoutMs = 15_000
const pollMs = 4
const restartDelayMs = 1_000

const failure = (message: string, cause?: unknown): StoreError =>
  new StoreError({ reason: "Failed", retryable: false, message, ...(cause === undefined ? {} : { cause }) })

/** Runs the server until the scope ends; when this is done it accepts connections on its socket. */
export const runServer = (spec: ServerSpec): Effect.Effect<void, StoreError, Scope.Scope> =>
  Effect.gen(function* () {
    const data = join(spec.folder, "data")
    const account = yield* prepareFolders(spec, data)
    if (!existsSync(data)) yield* initialise(spec, data, account)
    yield* checkVersion(spec, data)
    // Taking over a server that a killed process left would save 50 ms, but the kernel may have told it to stop already, which shows only
    // later, and it may run with other settings or another version.
    yield* stopLeftover(pidFileOf(spec), { stopSignal: "SIGINT", stopTimeoutMs })
    yield* keepRunning(spec, data, account)
  })

const statOf = (path: string): Stats | undefined => statSync(path, { throwIfNoEntry: false })

const prepareFolders = (spec: ServerSpec, data: string): Effect.Effect<Account | undefined, StoreError> =>
  Effect.try({
    try: () => {
      mkdirSync(spec.folder, { recursive: true })
      const account = accountFor(statOf(data), [spec.folder, spec.binaries.bin])
      makeOwned(spec.socketFolder, account)
      return account
    },
    catch: (cause) => failure(`the folder ${spec.folder} cannot be prepared: ${String(cause)}`, cause)
  })

/** A folder that nobody but the server's user may use. In a folder open to all, somebody else may have made it first. */
const makeOwned = (folder: string, account: Account | undefined): void => {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const found = lstatSync(folder)
  // A link would lead our change of owner to somebody else's folder.
  if (!found.isDirectory()) throw new Error(`${folder} is not a folder`)
  const allowed = [0, account?.uid, process.getuid?.()]
  if (!allowed.includes(found.uid)) throw new Error(`${folder} belongs to user ${found.uid}`)
  if (account !== undefined) chownSync(folder, account.uid, account.gid)
  chmodSync(folder, 0o700)
}

/** A program of the server, as the server's user. */
const launch = (spec: ServerSpec, account: Account | undefined, program: string, args: ReadonlyArray<string>) => {
  const command = join(spec.binaries.bin, program)
  // Fast shutdown, also when we die without a word: whoever comes next finds a clean database.
  const options = { stopSignal: "SIGINT", stopTimeoutMs, deathSignal: "SIGINT" } as const
  const common = { env: { ...spec.binaries.env, LC_ALL: "C", TZ: "UTC" }, cwd: "/" }
  const log = program === "postgres" ? { logFile: join(spec.folder, "log") } : {}
  const passing = account?.passesFolders === true ? passingCommand(account, options.deathSignal) : undefined
  const [wrapper, ...words] = passing ?? []
  return wrapper === undefined
    ? spawn(
        { ...common, ...log, command, args, ...(account === undefined ? {} : { uid: account.uid, gid: account.gid }) },
        options
      )
    : spawn({ ...common, ...log, command: wrapper, args: [...words, command, ...args] }, { ...options, deathSignal: "none" })
}

/** Makes the data folder beside its place and moves it there when it is whole. */
const initialise = (spec: ServerSpec, data: string, account: Account | undefined): Effect.Effect<void, StoreError> =>
  Effect.gen(function* () {
    const draft = `${data}.new`
    rmSync(draft, { recursive: true, force: true })
    makeOwned(draft, account)
    const child = yield* launch(spec, account, "initdb", [
      `--pgdata=${draft}`,
      "--username=postgres",
      "--encoding=UTF8",
      "--no-locale",
      "--no-instructions",
      ...spec.initdbArgs
    ])
    const { code } = yield* Effect.promise(() => child.exited)
    if (code !== 0) return yield* failure(`initdb failed in ${draft}: ${child.tail().trim()}${reachHint(account)}`)
    renameSync(draft, data)
  }).pipe(
    Effect.scoped,
    Effect.mapError((error) => (error instanceof StoreError ? error : failure(error.message, error)))
  )

const reachHint = (account: Account | undefined): string =>
  account?.passesFolders === true
    ? ` (user ${account.uid} must be able to enter every folder above it: chmod o+x them, or choose another folder)`
    : ""

const checkVersion = (spec: ServerSpec, data: string): Effect.Effect<void, StoreError> =>
  Effect.suspend(() => {
    const made = readFileSync(join(data, "PG_VERSION"), "utf8").trim()
    const version = versionOf(spec.binaries)
    if (version === undefined || version === made) return Effect.void
    const message = `${data} was made by PostgreSQL ${made}, the programs in ${spec.binaries.bin} are of version ${version}`
    return Effect.fail(new StoreError({ reason: "Incompatible", retryable: false, message }))
  })

/** The major version, from a file that lies beside the programs in every layout; undefined when it does not. */
const versionOf = ({ bin }: Binaries): string | undefined => {
  const folders = [
    join(bin, "..", "share", "postgresql"),
    join(bin, "..", "share"),
    bin.replace("/lib/", "/share/").replace(/\/bin$/, "")
  ]
  for (const folder of folders) {
    const file = join(folder, "postgres.bki")
    if (existsSync(file)) return /^# PostgreSQL (\S+)/.exec(readFileSync(file, "utf8").slice(0, 100))?.[1]
  }
  return undefined
}

interface PidFile {
  readonly pid: number
  readonly ready: boolean
}

/** What a running server says of itself. */
const readPidFile = (data: string): PidFile | undefined => {
  try {
    const lines = readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")
    return { pid: Number(lines[0]), ready: lines[7]?.trim() === "ready" }
  } catch {
    return undefined
  }
}

/** Ours says when the process was born as well, so that a stranger with the same number is left alone. */
const pidFileOf = (spec: ServerSpec): string => join(spec.folder, "server.pid")

/** A server that ends although nobody stopped it (killed, out of memory) is started again, as often as it takes. */
const keepRunning = (
  spec: ServerSpec,
  data: string,
  account: Account | undefined
): Effect.Effect<void, StoreError, Scope.Scope> =>
  Effect.gen(function* () {
    const started = yield* Deferred.make<void, StoreError>()
    const once = Effect.scoped(
      Effect.gen(function* () {
        const child = yield* start(spec, data, account)
        yield* Deferred.succeed(started, undefined)
        const { code, signal } = yield* Effect.promise(() => child.exited)
        yield* Effect.logError(`PostgreSQL in ${data} ended by ${signal ?? `exit code ${code}`}; starting it again`)
      })
    )
    const again = Effect.catch(once, (error) => Effect.andThen(Effect.logError(error.message), Effect.sleep(restartDelayMs)))
    yield* Effect.andThen(once, Effect.forever(again)).pipe(
      Effect.catch((error) => Deferred.fail(started, error)),
      Effect.forkScoped
    )
    yield* Deferred.await(started)
  })

const start = (
  spec: ServerSpec,
  data: string,
  account: Account | undefined
): Effect.Effect<ChildProcess, StoreError, Scope.Scope> =>
  Effect.gen(function* () {
    const settings = { ...spec.settings, unix_socket_directories: `"${spec.socketFolder}"`, unix_socket_permissions: "0700" }
    const args = ["-D", data, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])]
    // A killed predecessor may hold the folder until its last child has gone.
    const deadline = performance.now() + predecessorTimeoutMs
    for (;;) {
      const said = listenTo(join(spec.folder, "log"))
      const child = yield* Effect.mapError(launch(spec, account, "postgres", args), (error) => failure(error.message, error))
      writePidFile(pidFileOf(spec), child.pid)
      const outcome = yield* untilReady(data, child)
      if (outcome === "ready") return child
      const words =
        outcome === "late" ? `it was not ready after ${startTimeoutMs} ms` : said().trim() || "it ended without a word"
      const blocked = /lock file .* already exists|shared memory block .* still in use/.test(words)
      if (!blocked || performance.now() > deadline) {
        const message = `PostgreSQL did not start in ${data}: ${words.slice(-2000)}`
        if (/invalid permissions|permission denied|wrong ownership/i.test(words))
          return yield* new StoreError({ reason: "Denied", retryable: false, message: `${message}${reachHint(account)}` })
        return yield* failure(message)
      }
      yield* Effect.sleep(50)
    }
  })

/** What is written to a log from now on; what children of a killed predecessor write meanwhile is in it too. */
const listenTo = (log: string): (() => string) => {
  const begin = statOf(log)?.size ?? 0
  return () => (existsSync(log) ? readFileSync(log).subarray(begin).toString() : "")
}

/** How the start of a server went. */
const untilReady = (data: string, child: ChildProcess): Effect.Effect<"ready" | "ended" | "late"> => {
  const ready = Effect.sync(() => {
    const file = readPidFile(data)
    return file?.pid === child.pid && file.ready
  }).pipe(Effect.repeat({ until: (isReady) => isReady, schedule: Schedule.spaced(pollMs) }), Effect.as("ready" as const))
  const ended = Effect.as(
    Effect.promise(() => child.exited),
    "ended" as const
  )
  return Effect.race(ready, ended).pipe(
    Effect.timeoutOrElse({ duration: startTimeoutMs, orElse: () => Effect.succeed("late" as const) })
  )
}
