/** The front door of @tsukube/scheduler: every public name, listed by hand. @module */
export { ChangeLog } from "./change-log.ts"
export { checkNode, checkPod } from "./check-pod.ts"
export { ClusterObjects, Objects, objectKey } from "./cluster-objects.ts"
export type { ExtenderTls } from "./configuration/extenders.ts"
export type { LeaderElectionSettings } from "./configuration/leader-election.ts"
export {
  ConfigurationError,
  type ConfigurationOptions,
  type Profile,
  readConfiguration,
  type SchedulerConfiguration
} from "./configuration.ts"
export {
  type Decision,
  type Nominated,
  type Placement,
  type Refused,
  type Sampling,
  schedule,
  unavailableMessage
} from "./cycle.ts"
export { defaultPlugins } from "./default-plugins.ts"
export {
  makePlanner,
  type PlanDecision,
  type PlanInput,
  PlanInputError,
  type Planned,
  type Planner,
  type PlanOptions,
  plan,
  snapshotOf
} from "./embed.ts"
export { Engine, type Ranked } from "./engine.ts"
export { type Explanation, explain, type NodeExplanation } from "./explain.ts"
export { type Extender, type ExtenderFilterResult, type ExtenderSettings, httpExtender } from "./extender.ts"
export { checkFeatureGates, type FeatureGates, parseFeatureGates, pluginsFor } from "./feature-gates.ts"
export { ImageIndex } from "./image-index.ts"
export type { NodeState } from "./node-state.ts"
export {
  type Candidates,
  type ClusterChange,
  type ClusterEvent,
  definePlugin,
  type Gang,
  type Handle,
  type NodeRefusal,
  type Permission,
  type Plugin,
  type PostFilterResult,
  type PreFilterResult,
  type PreScoreResult,
  type QueuedPod,
  type Refusal,
  type Trial
} from "./plugin.ts"
export { type PluginFactory, pluginFactories } from "./plugin-registry.ts"
export { PodGroups } from "./pod-groups.ts"
export { type HostPort, holdsResources, type PodInfo, podInfo } from "./pod-info.ts"
export type { Candidate } from "./preemption.ts"
export { type QueueOptions, SchedulingQueue, type Waiting } from "./queue.ts"
export type { Resources, ScoringRequest } from "./resources.ts"
export { runScheduler, type SchedulerOptions } from "./scheduler.ts"
export { Snapshot } from "./snapshot.ts"
export type { Group, GroupOf } from "./spread-group.ts"
export { type CarriedTerm, Carrier, Column, type Identity, Tally, type TallySpec, Topology } from "./topology.ts"
