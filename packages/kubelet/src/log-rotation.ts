/** Keeps container logs from filling the disk: a log that has grown is put aside and begun anew. @module */
import { readdir, rename, rm, stat } from "node:fs/promises"
import { dirname, join } from "node:path"
import { Clock, Effect } from "effect"
import type { ContainerRuntime } from "./runtime.ts"

/** How large a log may grow, and how many files of it are kept, the current one included. */
export interface LogLimits {
  readonly sizeBytes: number
  readonly files: number
}

/** Upstream's. */
export const defaultLogLimits: LogLimits = { sizeBytes: 10 * 1024 * 1024, files: 5 }

const checkEvery = "10 seconds"

/** Looks at all logs below a folder every ten seconds, for ever. The folders are read, the runtime is asked only about what has grown. */
export const keepLogsSmall = (runtime: ContainerRuntime, logDir: string): Effect.Effect<never> =>
  Effect.sleep(checkEvery).pipe(
    Effect.andThen(rotateLogs(runtime, logDir, defaultLogLimits)),
    Effect.catchCause((cause) => Effect.logWarning("log rotation", cause)),
    Effect.forever
  )

/** One look: rotates every log of a running container that is over the limit. */
export const rotateLogs = (runtime: ContainerRuntime, logDir: string, limits: LogLimits): Effect.Effect<void> =>
  Effect.gen(function* () {
    const grown = yield* Effect.promise(() => logsOver(logDir, limits.sizeBytes))
    for (const { podUid, path } of grown) {
      const pod = yield* runtime.pod(podUid).pipe(Effect.orElseSucceed(() => undefined))
      const writer = pod?.containers.find(({ logPath, state }) => logPath === path && state === "running")
      if (writer === undefined) continue
      const now = yield* Clock.currentTimeMillis
      yield* Effect.promise(() => putAside(path, now, limits.files))
      const reopened = yield* Effect.result(runtime.reopenLog(writer.id))
      // Whoever goes on writing into the old file must be read there.
      if (reopened._tag === "Failure") yield* Effect.promise(() => rename(`${path}.${stamp(now)}`, path).catch(() => {}))
    }
  })

const namesIn = (folder: string): Promise<ReadonlyArray<string>> => readdir(folder).catch(() => [])

/** Logs are at `namespace_pod_uid/container/attempt.log`. */
const logsOver = async (
  logDir: string,
  sizeBytes: number
): Promise<ReadonlyArray<{ readonly podUid: string; readonly path: string }>> => {
  const grown: Array<{ podUid: string; path: string }> = []
  for (const pod of await namesIn(logDir)) {
    for (const container of await namesIn(join(logDir, pod))) {
      for (const file of await namesIn(join(logDir, pod, container))) {
        const path = join(logDir, pod, container, file)
        if (!file.endsWith(".log")) continue
        const size = (await stat(path).catch(() => undefined))?.size ?? 0
        if (size > sizeBytes) grown.push({ podUid: pod.split("_")[2] ?? "", path })
      }
    }
  }
  return grown
}

const stamp = (ms: number): string => new Date(ms).toISOString().replace(/\D/g, "").slice(0, 17)

const putAside = async (path: string, now: number, files: number): Promise<void> => {
  await rename(path, `${path}.${stamp(now)}`)
  const folder = dirname(path)
  const name = path.slice(folder.length + 1)
  const old = (await namesIn(folder)).filter((other) => other.startsWith(`${name}.`)).toSorted()
  for (const other of old.slice(0, Math.max(0, old.length - (files - 1)))) await rm(join(folder, other), { force: true })
}
