/** Leader election of a configuration, and the other settings of the process. @module */
import { fieldError } from "@tsukube/api"
import type { Json, Reader } from "./reader.ts"

const { invalid, notSupported } = fieldError

/** Who stands for election, for what, and how patient everybody is. */
export interface LeaderElectionSettings {
  readonly leaderElect: boolean
  readonly name: string
  readonly namespace: string
  readonly leaseDurationMs: number
  readonly renewDeadlineMs: number
  readonly retryPeriodMs: number
}

/** Candidates that try at the same pace meet again and again. */
const jitter = 1.2

/** Reads `leaderElection`. */
export const readLeaderElection = (reader: Reader, value: unknown): LeaderElectionSettings => {
  const at = "leaderElection"
  const entry = reader.object(value, at)
  const durations = ["leaseDuration", "renewDeadline", "retryPeriod"]
  reader.known(entry, at, ["leaderElect", ...durations, "resourceLock", "resourceName", "resourceNamespace"])
  const lock = reader.text(entry["resourceLock"], `${at}.resourceLock`)
  if (lock !== undefined && lock !== "leases") reader.errors.push(notSupported(`${at}.resourceLock`, lock, ["leases"]))
  const [lease = 15_000, renew = 10_000, retry = 2000] = durations.map((name) => reader.durationMs(entry[name], `${at}.${name}`))
  if (lease <= renew)
    reader.errors.push(invalid(`${at}.leaseDuration`, entry["leaseDuration"], "LeaseDuration must be greater than RenewDeadline"))
  if (renew <= jitter * retry)
    reader.errors.push(invalid(`${at}.renewDeadline`, entry["renewDeadline"], `must be greater than ${jitter} times retryPeriod`))
  return {
    leaderElect: reader.flag(entry["leaderElect"], `${at}.leaderElect`) ?? true,
    name: reader.text(entry["resourceName"], `${at}.resourceName`) ?? "kube-scheduler",
    namespace: reader.text(entry["resourceNamespace"], `${at}.resourceNamespace`) ?? "kube-system",
    leaseDurationMs: lease,
    renewDeadlineMs: renew,
    retryPeriodMs: retry
  }
}

/** Reads `clientConnection`: the file to connect by. */
export const readClientConnection = (reader: Reader, value: unknown): string | undefined => {
  const at = "clientConnection"
  const entry = reader.object(value, at)
  const idle = ["acceptContentTypes", "contentType", "qps", "burst"]
  reader.known(entry, at, ["kubeconfig", ...idle])
  for (const name of idle)
    if (entry[name] !== undefined && entry[name] !== "")
      reader.warnings.push(`${at}.${name} has no effect: requests are JSON, and as many as there is to write`)
  return reader.text(entry["kubeconfig"], `${at}.kubeconfig`) || undefined
}

/** Warns of settings that have no counterpart here. */
export const readIdleSettings = (reader: Reader, root: Json): void => {
  for (const name of ["enableProfiling", "enableContentionProfiling"])
    if (reader.flag(root[name], name) === true)
      reader.warnings.push(`${name} has no effect: profile the process by its runtime's own means`)
  if (reader.flag(root["delayCacheUntilActive"], "delayCacheUntilActive") === false)
    reader.warnings.push("delayCacheUntilActive: false has no effect: caches are filled when the process leads")
  const parallelism = reader.integer(root["parallelism"], "parallelism")
  if (parallelism === undefined) return
  if (parallelism <= 0) reader.errors.push(invalid("parallelism", parallelism, "should be an integer value greater than zero"))
  reader.warnings.push("parallelism has no effect: one thread decides")
}
