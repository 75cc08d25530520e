/** The pods that wait for a node: ready to be tried, waiting a while, or waiting for the cluster to change. Pure. @module */
import type { Pod } from "@tsukube/api/core-v1"
import { Heap } from "./heap.ts"
import type { ClusterChange, ClusterEvent, Plugin, QueuedPod } from "./plugin.ts"
import { podKey } from "./pod-info.ts"
import { Snapshot } from "./snapshot.ts"

const firstBackoffMs = 1000
const backoffLimitMs = 10_000
/** Refused pods are tried again after so long even if nothing seems to have changed. */
const unschedulableLimitMs = 300_000
/** Events remembered one by one for a pod in flight. */
const missedLimit = 32

/** A pod that waits, with its history. */
export interface Waiting extends QueuedPod {
  readonly key: string
  readonly attempts: number
  /** Plugins that refused it last; empty after an error, which any event may have cured. */
  readonly refusedBy: ReadonlySet<string>
  /** When it was last put aside. */
  readonly asideMs: number
  /** Before this time it is not tried again. */
  readonly readyMs: number
}

/** Where a key is. */
export type Place = "active" | "backoff" | "unschedulable" | "gated"

/** What a queue is made of. */
export interface QueueOptions {
  /** Those of the first profile order the queue. */
  readonly plugins: ReadonlyArray<Plugin>
  /** The plugins of a pod's profile; `plugins` for all pods when absent. */
  readonly pluginsOf?: (pod: Pod) => ReadonlyArray<Plugin>
  /** What plugins look at when they let a pod in; an empty cluster when absent. */
  readonly snapshot?: Snapshot
  readonly initialBackoffMs?: number
  readonly maxBackoffMs?: number
}

/** Waits double with every attempt, from one second to ten. */
export const backoffMs = (attempts: number, initialMs: number = firstBackoffMs, maxMs: number = backoffLimitMs): number =>
  Math.min(maxMs, initialMs * 2 ** Math.max(0, attempts - 1))

/** Pods refused by the same plugins: most events concern none of them, and are done with at one look. */
interface Group {
  readonly plugins: ReadonlyArray<Plugin>
  /** In the order in which they were put aside. */
  readonly pods: Map<string, Waiting>
}

/** The scheduling queue. Every method takes the time; nothing here reads a clock. */
export class SchedulingQueue {
  readonly #pluginsOf: (pod: Pod) => ReadonlyArray<Plugin>
  readonly #snapshot: Snapshot
  readonly #initialBackoffMs: number
  readonly #maxBackoffMs: number
  readonly #active: Heap<Waiting>
  /** Refused and then woken by an event; the earliest is tried at once when nothing else is to do. */
  readonly #backoff: Heap<Waiting>
  /** Failed with an error; these wait their full time. */
  readonly #failed: Heap<Waiting>
  readonly #unschedulable = new Map<string, Group>()
  readonly #groupOf = new Map<string, Group>()
  readonly #gated = new Map<string, Waiting>()
  /** Keys of gated pods by the plugin that keeps them out. */
  readonly #gatedBy = new Map<Plugin, Set<string>>()
  /** Taken out and not settled yet: their cycle or binding is under way. */
  readonly #inFlight = new Map<string, Waiting>()
  /** Events since a pod in flight was taken out: they may have been meant for it. */
  readonly #missed = new Map<string, Array<ClusterChange>>()

  constructor({ plugins, pluginsOf, snapshot, initialBackoffMs, maxBackoffMs }: QueueOptions) {
    this.#snapshot = snapshot ?? new Snapshot()
    const compare =
      plugins.find((plugin) => plugin.compare !== undefined)?.compare ?? ((left, right) => left.sinceMs - right.sinceMs)
    this.#pluginsOf = pluginsOf ?? (() => plugins)
    this.#initialBackoffMs = initialBackoffMs ?? firstBackoffMs
    this.#maxBackoffMs = maxBackoffMs ?? backoffLimitMs
    this.#active = new Heap<Waiting>(({ key }) => key, compare)
    const byReadiness = (left: Waiting, right: Waiting): number => left.readyMs - right.readyMs
    this.#backoff = new Heap<Waiting>(({ key }) => key, byReadiness)
    this.#failed = new Heap<Waiting>(({ key }) => key, byReadiness)
  }

  /** Pods by where they are. */
  get sizes(): Readonly<Record<Place, number>> {
    return {
      active: this.#active.size,
      backoff: this.#backoff.size + this.#failed.size,
      unschedulable: this.#groupOf.size,
      gated: this.#gated.size
    }
  }

  /** When `advance` has something to do next; undefined when nothing waits for time. */
  get nextDueMs(): number | undefined {
    const never = Number.POSITIVE_INFINITY
    const waiting = Math.min(this.#backoff.first?.readyMs ?? never, this.#failed.first?.readyMs ?? never)
    // The map keeps insertion order, and pods are put aside in order of time.
    let due = waiting
    for (const { pods } of this.#unschedulable.values()) {
      const aside = pods.values().next().value
      if (aside !== undefined) due = Math.min(due, aside.asideMs + unschedulableLimitMs)
    }
    return due === never ? undefined : due
  }

  /** Adds a new pod, or renews one that is known; a change of a refused pod brings it back. */
  put(pod: Pod, nowMs: number): void {
    const key = podKey(pod)
    const inFlight = this.#inFlight.get(key)
    if (inFlight !== undefined) {
      this.#inFlight.set(key, { ...inFlight, pod })
      this.#miss(key, { event: "PodChanged", object: pod })
      return
    }
    for (const heap of [this.#active, this.#backoff, this.#failed]) {
      const known = heap.get(key)
      if (known === undefined) continue
      heap.put({ ...known, pod })
      return
    }
    const aside = this.#groupOf.get(key)?.pods.get(key) ?? this.#gated.get(key)
    const fresh = { key, pod, sinceMs: nowMs, attempts: 0, refusedBy: new Set<string>(), asideMs: nowMs, readyMs: nowMs }
    this.#release(key)
    this.#ungate(key)
    this.#admit(aside === undefined ? fresh : { ...aside, pod }, nowMs)
  }

  /** Takes over the newest state of a pod without trying it again: a change of its status is no reason to. */
  renew(pod: Pod): void {
    const key = podKey(pod)
    for (const heap of [this.#active, this.#backoff, this.#failed]) {
      const known = heap.get(key)
      if (known !== undefined) heap.put({ ...known, pod })
    }
    for (const map of [this.#groupOf.get(key)?.pods, this.#gated, this.#inFlight]) {
      const known = map?.get(key)
      if (known !== undefined) map?.set(key, { ...known, pod })
    }
  }

  /** Forgets a pod: it is gone, or it has a node. */
  remove(key: string): void {
    this.#active.take(key)
    this.#backoff.take(key)
    this.#failed.take(key)
    this.#release(key)
    this.#ungate(key)
    this.#inFlight.delete(key)
    this.#missed.delete(key)
  }

  /** True while the pod is known here, wherever it is. */
  has(key: string): boolean {
    return (
      this.#active.get(key) !== undefined ||
      this.#backoff.get(key) !== undefined ||
      this.#failed.get(key) !== undefined ||
      this.#groupOf.has(key) ||
      this.#gated.has(key) ||
      this.#inFlight.has(key)
    )
  }

  /** Takes out the next pod to try, one in back-off when no other waits (KEP-5142); it must be settled by `remove` or `putAside`. */
  take(): Waiting | undefined {
    const next = this.#active.shift() ?? this.#backoff.shift()
    return next === undefined ? undefined : this.#tryNow(next)
  }

  /** Takes out a pod by its key because another of its gang has its turn; undefined when it is gated, in flight or not here. */
  takeKey(key: string): Waiting | undefined {
    const aside = this.#groupOf.get(key)?.pods.get(key)
    const found = aside ?? this.#active.take(key) ?? this.#backoff.take(key) ?? this.#failed.take(key)
    if (found === undefined) return undefined
    this.#release(key)
    return this.#tryNow(found)
  }

  #tryNow(next: Waiting): Waiting {
    const tried = { ...next, attempts: next.attempts + 1 }
    this.#inFlight.set(next.key, tried)
    this.#missed.set(next.key, [])
    return tried
  }

  /** A pod in flight was refused by plugins, or failed with an error (no plugins). */
  putAside(key: string, refusedBy: ReadonlySet<string>, nowMs: number): void {
    const inFlight = this.#inFlight.get(key)
    const missed = this.#missed.get(key) ?? []
    this.#inFlight.delete(key)
    this.#missed.delete(key)
    if (inFlight === undefined) return
    const aside = { ...inFlight, refusedBy, asideMs: nowMs, readyMs: nowMs + this.#backoffOf(inFlight.attempts) }
    if (refusedBy.size === 0) this.#failed.put(aside)
    else if (missed.some((change) => this.#concerns(aside, change))) this.#backoff.put(aside)
    else this.#hold(key, aside)
  }

  /** The cluster changed: pods that may fit now are tried again, after their back-off. */
  moveOn(event: ClusterEvent, nowMs: number, what: Omit<ClusterChange, "event"> = {}): void {
    const change: ClusterChange = { event, ...what }
    for (const key of this.#missed.keys()) this.#miss(key, change)
    for (const [plugin, keys] of this.#gatedBy) {
      if (plugin.events !== undefined && !plugin.events.includes(event)) continue
      for (const key of [...keys]) {
        const waiting = this.#gated.get(key)
        if (waiting === undefined || plugin.hint?.(waiting.pod, change) === false) continue
        this.#ungate(key)
        this.#admit(waiting, nowMs)
      }
    }
    for (const { plugins, pods } of this.#unschedulable.values()) {
      const interested = plugins.filter((plugin) => plugin.events === undefined || plugin.events.includes(event))
      if (interested.length === 0) continue
      for (const [key, waiting] of pods) {
        if (!interested.some((plugin) => plugin.hint?.(waiting.pod, change) ?? true)) continue
        this.#release(key)
        this.#admit(waiting, nowMs)
      }
    }
  }

  /** Moves what is due into the active queue. */
  advance(nowMs: number): void {
    for (const heap of [this.#backoff, this.#failed]) {
      while (heap.first !== undefined && heap.first.readyMs <= nowMs) this.#active.put(heap.shift()!)
    }
    for (const { pods } of this.#unschedulable.values()) {
      for (const [key, waiting] of pods) {
        if (waiting.asideMs + unschedulableLimitMs > nowMs) break
        this.#release(key)
        this.#admit(waiting, nowMs)
      }
    }
  }

  #backoffOf(attempts: number): number {
    return backoffMs(attempts, this.#initialBackoffMs, this.#maxBackoffMs)
  }

  /** Remembers an event for a pod in flight; beyond the limit only that there was one of the kind. */
  #miss(key: string, change: ClusterChange): void {
    const missed = this.#missed.get(key)
    if (missed === undefined) return
    if (missed.length < missedLimit) missed.push(change)
    else if (!missed.some(({ event, object }) => event === change.event && object === undefined))
      missed.push({ event: change.event })
  }

  #hold(key: string, waiting: Waiting): void {
    const name = `${waiting.pod.spec?.schedulerName ?? ""} ${[...waiting.refusedBy].sort().join()}`
    let group = this.#unschedulable.get(name)
    if (group === undefined) {
      group = { plugins: this.#refusersOf(waiting), pods: new Map() }
      this.#unschedulable.set(name, group)
    }
    group.pods.set(key, waiting)
    this.#groupOf.set(key, group)
  }

  #ungate(key: string): void {
    if (!this.#gated.delete(key)) return
    for (const keys of this.#gatedBy.values()) keys.delete(key)
  }

  #release(key: string): void {
    this.#groupOf.get(key)?.pods.delete(key)
    this.#groupOf.delete(key)
  }

  #concerns(waiting: Waiting, change: ClusterChange): boolean {
    return this.#refusersOf(waiting).some(
      (plugin) =>
        (plugin.events === undefined || plugin.events.includes(change.event)) &&
        (plugin.hint === undefined || change.object === undefined || plugin.hint(waiting.pod, change))
    )
  }

  /** Who refused the pod. An extender is no plugin and names no events: any of them may have been what it waited for. */
  #refusersOf({ pod, refusedBy }: Waiting): ReadonlyArray<Plugin> {
    const plugins = this.#pluginsOf(pod)
    return [...refusedBy].map((name) => plugins.find((plugin) => plugin.name === name) ?? { name })
  }

  #admit(waiting: Waiting, nowMs: number): void {
    const gate = this.#pluginsOf(waiting.pod).find((plugin) => plugin.preEnqueue?.(waiting.pod, this.#snapshot) !== undefined)
    if (gate !== undefined) {
      this.#gated.set(waiting.key, waiting)
      this.#gatedBy.set(gate, (this.#gatedBy.get(gate) ?? new Set()).add(waiting.key))
    } else if (waiting.readyMs > nowMs) this.#backoff.put(waiting)
    else this.#active.put(waiting)
  }
}
