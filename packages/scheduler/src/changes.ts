/** What a new state of a node or pod means for pods that wait. Pure. @module */
import { equalJson } from "@tsukube/api"
import type { Node, Pod } from "@tsukube/api/core-v1"
import type { ClusterEvent } from "./plugin.ts"

/** The events that lead from one state of a node to the next; none for a heartbeat. */
export const nodeEvents = (node: Node, previous: Node): ReadonlyArray<ClusterEvent> => {
  const events: Array<ClusterEvent> = []
  if (!equalJson(node.status?.allocatable, previous.status?.allocatable)) events.push("NodeAllocatableChanged")
  if (!equalJson(node.metadata?.labels, previous.metadata?.labels)) events.push("NodeLabelsChanged")
  const isCordoned = (each: Node): boolean => each.spec?.unschedulable === true
  if (!equalJson(node.spec?.taints, previous.spec?.taints) || isCordoned(node) !== isCordoned(previous))
    events.push("NodeTaintsChanged")
  return events
}

/** True when something changed that a waiting pod should be tried again for: everything but status and bookkeeping. */
export const wishesChanged = (pod: Pod, previous: Pod): boolean =>
  !equalJson(pod.spec, previous.spec) ||
  !equalJson(pod.metadata?.labels, previous.metadata?.labels) ||
  !equalJson(pod.metadata?.annotations, previous.metadata?.annotations)

/** True when a pod on a node changed in a way that other pods may feel: labels, requests, or a resize. */
export const footprintChanged = (pod: Pod, previous: Pod): boolean =>
  !equalJson(pod.spec, previous.spec) ||
  !equalJson(pod.metadata?.labels, previous.metadata?.labels) ||
  pod.metadata?.deletionTimestamp !== previous.metadata?.deletionTimestamp ||
  !equalJson(heldBy(pod), heldBy(previous))

const heldBy = (pod: Pod): unknown =>
  [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])].map(
    ({ name, resources, allocatedResources }) => [name, resources?.requests ?? null, allocatedResources ?? null]
  )
