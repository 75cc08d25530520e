/** Scheduling without a cluster: nodes and pods in, placements and reasons out. @module */
import type { ReplicaSet } from "@tsukube/api/apps-v1"
import type { Node, Pod, Service } from "@tsukube/api/core-v1"
import { type Decision, schedule } from "./cycle.ts"
import { defaultPlugins } from "./default-plugins.ts"
import type { Plugin } from "./plugin.ts"
import { holdsResources, podInfo, Snapshot } from "./snapshot.ts"
import { groupFrom } from "./spread-group.ts"

/** Plain Kubernetes objects. Pods with a `nodeName` take room, the others are placed. */
export interface PlanInput {
  readonly nodes: ReadonlyArray<Node>
  readonly pods: ReadonlyArray<Pod>
  /** Labels of namespaces, for affinity terms that select namespaces. */
  readonly namespaces?: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Pods of one Service are spread, as are those of one replica set. */
  readonly services?: ReadonlyArray<Service>
  readonly replicaSets?: ReadonlyArray<ReplicaSet>
}

/** How to plan. */
export interface PlanOptions {
  readonly plugins?: ReadonlyArray<Plugin>
  /** Numbers from 0 up to 1 that break ties; the default always takes the first of equals. */
  readonly random?: () => number
}

/** A pod and what became of it. */
export interface Planned {
  readonly pod: Pod
  readonly decision: Decision | { readonly type: "gated"; readonly message: string }
}

const isIn =
  (namespace: string) =>
  ({ metadata }: Service | ReplicaSet): boolean =>
    (metadata?.namespace ?? "default") === namespace

/** A snapshot of plain objects. */
export const snapshotOf = ({ nodes, pods, namespaces = {}, services = [], replicaSets = [] }: PlanInput): Snapshot => {
  const snapshot = new Snapshot()
  snapshot.groupOf = groupFrom({
    serviceSelectors: (namespace) =>
      services.filter(isIn(namespace)).flatMap(({ spec }) => (spec?.selector === undefined ? [] : [spec.selector])),
    controllerSelector: (kind, namespace, name) =>
      kind === "ReplicaSet"
        ? replicaSets.filter(isIn(namespace)).find(({ metadata }) => metadata?.name === name)?.spec?.selector
        : undefined
  })
  for (const node of nodes) snapshot.setNode(node)
  for (const [name, labels] of Object.entries(namespaces)) snapshot.setNamespace(name, labels)
  for (const pod of pods) if (pod.spec?.nodeName && holdsResources(pod)) snapshot.addPod(podInfo(pod), pod.spec.nodeName)
  return snapshot
}

const firstOfEquals = (): number => 0

/**
 * Places every pod that has no node yet, in queue order, each seeing the ones before it. Nothing is changed and nothing is
 * read but the arguments; without `random` the same input gives the same plan.
 */
export const plan = (input: PlanInput, options: PlanOptions = {}): ReadonlyArray<Planned> => {
  const { plugins = defaultPlugins, random = firstOfEquals } = options
  const snapshot = snapshotOf(input)
  const compare = plugins.find((plugin) => plugin.compare !== undefined)?.compare
  const waiting = input.pods.filter((pod) => !pod.spec?.nodeName && holdsResources(pod)).map((pod, sinceMs) => ({ pod, sinceMs }))
  if (compare !== undefined) waiting.sort(compare)
  return waiting.map(({ pod }): Planned => {
    const gate = plugins.map((plugin) => plugin.preEnqueue?.(pod)).find((message) => message !== undefined)
    if (gate !== undefined) return { pod, decision: { type: "gated", message: gate } }
    const info = podInfo(pod)
    const decision = schedule(info, snapshot, plugins, random)
    if (decision.type === "placed") snapshot.addPod(info, decision.nodeName)
    return { pod, decision }
  })
}
