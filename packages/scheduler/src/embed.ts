/** Scheduling without a cluster: nodes and pods in, placements and reasons out. @module */
import { type FieldError, formatFieldError } from "@tsukube/api"
import type { ReplicaSet, StatefulSet } from "@tsukube/api/apps-v1"
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod, ReplicationController, Service } from "@tsukube/api/core-v1"
import type { ObjectMeta } from "@tsukube/api/meta-v1"
import type { PodDisruptionBudget } from "@tsukube/api/policy-v1"
import type { DeviceClass, ResourceClaim, ResourceSlice } from "@tsukube/api/resource-v1"
import type { PodGroup } from "@tsukube/api/scheduling-v1alpha2"
import type { CSIDriver, CSINode, CSIStorageCapacity, StorageClass, VolumeAttachment } from "@tsukube/api/storage-v1"
import { Data, Effect } from "effect"
import { checkNode, checkPod } from "./check-pod.ts"
import type { Decision } from "./cycle.ts"
import { defaultPlugins } from "./default-plugins.ts"
import { Engine } from "./engine.ts"
import { type Explanation, explain } from "./explain.ts"
import { waitingForGang } from "./gang-message.ts"
import type { Handle, Plugin } from "./plugin.ts"
import { holdsResources, podInfo } from "./pod-info.ts"
import { Snapshot } from "./snapshot.ts"
import { groupFrom } from "./spread-group.ts"

/** Plain Kubernetes objects. Pods with a `nodeName` take room, the others are placed. */
export interface PlanInput {
  readonly nodes: ReadonlyArray<Node>
  readonly pods: ReadonlyArray<Pod>
  /** Labels of namespaces, for affinity terms that select namespaces. */
  readonly namespaces?: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Pods of one Service are spread, as are those of one controller. */
  readonly services?: ReadonlyArray<Service>
  readonly replicaSets?: ReadonlyArray<ReplicaSet>
  readonly statefulSets?: ReadonlyArray<StatefulSet>
  readonly replicationControllers?: ReadonlyArray<ReplicationController>
  /** Preemption keeps these where it can. */
  readonly budgets?: ReadonlyArray<PodDisruptionBudget>
  readonly persistentVolumes?: ReadonlyArray<PersistentVolume>
  readonly persistentVolumeClaims?: ReadonlyArray<PersistentVolumeClaim>
  readonly storageClasses?: ReadonlyArray<StorageClass>
  readonly csiNodes?: ReadonlyArray<CSINode>
  readonly csiDrivers?: ReadonlyArray<CSIDriver>
  readonly capacities?: ReadonlyArray<CSIStorageCapacity>
  readonly volumeAttachments?: ReadonlyArray<VolumeAttachment>
  readonly resourceClaims?: ReadonlyArray<ResourceClaim>
  readonly resourceSlices?: ReadonlyArray<ResourceSlice>
  readonly deviceClasses?: ReadonlyArray<DeviceClass>
  /** Counts only with plugins that know of gangs: `pluginsFor({ GenericWorkload: true, GangScheduling: true })`. */
  readonly podGroups?: ReadonlyArray<PodGroup>
}

/** How to plan. */
export interface PlanOptions {
  readonly plugins?: ReadonlyArray<Plugin>
  /** Numbers from 0 up to 1 that break ties; the default always takes the first of equals. */
  readonly random?: () => number
}

/** What became of a pod; `invalid` is one that no API server would take. */
export type PlanDecision =
  | Decision
  | { readonly type: "gated"; readonly message: string }
  | { readonly type: "invalid"; readonly message: string; readonly errors: ReadonlyArray<FieldError> }

/** A pod and what became of it. */
export interface Planned {
  readonly pod: Pod
  readonly decision: PlanDecision
}

/** A node or placed pod that cannot be read; every finding has the path of its field. */
export class PlanInputError extends Data.Error<{ readonly message: string; readonly errors: ReadonlyArray<FieldError> }> {
  readonly _tag = "PlanInputError"
}

interface Named {
  readonly metadata?: ObjectMeta
}

const isIn =
  (namespace: string) =>
  ({ metadata }: Named): boolean =>
    (metadata?.namespace ?? "default") === namespace

const refuseInput = (list: string, index: number, found: ReadonlyArray<FieldError>): void => {
  if (found.length === 0) return
  const errors = found.map((error) => ({ ...error, field: `${list}[${index}].${error.field}` }))
  throw new PlanInputError({ message: errors.map(formatFieldError).join("\n"), errors })
}

const keepObjects = ({ objects }: Snapshot, input: PlanInput): void => {
  for (const object of input.persistentVolumes ?? []) objects.volumes.set(object)
  for (const object of input.persistentVolumeClaims ?? []) objects.claims.set(object)
  for (const object of input.storageClasses ?? []) objects.storageClasses.set(object)
  for (const object of input.csiNodes ?? []) objects.csiNodes.set(object)
  for (const object of input.csiDrivers ?? []) objects.csiDrivers.set(object)
  for (const object of input.volumeAttachments ?? []) objects.volumeAttachments.set(object)
  for (const object of input.capacities ?? []) objects.capacities.set(object)
  for (const object of input.resourceClaims ?? []) objects.resourceClaims.set(object)
  for (const object of input.resourceSlices ?? []) objects.resourceSlices.set(object)
  for (const object of input.deviceClasses ?? []) objects.deviceClasses.set(object)
  for (const object of input.podGroups ?? []) objects.podGroups.set(object)
}

/** A snapshot of plain objects; throws `PlanInputError` for nodes and placed pods that cannot be read. */
export const snapshotOf = (input: PlanInput): Snapshot => {
  const { nodes, pods, namespaces = {}, services = [], budgets = [] } = input
  const { replicaSets = [], statefulSets = [], replicationControllers = [] } = input
  const snapshot = new Snapshot()
  snapshot.groupOf = groupFrom({
    serviceSelectors: (namespace) =>
      services.filter(isIn(namespace)).flatMap(({ spec }) => (spec?.selector === undefined ? [] : [spec.selector])),
    controllerSelector: (kind, namespace, name) => {
      const named = <T extends Named>(all: ReadonlyArray<T>): T | undefined =>
        all.filter(isIn(namespace)).find(({ metadata }) => metadata?.name === name)
      if (kind === "ReplicaSet") return named(replicaSets)?.spec?.selector
      if (kind === "StatefulSet") return named(statefulSets)?.spec?.selector
      const matchLabels = kind === "ReplicationController" ? named(replicationControllers)?.spec?.selector : undefined
      return matchLabels === undefined ? undefined : { matchLabels }
    }
  })
  snapshot.budgets = () => budgets
  for (const [index, node] of nodes.entries()) {
    refuseInput("nodes", index, checkNode(node))
    snapshot.setNode(node)
  }
  for (const [name, labels] of Object.entries(namespaces)) snapshot.setNamespace(name, labels)
  for (const pod of pods) if (holdsResources(pod)) snapshot.groups.add(pod)
  for (const [index, pod] of pods.entries()) {
    if (!pod.spec?.nodeName || !holdsResources(pod)) continue
    refuseInput("pods", index, checkPod(pod))
    snapshot.addPod(podInfo(pod), pod.spec.nodeName)
  }
  keepObjects(snapshot, input)
  return snapshot
}

const firstOfEquals = (): number => 0
/** A pod that fits everywhere for ever (it asks for nothing) is counted up to here. */
const countLimit = 1_000_000

/** A cluster in memory to try things out on. */
export interface Planner {
  /** `snapshot.fork()`, then `commit()` or `revert()`, around anything that may have to be taken back. */
  readonly snapshot: Snapshot
  /** Says where a pod would go, and changes nothing. */
  readonly decide: (pod: Pod) => PlanDecision
  /** Places a pod: the next ones see it. */
  readonly place: (pod: Pod) => PlanDecision
  /** Places pods when at least `minCount` of them fit, none otherwise. */
  readonly placeTogether: (pods: ReadonlyArray<Pod>, minCount?: number) => ReadonlyArray<PlanDecision>
  /** What every node says about a pod: which plugin refuses it and why, or every plugin's score. */
  readonly explain: (pod: Pod) => Explanation
  /** How many pods like this one fit, up to `limit`; changes nothing. */
  readonly howManyMore: (pod: Pod, limit?: number) => number
}

/** Makes a cluster in memory of plain objects. */
export const makePlanner = (input: PlanInput, options: PlanOptions = {}): Planner => {
  const { plugins = defaultPlugins, random = firstOfEquals } = options
  const snapshot = snapshotOf(input)
  const engine = new Engine(snapshot, plugins)
  const handle: Handle = { snapshot, run: (effect) => Effect.runPromise(effect) }
  const reserve = (pod: Pod, nodeName: string): void => {
    for (const plugin of plugins) plugin.reserve?.(podInfo(pod), nodeName, handle)
  }
  const decide = (pod: Pod): PlanDecision => {
    const errors = checkPod(pod)
    if (errors.length > 0) return { type: "invalid", message: errors.map(formatFieldError).join("\n"), errors }
    try {
      const gate = plugins.map((plugin) => plugin.preEnqueue?.(pod, snapshot)).find((message) => message !== undefined)
      if (gate !== undefined) return { type: "gated", message: gate }
      return engine.schedule(podInfo(pod), random)
    } catch (error) {
      // Whatever a plugin cannot cope with is this pod's affair.
      return { type: "invalid", message: error instanceof Error ? error.message : String(error), errors: [] }
    }
  }
  const place = (pod: Pod): PlanDecision => {
    const decision = decide(pod)
    if (decision.type !== "placed") return decision
    reserve(pod, decision.nodeName)
    snapshot.addPod(podInfo(pod), decision.nodeName)
    return decision
  }
  const placeTogether = (pods: ReadonlyArray<Pod>, minCount = pods.length): ReadonlyArray<PlanDecision> => {
    snapshot.fork()
    const decisions = pods.map(place)
    if (decisions.filter(({ type }) => type === "placed").length >= minCount) {
      snapshot.commit()
      return decisions
    }
    snapshot.revert()
    const plugins = new Set(["GangScheduling"])
    return decisions.map((decision) =>
      decision.type === "placed" ? { type: "refused", message: waitingForGang, plugins, nodes: new Map() } : decision
    )
  }
  return {
    snapshot,
    decide,
    place,
    placeTogether,
    explain: (pod) => explain(podInfo(pod), snapshot, plugins),
    howManyMore: (pod, limit = countLimit) => {
      snapshot.fork()
      try {
        for (let count = 0; count < limit; count++) {
          const uid = `${pod.metadata?.uid ?? pod.metadata?.name ?? ""} ${count}`
          if (place({ ...pod, metadata: { ...pod.metadata, uid } }).type !== "placed") return count
        }
        return limit
      } finally {
        snapshot.revert()
      }
    }
  }
}

/** Places pods one after the other; the turn of a gang's first pod is that of all of them. `before` hears of each turn. */
export const placeInOrder = (
  planner: Planner,
  plugins: ReadonlyArray<Plugin>,
  pods: ReadonlyArray<Pod>,
  before: (pod: Pod) => void = () => {}
): ReadonlyArray<Planned> => {
  const { snapshot } = planner
  const gangOf = plugins.find((plugin) => plugin.gang !== undefined)?.gang
  const decisions = new Map<Pod, PlanDecision>()
  for (const pod of pods) {
    if (decisions.has(pod)) continue
    before(pod)
    const gang = gangOf?.(pod, snapshot)
    const together = gang === undefined ? [pod] : pods.filter((other) => gangOf?.(other, snapshot)?.key === gang.key)
    const there =
      gang === undefined ? 0 : snapshot.groups.membersOf(gang.key).filter((key) => snapshot.nodeOf(key) !== undefined).length
    const made = gang === undefined ? [planner.place(pod)] : planner.placeTogether(together, gang.minCount - there)
    for (const [index, each] of together.entries()) decisions.set(each, made[index]!)
  }
  return pods.map((pod) => ({ pod, decision: decisions.get(pod)! }))
}

/**
 * Places every pod that has no node yet, in queue order, each seeing the ones before it. Nothing is changed and nothing is
 * read but the arguments; without `random` the same input gives the same plan.
 */
export const plan = (input: PlanInput, options: PlanOptions = {}): ReadonlyArray<Planned> => {
  const { plugins = defaultPlugins } = options
  const planner = makePlanner(input, options)
  const compare = plugins.find((plugin) => plugin.compare !== undefined)?.compare
  const waiting = input.pods.filter((pod) => !pod.spec?.nodeName && holdsResources(pod)).map((pod, sinceMs) => ({ pod, sinceMs }))
  if (compare !== undefined) waiting.sort(compare)
  return placeInOrder(
    planner,
    plugins,
    waiting.map(({ pod }) => pod)
  )
}
