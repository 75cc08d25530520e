/** The Services and controllers of a cluster, for the groups of pods. @module */
import { replicasets, statefulsets } from "@tsukube/api/apps-v1"
import { replicationcontrollers, type Service, services } from "@tsukube/api/core-v1"
import type { Informers } from "@tsukube/client"
import { Effect } from "effect"
import { type GroupOf, groupFrom } from "./spread-group.ts"

const serviceIndexes = {
  namespace: ({ metadata }: Service): ReadonlyArray<string> => [metadata?.namespace ?? ""]
}

/** Groups by what the caches hold, and when they do. */
export const groupsOf = (informers: Informers): { readonly groupOf: GroupOf; readonly synced: Effect.Effect<void> } => {
  const serviceCache = informers.of(services, { indexes: serviceIndexes })
  const replicaSets = informers.of(replicasets)
  const statefulSets = informers.of(statefulsets)
  const replicationControllers = informers.of(replicationcontrollers)
  const groupOf = groupFrom({
    serviceSelectors: (namespace) =>
      serviceCache.byIndex("namespace", namespace).flatMap(({ spec }) => (spec?.selector === undefined ? [] : [spec.selector])),
    controllerSelector: (kind, namespace, name) => {
      const key = `${namespace}/${name}`
      if (kind === "ReplicaSet") return replicaSets.get(key)?.spec?.selector
      if (kind === "StatefulSet") return statefulSets.get(key)?.spec?.selector
      if (kind !== "ReplicationController") return undefined
      const matchLabels = replicationControllers.get(key)?.spec?.selector
      return matchLabels === undefined ? undefined : { matchLabels }
    }
  })
  const caches = [serviceCache, replicaSets, statefulSets, replicationControllers]
  return { groupOf, synced: Effect.forEach(caches, ({ synced }) => synced, { discard: true }) }
}
