/** The pods that wait for a node: ready to be tried, waiting a while, or waiting for the cluster to change. Pure. @module */
import type { Pod } from "@tsukube/api/core-v1"
import { Heap } from "./heap.ts"
import type { ClusterEvent, Plugin, QueuedPod } from "./plugin.ts"
import { podKey } from "./snapshot.ts"

const firstBackoffMs = 1000
const backoffLimitMs = 10_000
/** Refused pods are tried again after so long even if nothing seems to have changed. */
const unschedulableLimitMs = 300_000

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
  readonly plugins: ReadonlyArray<Plugin>
}

/** Waits double with every attempt, from one second to ten. */
export const backoffMs = (attempts: number): number => Math.min(backoffLimitMs, firstBackoffMs * 2 ** Math.max(0, attempts - 1))

/** The scheduling queue. Every method takes the time; nothing here reads a clock. */
export class SchedulingQueue {
  readonly #plugins: ReadonlyArray<Plugin>
  readonly #active: Heap<Waiting>
  /** Refused and then woken by an event; the earliest is tried at once when nothing else is to do. */
  readonly #backoff: Heap<Waiting>
  /** Failed with an error; these wait their full time. */
  readonly #failed: Heap<Waiting>
  readonly #unschedulable = new Map<string, Waiting>()
  readonly #gated = new Map<string, Waiting>()
  /** Taken out and not settled yet: their cycle or binding is under way. */
  readonly #inFlight = new Map<string, Waiting>()
  /** Events since a pod in flight was taken out: they may have been meant for it. */
  readonly #missed = new Map<string, Set<ClusterEvent>>()

  constructor({ plugins }: QueueOptions) {
    const compare =
      plugins.find((plugin) => plugin.compare !== undefined)?.compare ?? ((left, right) => left.sinceMs - right.sinceMs)
    this.#plugins = plugins
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
      unschedulable: this.#unschedulable.size,
      gated: this.#gated.size
    }
  }

  /** When `advance` has something to do next; undefined when nothing waits for time. */
  get nextDueMs(): number | undefined {
    const never = Number.POSITIVE_INFINITY
    const waiting = Math.min(this.#backoff.first?.readyMs ?? never, this.#failed.first?.readyMs ?? never)
    // The map keeps insertion order, and pods are put aside in order of time.
    const aside = this.#unschedulable.values().next().value
    const due = Math.min(waiting, aside === undefined ? never : aside.asideMs + unschedulableLimitMs)
    return due === never ? undefined : due
  }

  /** Adds a new pod, or renews one that is known; a change of a refused pod brings it back. */
  put(pod: Pod, nowMs: number): void {
    const key = podKey(pod)
    const inFlight = this.#inFlight.get(key)
    if (inFlight !== undefined) {
      this.#inFlight.set(key, { ...inFlight, pod })
      this.#missed.get(key)?.add("PodChanged")
      return
    }
    for (const heap of [this.#active, this.#backoff, this.#failed]) {
      const known = heap.get(key)
      if (known === undefined) continue
      heap.put({ ...known, pod })
      return
    }
    const aside = this.#unschedulable.get(key) ?? this.#gated.get(key)
    const fresh = { key, pod, sinceMs: nowMs, attempts: 0, refusedBy: new Set<string>(), asideMs: nowMs, readyMs: nowMs }
    this.#unschedulable.delete(key)
    this.#gated.delete(key)
    this.#admit(aside === undefined ? fresh : { ...aside, pod }, nowMs)
  }

  /** Takes over the newest state of a pod without trying it again: a change of its status is no reason to. */
  renew(pod: Pod): void {
    const key = podKey(pod)
    for (const heap of [this.#active, this.#backoff, this.#failed]) {
      const known = heap.get(key)
      if (known !== undefined) heap.put({ ...known, pod })
    }
    for (const map of [this.#unschedulable, this.#gated, this.#inFlight]) {
      const known = map.get(key)
      if (known !== undefined) map.set(key, { ...known, pod })
    }
  }

  /** Forgets a pod: it is gone, or it has a node. */
  remove(key: string): void {
    this.#active.take(key)
    this.#backoff.take(key)
    this.#failed.take(key)
    this.#unschedulable.delete(key)
    this.#gated.delete(key)
    this.#inFlight.delete(key)
    this.#missed.delete(key)
  }

  /** True while the pod is known here, wherever it is. */
  has(key: string): boolean {
    return (
      this.#active.get(key) !== undefined ||
      this.#backoff.get(key) !== undefined ||
      this.#failed.get(key) !== undefined ||
      this.#unschedulable.has(key) ||
      this.#gated.has(key) ||
      this.#inFlight.has(key)
    )
  }

  /** Takes out the next pod to try, one in back-off when no other waits (KEP-5142); it must be settled by `remove` or `putAside`. */
  take(): Waiting | undefined {
    const next = this.#active.shift() ?? this.#backoff.shift()
    if (next === undefined) return undefined
    const tried = { ...next, attempts: next.attempts + 1 }
    this.#inFlight.set(next.key, tried)
    this.#missed.set(next.key, new Set())
    return tried
  }

  /** A pod in flight was refused by plugins, or failed with an error (no plugins). */
  putAside(key: string, refusedBy: ReadonlySet<string>, nowMs: number): void {
    const inFlight = this.#inFlight.get(key)
    const missed = this.#missed.get(key) ?? new Set()
    this.#inFlight.delete(key)
    this.#missed.delete(key)
    if (inFlight === undefined) return
    const aside = { ...inFlight, refusedBy, asideMs: nowMs, readyMs: nowMs + backoffMs(inFlight.attempts) }
    if (refusedBy.size === 0) this.#failed.put(aside)
    else if ([...missed].some((event) => this.#concerns(aside, event))) this.#backoff.put(aside)
    else this.#unschedulable.set(key, aside)
  }

  /** The cluster changed: pods that may fit now are tried again, after their back-off. */
  moveOn(event: ClusterEvent, nowMs: number): void {
    for (const missed of this.#missed.values()) missed.add(event)
    for (const [key, waiting] of this.#unschedulable) {
      if (!this.#concerns(waiting, event)) continue
      this.#unschedulable.delete(key)
      this.#admit(waiting, nowMs)
    }
  }

  /** Moves what is due into the active queue. */
  advance(nowMs: number): void {
    for (const heap of [this.#backoff, this.#failed]) {
      while (heap.first !== undefined && heap.first.readyMs <= nowMs) this.#active.put(heap.shift()!)
    }
    for (const [key, waiting] of this.#unschedulable) {
      if (waiting.asideMs + unschedulableLimitMs > nowMs) break
      this.#unschedulable.delete(key)
      this.#admit(waiting, nowMs)
    }
  }

  #concerns(waiting: Waiting, event: ClusterEvent): boolean {
    return this.#plugins.some(
      (plugin) => waiting.refusedBy.has(plugin.name) && (plugin.events === undefined || plugin.events.includes(event))
    )
  }

  #admit(waiting: Waiting, nowMs: number): void {
    const isGated = this.#plugins.some((plugin) => plugin.preEnqueue?.(waiting.pod) !== undefined)
    if (isGated) this.#gated.set(waiting.key, waiting)
    else if (waiting.readyMs > nowMs) this.#backoff.put(waiting)
    else this.#active.put(waiting)
  }
}
