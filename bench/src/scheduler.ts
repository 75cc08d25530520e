/** Decisions a second of our scheduler, in process, beside the rates that upstream's CI asks of scheduler_perf. @module */
import type { Node, Pod } from "@tsukube/api/core-v1"
import {
  type ClusterEvent,
  defaultPlugins,
  Engine,
  type Handle,
  type Nominated,
  podInfo,
  SchedulingQueue,
  type Snapshot,
  snapshotOf
} from "@tsukube/scheduler"
import { Effect } from "effect"
import type { Benchmark } from "./measurement.ts"
import { makeNodes, makePods, type Workload, workloads } from "./scheduler-workloads.ts"

/** The loop of the scheduler without the API server: queue, decision, reservation, and the events that follow. */
class Loop {
  readonly #snapshot: Snapshot
  readonly #engine: Engine
  readonly #queue = new SchedulingQueue({ plugins: defaultPlugins })
  readonly #handle: Handle
  readonly #nominated = new Map<string, Nominated>()
  #now = 0
  placed = 0

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot
    this.#engine = new Engine(snapshot, defaultPlugins)
    this.#handle = { snapshot, run: (effect) => Effect.runPromise(effect) }
  }

  put(pod: Pod): void {
    this.#queue.put(pod, this.#now)
  }

  setNode(node: Node): void {
    this.#snapshot.setNode(node)
    this.#tell("NodeAdded", node)
  }

  removeNode(name: string): void {
    this.#snapshot.removeNode(name)
  }

  remove(key: string): void {
    this.#queue.remove(key)
    this.#nominated.delete(key)
  }

  /** Decides until nothing waits, or `after` says so. */
  drain(after: (placed: number) => void = () => {}): void {
    for (;;) {
      this.#now += 1
      this.#queue.advance(this.#now)
      const waiting = this.#queue.take()
      if (waiting === undefined) return
      const info = podInfo(waiting.pod)
      const decision = this.#engine.schedule(info, Math.random, this.#nominated.size === 0 ? [] : [...this.#nominated.values()])
      if (decision.type === "refused") {
        this.#queue.putAside(waiting.key, decision.plugins, this.#now)
        if (decision.nominatedNode === undefined) continue
        this.#nominated.set(waiting.key, { info, nodeName: decision.nominatedNode })
        for (const victim of decision.victims ?? []) {
          this.#snapshot.removePod(victim.uid)
          this.#tell("PodRemoved", victim.pod)
        }
        continue
      }
      for (const plugin of defaultPlugins) plugin.reserve?.(info, decision.nodeName, this.#handle)
      this.#snapshot.addPod(info, decision.nodeName)
      this.#nominated.delete(waiting.key)
      this.#queue.remove(waiting.key)
      this.#tell("PodAdded", waiting.pod)
      this.placed++
      after(this.placed)
    }
  }

  #tell(event: ClusterEvent, object: unknown): void {
    this.#queue.moveOn(event, this.#now, { object })
  }
}

/** Pods placed a second; throws when some were not. */
export const rateOf = ({ name, cluster, before, measured, churn }: Workload): number => {
  const loop = new Loop(snapshotOf({ ...cluster, pods: [] }))
  for (const pod of before) loop.put(pod)
  loop.drain()
  const initially = loop.placed
  let events = 0
  const started = performance.now()
  for (const pod of measured) loop.put(pod)
  loop.drain((placed) => {
    if (churn === undefined || (placed - initially) % churn.every !== 0 || events > measured.length / churn.every) return
    if (events > 0 && churn.node !== undefined) {
      loop.removeNode(`churn-${events - 1}`)
      loop.remove(`churn${events - 1}-0`)
    }
    if (churn.node !== undefined) loop.setNode(churn.node(events))
    loop.put(churn.pod(events))
    events++
  })
  const seconds = (performance.now() - started) / 1000
  if (loop.placed - initially < measured.length)
    throw new Error(`${name}: ${loop.placed - initially} of ${measured.length} placed`)
  return measured.length / seconds
}

/** Microseconds a pod over so many nodes. */
export const costAt = (nodes: number): number => {
  const roomy = () => ({ status: { allocatable: { cpu: "400", memory: "3200Gi", pods: "11000" } } })
  const loop = new Loop(snapshotOf({ nodes: makeNodes(nodes, roomy), pods: [] }))
  for (const pod of makePods("init", 500)) loop.put(pod)
  loop.drain()
  const pods = makePods("pod", 20_000)
  const started = performance.now()
  for (const pod of pods) loop.put(pod)
  loop.drain()
  return ((performance.now() - started) * 1000) / pods.length
}

/** Decisions in process; upstream's thresholds hold for its whole way through the API server and etcd. */
export const scheduler: Benchmark = {
  name: "scheduler",
  about: "decisions a second in process for every workload of scheduler_perf, beside upstream's CI thresholds",
  unit: () => "pods/s",
  better: () => "higher",
  rounds: 1,
  prepare: async () => {
    const thresholds: Record<string, number> = {}
    return {
      peerName: "CI threshold",
      ours: async () => {
        const rates: Record<string, number> = {}
        for (const make of workloads) {
          const workload = make()
          thresholds[workload.name] = workload.threshold
          rates[workload.name] = rateOf(workload)
        }
        return rates
      },
      peer: async () => thresholds,
      [Symbol.asyncDispose]: async () => {}
    }
  }
}
