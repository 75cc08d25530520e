/** How a pod is shown: above all the one word that says what state it is in. @module */
import { findCondition, isConditionTrue } from "@tsukube/api"
import type { ContainerStatus, Pod } from "@tsukube/api/core-v1"
import { ageColumn, nameColumn, none, orNone, type Printer, printer, text, wide } from "../column.ts"
import { humanDuration } from "../duration.ts"

/** What the columns Ready, Status and Restarts say. */
export interface PodSummary {
  readonly ready: number
  readonly total: number
  readonly status: string
  readonly restarts: number
  /** When a container last ended, in milliseconds. */
  readonly lastRestart: number | undefined
}

/** Restarts of some containers and the last end among them. */
class Restarts {
  count = 0
  last: number | undefined

  add({ restartCount, lastState }: ContainerStatus): void {
    this.count += restartCount ?? 0
    const finished = lastState?.terminated?.finishedAt
    if (finished === undefined || finished === null) return
    this.last = Math.max(this.last ?? 0, Date.parse(finished))
  }
}

const endOf = (status: ContainerStatus): string => {
  const { reason = "", signal = 0, exitCode } = status.state?.terminated ?? { exitCode: 0 }
  if (reason !== "") return reason
  return signal !== 0 ? `Signal:${signal}` : `ExitCode:${exitCode}`
}

/** Reads a pod as kubectl's users expect it: how far initialisation is, else the most telling container, else the phase. */
export const summarizePod = (pod: Pod): PodSummary => {
  const { spec, status = {}, metadata } = pod
  const initSpecs = spec?.initContainers ?? []
  const sidecars = new Set(initSpecs.filter(({ restartPolicy }) => restartPolicy === "Always").map(({ name }) => name))
  const total = (spec?.containers ?? []).length + sidecars.size
  const all = new Restarts()
  const lasting = new Restarts()
  let word = status.reason !== undefined && status.reason !== "" ? status.reason : (status.phase ?? "")
  if (findCondition(status.conditions, "PodScheduled")?.reason === "SchedulingGated") word = "SchedulingGated"
  let ready = 0
  let initializing = false

  for (const [index, container] of (status.initContainerStatuses ?? []).entries()) {
    const sidecar = sidecars.has(container.name)
    all.add(container)
    if (sidecar) lasting.add(container)
    const { terminated, waiting } = container.state ?? {}
    if (terminated !== undefined && terminated.exitCode === 0) continue
    if (sidecar && container.started === true) {
      if (container.ready === true) ready++
      continue
    }
    initializing = true
    if (terminated !== undefined) word = `Init:${endOf(container)}`
    else if (waiting?.reason !== undefined && waiting.reason !== "" && waiting.reason !== "PodInitializing") {
      word = `Init:${waiting.reason}`
    } else word = `Init:${index}/${initSpecs.length}`
    break
  }

  let restarts = all
  if (!initializing || isConditionTrue(status.conditions, "Initialized")) {
    restarts = lasting
    let running = false
    for (const container of [...(status.containerStatuses ?? [])].reverse()) {
      restarts.add(container)
      const { waiting, terminated, running: runs } = container.state ?? {}
      if (waiting?.reason !== undefined && waiting.reason !== "") word = waiting.reason
      else if (terminated !== undefined) word = endOf(container)
      else if (container.ready === true && runs !== undefined) {
        running = true
        ready++
      }
    }
    if (word === "Completed" && running) word = isConditionTrue(status.conditions, "Ready") ? "Running" : "NotReady"
  }

  if (metadata?.deletionTimestamp !== undefined) {
    if (status.reason === "NodeLost") word = "Unknown"
    else if (status.phase !== "Succeeded" && status.phase !== "Failed") word = "Terminating"
  }
  return { ready, total, status: word, restarts: restarts.count, lastRestart: restarts.last }
}

const restartsCell = (pod: Pod, now: number): string => {
  const { restarts, lastRestart } = summarizePod(pod)
  return restarts === 0 || lastRestart === undefined ? String(restarts) : `${restarts} (${humanDuration(now - lastRestart)} ago)`
}

const readinessGates = ({ spec, status }: Pod): string => {
  const gates = spec?.readinessGates ?? []
  if (gates.length === 0) return none
  return `${gates.filter(({ conditionType }) => isConditionTrue(status?.conditions, conditionType)).length}/${gates.length}`
}

const finished = (reason: string, message: string) => [{ type: "Completed", status: "True", reason, message }]

/** Columns of pods. */
export const podPrinter: Printer = printer<Pod>(
  [
    nameColumn,
    text("Ready", (pod) => {
      const { ready, total } = summarizePod(pod)
      return `${ready}/${total}`
    }),
    text("Status", (pod) => summarizePod(pod).status),
    text("Restarts", restartsCell),
    ageColumn,
    wide(text("IP", ({ status }) => orNone(status?.podIPs?.[0]?.ip ?? status?.podIP))),
    wide(text("Node", ({ spec }) => orNone(spec?.nodeName))),
    wide(text("Nominated Node", ({ status }) => orNone(status?.nominatedNodeName))),
    wide(text("Readiness Gates", readinessGates))
  ],
  ({ status }) => {
    if (status?.phase === "Succeeded") return finished("Succeeded", "The pod has completed successfully.")
    return status?.phase === "Failed" ? finished("Failed", "The pod failed.") : undefined
  }
)
