/** What a running scheduler knows, kept true by the events of the cluster. @module */
import type { Node, Pod } from "@tsukube/api/core-v1"
import type { InformerEvent } from "@tsukube/client"
import { footprintChanged, nodeEvents, wishesChanged } from "./changes.ts"
import type { Objects } from "./cluster-objects.ts"
import type { Nominated } from "./cycle.ts"
import type { ClusterEvent } from "./plugin.ts"
import { holdsResources, type PodInfo, podInfo, podKey } from "./pod-info.ts"
import type { SchedulingQueue } from "./queue.ts"
import type { Snapshot } from "./snapshot.ts"

/** What the scheduler knows: the cluster, the queue, and the pods it placed whose binding the cluster does not show yet. */
export class State {
  readonly snapshot: Snapshot
  readonly assumed: Set<string> = new Set()
  /** Pods that others were removed for, and the nodes that will have room. */
  readonly nominated: Map<string, Nominated> = new Map()
  readonly queue: SchedulingQueue
  readonly #isOurs: (pod: Pod) => boolean
  readonly #now: () => number
  readonly #wake: () => void

  constructor(snapshot: Snapshot, queue: SchedulingQueue, isOurs: (pod: Pod) => boolean, now: () => number, wake: () => void) {
    this.snapshot = snapshot
    this.queue = queue
    this.#isOurs = isOurs
    this.#now = now
    this.#wake = wake
  }

  readonly onNode = (event: InformerEvent<Node>): void => {
    const { object } = event
    if (event.type === "Delete") this.snapshot.removeNode(object.metadata?.name ?? "")
    else if (!this.#taken(() => this.snapshot.setNode(object))) return
    if (event.type === "Add") this.#tell("NodeAdded", object)
    if (event.type === "Update") for (const each of nodeEvents(object, event.previous)) this.#tell(each, object, event.previous)
  }

  readonly onPod = (event: InformerEvent<Pod>): void => {
    const previous = event.type === "Update" ? event.previous : undefined
    if (previous !== undefined && podKey(previous) !== podKey(event.object)) {
      this.snapshot.groups.delete(previous)
      this.#lose(previous)
    }
    if (event.type === "Delete" || !holdsResources(event.object)) this.snapshot.groups.delete(event.object)
    else if (this.snapshot.groups.add(event.object)) this.#tell("UnscheduledPodAdded", event.object)
    if (event.type === "Delete" || !holdsResources(event.object)) this.#lose(event.object)
    else if (event.object.spec?.nodeName) this.#settle(event.object, previous)
    else if (this.#isOurs(event.object)) this.#enqueue(event.object, previous)
  }

  readonly onNamespace = ({ type, object }: InformerEvent<{ readonly metadata?: Pod["metadata"] }>): void => {
    this.snapshot.setNamespace(object.metadata?.name ?? "", type === "Delete" ? undefined : (object.metadata?.labels ?? {}))
    if (type !== "Delete") this.#tell("NamespaceChanged")
  }

  /** The pod is taken to be on the node from now on, before the API server agrees. */
  assume(info: PodInfo, nodeName: string): void {
    this.assumed.add(info.uid)
    this.snapshot.addPod(info, nodeName)
  }

  /** It does not come to the node because its gang does not; nobody else could have had the room meanwhile, so nobody is told. */
  withdraw(info: PodInfo): void {
    if (this.assumed.delete(info.uid)) this.snapshot.removePod(info.uid)
  }

  /** It did not come to the node after all. */
  revoke(info: PodInfo): void {
    if (!this.assumed.delete(info.uid)) return
    this.snapshot.removePod(info.uid)
    this.#tell("PodRemoved", info.pod)
  }

  #lose(pod: Pod): void {
    const key = podKey(pod)
    const wasPlaced = this.snapshot.nodeOf(key) !== undefined
    this.assumed.delete(key)
    this.nominated.delete(key)
    this.snapshot.removePod(key)
    this.queue.remove(key)
    if (wasPlaced) this.#tell("PodRemoved", pod)
  }

  #settle(pod: Pod, previous: Pod | undefined): void {
    const key = podKey(pod)
    const wasPlaced = previous?.spec?.nodeName !== undefined && this.snapshot.nodeOf(key) !== undefined
    if (wasPlaced && !footprintChanged(pod, previous)) return
    this.assumed.delete(key)
    this.nominated.delete(key)
    this.queue.remove(key)
    if (!this.#taken(() => this.snapshot.addPod(podInfo(pod), pod.spec?.nodeName ?? ""))) return
    this.#tell(wasPlaced ? "PodChanged" : "PodAdded", pod, previous)
  }

  #enqueue(pod: Pod, previous: Pod | undefined): void {
    const key = podKey(pod)
    if (this.assumed.has(key)) return
    const nodeName = pod.status?.nominatedNodeName
    if (nodeName && !this.nominated.has(key)) this.#taken(() => this.nominated.set(key, { info: podInfo(pod), nodeName }))
    if (pod.metadata?.deletionTimestamp !== undefined) this.queue.remove(key)
    else if (previous !== undefined && this.queue.has(key) && !wishesChanged(pod, previous)) this.queue.renew(pod)
    else {
      this.queue.put(pod, this.#now())
      this.#wake()
    }
  }

  /** Keeps objects of a kind, and wakes pods that wait for one. */
  readonly keep =
    <T extends { readonly metadata?: { readonly name?: string } }>(objects: Objects<T>, event: ClusterEvent) =>
    ({ type, object }: { readonly type: "Add" | "Update" | "Delete"; readonly object: T }): void => {
      if (type === "Delete") objects.delete(object)
      else objects.set(object)
      this.#tell(event, object)
    }

  /** An object that cannot be read (a malformed amount, say) is as good as not there, and must not stop the others. */
  #taken(take: () => void): boolean {
    try {
      take()
      return true
    } catch {
      return false
    }
  }

  #tell(event: ClusterEvent, object?: unknown, previous?: unknown): void {
    this.queue.moveOn(event, this.#now(), { object, previous })
    this.#wake()
  }
}
