/** The cluster command: `bun run apps/cluster [flags]`. @module */
import process from "node:process"
import { Effect } from "effect"
import type { Cluster } from "./cluster.ts"
import { type ClusterOptions, helpText, parseFlags, UsageError } from "./flags.ts"
import { surviveLateWrites } from "./late-write.ts"

const begunMs = performance.now()
/** A signal this long after the first is meant as a second one. */
const impatienceMs = 2000

/** What a user should know before the last line. */
const usage = (options: ClusterOptions, { runtime, url, insecureUrl }: Cluster): ReadonlyArray<string> => {
  const real = [
    "nodes are simulated: pods become ready, but no container runs.",
    "  Real ones: sudo scripts/install-node-tools.sh, then sudo … --runtime containerd"
  ]
  return [
    `API server  ${url}`,
    ...(insecureUrl === undefined ? [] : [`  plain HTTP  ${insecureUrl}  (everybody on this machine is an administrator there)`]),
    `kubeconfig  ${options.kubeconfig}`,
    `data, logs  ${options.dataDir}`,
    ...(runtime.kind === "simulated" ? real : []),
    "Try: kubectl create deployment web --image=nginx --replicas=3",
    "Ctrl-C stops the cluster; the same command starts it again where it was."
  ]
}

/** Runs the cluster until it is interrupted. */
const run = (options: ClusterOptions) =>
  Effect.gen(function* () {
    // Loaded late, so that help and wrong flags answer at once.
    const { startCluster } = yield* Effect.promise(() => import("./cluster.ts"))
    const { layerLogFile } = yield* Effect.promise(() => import("./log.ts"))
    const life = Effect.gen(function* () {
      const cluster = yield* startCluster(options, (line) => console.error(line))
      for (const line of usage(options, cluster)) console.log(line)
      const seconds = ((performance.now() - begunMs) / 1000).toFixed(1)
      console.log(`cluster ready in ${seconds} s: export KUBECONFIG=${options.kubeconfig}`)
      return yield* Effect.never
    })
    return yield* Effect.scoped(life).pipe(Effect.provide(layerLogFile(options.dataDir)))
  })

const main = async (): Promise<number> => {
  const options = parseFlags(process.argv.slice(2))
  if (options === undefined) {
    console.log(helpText())
    return 0
  }
  const stop = new AbortController()
  let stoppingSinceMs = 0
  const onSignal = () => {
    // Impatience ends it at once; what stays behind is cleaned up at the next start. One Ctrl-C may reach us twice, from the terminal and
    // from npx, so only a later signal counts as a second one.
    if (stop.signal.aborted && performance.now() - stoppingSinceMs > impatienceMs) process.exit(130)
    if (stop.signal.aborted) return
    stoppingSinceMs = performance.now()
    console.error("stopping …")
    stop.abort()
  }
  process.on("SIGINT", onSignal)
  process.on("SIGTERM", onSignal)
  process.on("SIGHUP", onSignal)
  const exit = await Effect.runPromiseExit(run(options), { signal: stop.signal })
  if (exit._tag === "Success" || stop.signal.aborted) return 0
  const [reason] = exit.cause.reasons
  const error = reason?._tag === "Fail" ? reason.error : reason?._tag === "Die" ? reason.defect : reason
  throw error
}

surviveLateWrites()
try {
  process.exitCode = await main()
} catch (error) {
  console.error(error instanceof UsageError ? `tsukube: ${error.message}` : error)
  process.exitCode = 1
}
// Whatever a library keeps open must not keep a stopped cluster alive.
process.exit()
