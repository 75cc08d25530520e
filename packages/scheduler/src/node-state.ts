/** A node with the sum of what its pods take. @module */
import type { Node } from "@tsukube/api/core-v1"
import type { PodInfo } from "./pod-info.ts"
import { noResources, type Resources, type ScoringRequest } from "./resources.ts"

/** A node with the sum of what its pods take. Plugins read it and never change it. */
export interface NodeState {
  readonly name: string
  /** Its row in columns; small numbers, given again when a node has gone. */
  readonly index: number
  readonly node: Node
  readonly labels: Readonly<Record<string, string>>
  readonly allocatable: Resources
  readonly podLimit: number
  readonly requested: Resources
  readonly scoring: ScoringRequest
  readonly pods: ReadonlyMap<string, PodInfo>
  /** Volumes of its pods, of all kinds. */
  readonly volumeCount: number
  /** Grows with every change of the node or its pods. */
  readonly revision: number
  /** Those of `pods` that care about other pods. */
  readonly podsWithAffinity: ReadonlyMap<string, PodInfo>
}

/** The same for its one writer, the snapshot. */
export interface MutableNode extends NodeState {
  index: number
  node: Node
  labels: Readonly<Record<string, string>>
  allocatable: Resources
  podLimit: number
  volumeCount: number
  revision: number
  readonly pods: Map<string, PodInfo>
  readonly podsWithAffinity: Map<string, PodInfo>
}

/** How many pods a node takes. */
export const podLimitOf = (node: Node): number => Number(node.status?.allocatable?.["pods"] ?? 0)

/** A node that nothing is known of but its name. */
export const emptyNode = (name: string): MutableNode => ({
  name,
  index: -1,
  node: { metadata: { name } },
  labels: {},
  allocatable: noResources(),
  podLimit: 0,
  requested: noResources(),
  scoring: { cpuMilli: 0, memory: 0 },
  pods: new Map(),
  volumeCount: 0,
  revision: 0,
  podsWithAffinity: new Map()
})
