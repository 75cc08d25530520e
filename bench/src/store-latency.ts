/** How long after its submission a commit is heard of in three other processes. @module */
import { type ChildProcess, spawn } from "node:child_process"
import { join } from "node:path"
import { createInterface } from "node:readline"
import type { Store } from "@tsukube/store"
import { Effect } from "effect"
import { median } from "./measurement.ts"

const listeners = 3
const padding = "x".repeat(2028)
/** New processes first compile what they run often; those who listen in earnest have been there for long. */
const warmUpMs = 3000

/** What the listeners heard: the median of theirs. */
export interface Latency {
  readonly p50: number
  readonly p99: number
}

interface Listener {
  readonly process: ChildProcess
  readonly nextLine: () => Promise<string>
}

const listen = (url: string, prefix: string): Listener => {
  const child = spawn(process.execPath, [join(import.meta.dirname, "store-listener.ts"), url, prefix], {
    stdio: ["pipe", "pipe", "inherit"]
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return { process: child, nextLine: async () => String((await lines.next()).value) }
}

/** So many clients write for a while, each waiting `pauseMs` after each commit. */
export const latencyOf = async (
  store: Store,
  url: string,
  clients: number,
  pauseMs: number,
  seconds: number
): Promise<Latency> => {
  const prefix = `/latency/${clients}/${performance.now()}/`
  const processes = Array.from({ length: listeners }, () => listen(url, prefix))
  for (const { nextLine } of processes) await nextLine()
  const fromMs = performance.now() + warmUpMs
  const untilMs = fromMs + seconds * 1000
  const write = (client: number) =>
    Effect.gen(function* () {
      for (let nowMs = performance.now(); nowMs < untilMs; nowMs = performance.now()) {
        const submitted = (performance.timeOrigin + nowMs).toFixed(3).padStart(20, "0")
        yield* store.commit([
          { key: `${prefix}${nowMs < fromMs ? "warm" : "measured"}/${client}`, value: `${submitted}${padding}` }
        ])
        if (pauseMs > 0) yield* Effect.sleep(pauseMs)
      }
    })
  await Effect.runPromise(
    Effect.all(
      Array.from({ length: clients }, (_, i) => write(i)),
      { concurrency: "unbounded" }
    )
  )
  // What is still on its way is heard as well.
  await new Promise((heard) => setTimeout(heard, 300))
  const said: Array<Latency> = []
  for (const { process: child, nextLine } of processes) {
    child.stdin?.write("report\n")
    said.push(JSON.parse(await nextLine()))
  }
  return { p50: median(said.map(({ p50 }) => p50)), p99: median(said.map(({ p99 }) => p99)) }
}
