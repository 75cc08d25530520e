/** Which pods a pod belongs with, when it says nothing itself: those of its Services and of its controller. @module */
import { controllerOf, labelSelectorFrom, labelSelectorFromMap, matchesLabels, type Selector } from "@tsukube/api"
import type { LabelSelector } from "@tsukube/api/meta-v1"
import type { PodInfo } from "./pod-info.ts"

/** Pods that belong together. */
export interface Group {
  /** Equal for equal groups. */
  readonly signature: string
  /** True for the labels of a pod of the group. */
  readonly matches: (labels: Readonly<Record<string, string>>) => boolean
}

/** Finds the group of a pod; undefined for one that belongs to nobody. */
export type GroupOf = (pod: PodInfo) => Group | undefined

/** What groups are made of. */
export interface GroupSources {
  /** The selectors of the Services of a namespace. */
  readonly serviceSelectors: (namespace: string) => ReadonlyArray<Readonly<Record<string, string>>>
  /** The selector of a ReplicaSet, StatefulSet or ReplicationController (`ReplicaSet`, namespace, name). */
  readonly controllerSelector: (kind: string, namespace: string, name: string) => LabelSelector | undefined
}

/** A pod's group is what all selectors that name the pod have in common, as upstream's default constraints take it. */
export const groupFrom =
  ({ serviceSelectors, controllerSelector }: GroupSources): GroupOf =>
  (pod) => {
    const selectors: Array<Selector> = serviceSelectors(pod.namespace)
      .filter((selector) => Object.keys(selector).length > 0)
      .map(labelSelectorFromMap)
      .filter((selector) => matchesLabels(selector, pod.labels))
    const owner = controllerOf(pod.pod)
    const owned = owner === undefined ? undefined : controllerSelector(owner.kind, pod.namespace, owner.name)
    if (owned !== undefined) selectors.push(labelSelectorFrom(owned))
    if (selectors.every(({ requirements }) => requirements.length === 0)) return undefined
    return {
      signature: JSON.stringify(selectors),
      matches: (labels) => selectors.every((selector) => matchesLabels(selector, labels))
    }
  }
