/** A scheduler plugin: a plain object with the extension points it cares about. @module */
import type { Pod } from "@tsukube/api/core-v1"
import type { Client } from "@tsukube/client"
import type { Effect } from "effect"
import type { NodeState } from "./node-state.ts"
import type { PodInfo } from "./pod-info.ts"
import type { Candidate } from "./preemption.ts"
import type { Snapshot } from "./snapshot.ts"

/** Why a node, or all of them, cannot take a pod. */
export interface Refusal {
  readonly reasons: ReadonlyArray<string>
  /** True when removing other pods from the node could help. */
  readonly resolvable: boolean
}

/** What happened in the cluster and may make a refused pod schedulable. */
export type ClusterEvent =
  | "NodeAdded"
  | "NodeAllocatableChanged"
  | "NodeLabelsChanged"
  | "NodeTaintsChanged"
  | "PodAdded"
  | "PodChanged"
  | "PodRemoved"
  /** A pod without a node came; told only for pods of a group. */
  | "UnscheduledPodAdded"
  | "PodGroupChanged"
  | "NamespaceChanged"
  | "VolumeChanged"
  | "ClaimChanged"
  | "StorageClassChanged"
  | "CsiNodeChanged"
  | "CapacityChanged"
  | "VolumeAttachmentChanged"
  | "ResourceClaimChanged"
  | "ResourceSliceChanged"
  | "DeviceClassChanged"

/** An event with the object it happened to, as far as that is known. */
export interface ClusterChange {
  readonly event: ClusterEvent
  /** The object as it is now; what was removed, for a removal. */
  readonly object?: unknown
  readonly previous?: unknown
}

/** The outcome of `preFilter`. */
export interface PreFilterResult<State> {
  /** Handed to `filter`. */
  readonly state?: State
  /** True when the plugin's filter has nothing to say about this pod. */
  readonly skip?: boolean
  /** The only nodes that come into question, by name. */
  readonly nodes?: ReadonlySet<string>
  /** The pod can go nowhere. */
  readonly refusal?: Refusal
}

/** The outcome of `preScore`. */
export interface PreScoreResult<State> {
  /** Handed to `score` and `normalize`. */
  readonly state?: State
  /** True when the plugin does not rank nodes for this pod. */
  readonly skip?: boolean
}

/** What `postFilter` found for a pod that no node can take. */
export interface PostFilterResult {
  /** Added to the pod's message. */
  readonly message?: string
  /** A node that will have room once other pods are gone. */
  readonly nominatedNode?: string
  /** Those other pods; the scheduler deletes them. */
  readonly victims?: ReadonlyArray<PodInfo>
  /** All the nodes where removing pods helps, that one included; extenders choose among them. */
  readonly candidates?: ReadonlyArray<Candidate>
}

/** `permit` says yes, no with a reason, or wait up to so many milliseconds. */
export type Permission =
  | { readonly allow: true }
  | { readonly deny: string }
  | { readonly wait: Promise<boolean>; readonly timeoutMs: number }

/** Tries out a snapshot in which pods come and go; every change is taken back before the cycle goes on. */
export interface Trial {
  /** Why the pod does not fit on the node as the snapshot is now; undefined when it does. */
  readonly refuses: (nodeName: string) => Refusal | undefined
  readonly removePod: (pod: PodInfo) => void
  readonly addPod: (pod: PodInfo, nodeName: string) => void
}

/** The doors that a plugin has out of the pure cycle. */
export interface Handle {
  readonly snapshot: Snapshot
  /** The cluster's API; absent when planning without a cluster. */
  readonly client?: Client
  /** Runs an effect of the client as a promise. */
  readonly run: <A, E>(effect: Effect.Effect<A, E>) => Promise<A>
}

/** Feasible nodes by index, for plugins that filter or score all of them in one loop. */
export interface Candidates {
  readonly indices: Int32Array
  /** How many of `indices` count. */
  size: number
}

/** Pods that get their nodes together. */
export interface Gang {
  /** The same for all of its pods. */
  readonly key: string
  /** None is bound until so many of them have a node. */
  readonly minCount: number
}

/** Extension points, in the order in which they run. `F` is the state between preFilter and filter, `S` that of the scoring. */
export interface Plugin<F = unknown, S = unknown> {
  readonly name: string
  /** How much its scores count; 1 when absent. */
  readonly weight?: number
  /** Events after which a pod that this plugin refused is tried again; all of them when absent. */
  readonly events?: ReadonlyArray<ClusterEvent>
  /** Looks closer at one of `events`: true when it may help this pod. Without it every one of them may. */
  readonly hint?: (pod: Pod, change: ClusterChange) => boolean
  /**
   * All that this plugin reads of a pod, as a text. Promises that `filter` and `score` depend on nothing but that and the state
   * of the one node, so that pods with equal texts share results; undefined makes no such promise for this pod.
   */
  readonly sign?: (pod: PodInfo) => string | undefined
  /** What else it reads of the snapshot, when it has `sign`. */
  readonly signCluster?: (pod: PodInfo, snapshot: Snapshot) => string
  /** Keeps a pod out of the queue: the reason, or undefined to let it in. Asked again when the pod changes, and after `events`. */
  readonly preEnqueue?: (pod: Pod, snapshot: Snapshot) => string | undefined
  /** The gang of a pod: when one of its pods has its turn, all of them that wait have. */
  readonly gang?: (pod: Pod, snapshot: Snapshot) => Gang | undefined
  /** Orders the queue; the first plugin that has it decides. Times are when the pod came into the queue, in milliseconds. */
  readonly compare?: (left: QueuedPod, right: QueuedPod) => number
  readonly preFilter?: (pod: PodInfo, snapshot: Snapshot) => PreFilterResult<F>
  /** Keep the state of `preFilter` true when a trial adds or removes a pod; without them `preFilter` runs again. */
  readonly addPod?: (pod: PodInfo, state: F, added: PodInfo, node: NodeState) => void
  readonly removePod?: (pod: PodInfo, state: F, removed: PodInfo, node: NodeState) => void
  readonly filter?: (pod: PodInfo, node: NodeState, state: F) => Refusal | undefined
  /** `filter` for many nodes at once: keeps the indices of the nodes that pass, in order. Must agree with `filter`. */
  readonly filterMany?: (pod: PodInfo, candidates: Candidates, state: F) => void
  /** Looks for a way out; it may change the snapshot through the trial, and leaves it as it was. */
  readonly postFilter?: (
    pod: PodInfo,
    snapshot: Snapshot,
    refusals: ReadonlyMap<string, NodeRefusal>,
    trial: Trial
  ) => PostFilterResult | undefined
  readonly preScore?: (pod: PodInfo, nodes: ReadonlyArray<NodeState>, snapshot: Snapshot) => PreScoreResult<S>
  /** `preScore` for nodes given by index, for a plugin with `scoreMany` that looks at them; `preScore` gets none then. */
  readonly preScoreMany?: (pod: PodInfo, candidates: Candidates, snapshot: Snapshot) => PreScoreResult<S>
  /** 0 to 100, or any number where `normalize` brings it there. */
  readonly score?: (pod: PodInfo, node: NodeState, state: S) => number
  /** `score` and `normalize` for many nodes at once, into `scores`. Must agree with them. */
  readonly scoreMany?: (pod: PodInfo, candidates: Candidates, state: S, scores: Float64Array) => void
  /** Brings scores to 0 … 100 by dividing by the largest; `reversed` makes the largest 0. Instead of `normalize`. */
  readonly scale?: "plain" | "reversed"
  /** Brings the scores of all feasible nodes to 0 … 100, in place. */
  readonly normalize?: (scores: Array<number>, nodes: ReadonlyArray<NodeState>, state: S) => void
  /** Holds something for the pod; a text refuses. Undone by `unreserve`. */
  readonly reserve?: (pod: PodInfo, nodeName: string, handle: Handle) => string | undefined
  readonly unreserve?: (pod: PodInfo, nodeName: string, handle: Handle) => void
  readonly permit?: (pod: PodInfo, nodeName: string) => Permission
  /** Work before the binding, such as provisioning a volume; a rejection puts the pod back into the queue. */
  readonly preBind?: (pod: PodInfo, nodeName: string, handle: Handle) => Promise<void>
  /** Binds the pod itself and answers true, or false to leave it to the next plugin. */
  readonly bind?: (pod: PodInfo, nodeName: string, handle: Handle) => Promise<boolean>
  readonly postBind?: (pod: PodInfo, nodeName: string) => void
}

/** A pod in the queue. */
export interface QueuedPod {
  readonly pod: Pod
  readonly sinceMs: number
}

/** A refusal with the plugin it came from. */
export interface NodeRefusal extends Refusal {
  readonly plugin: string
}

/** Gives a plugin with typed states the common type; the cycle hands every plugin only its own states back. */
export const definePlugin = <F, S>(plugin: Plugin<F, S>): Plugin => plugin as unknown as Plugin

/** The best score a plugin can give. */
export const maxScore = 100

/** Scales scores so that the largest becomes 100; with `reverse` the largest becomes 0. */
export const scaleScores = (scores: Array<number>, reverse: boolean): void => {
  const most = scores.reduce((left, right) => Math.max(left, right), 0)
  for (let index = 0; index < scores.length; index++) scores[index] = scaledScore(scores[index]!, most, reverse)
}

/** One score of many, the largest of which is `most`, brought to 0 … 100. */
export const scaledScore = (score: number, most: number, reverse: boolean): number => {
  const scaled = most === 0 ? 0 : Math.floor((maxScore * score) / most)
  return reverse ? maxScore - scaled : scaled
}
