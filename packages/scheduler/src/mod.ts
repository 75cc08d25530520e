/** The front door of @tsukube/scheduler: every public name, listed by hand. @module */
export { type Decision, type Placement, type Refused, schedule, unavailableMessage } from "./cycle.ts"
export { defaultPlugins } from "./default-plugins.ts"
export { type PlanInput, type Planned, type PlanOptions, plan, snapshotOf } from "./embed.ts"
export {
  type ClusterEvent,
  definePlugin,
  type NodeRefusal,
  type Permission,
  type Plugin,
  type PostFilterResult,
  type PreFilterResult,
  type PreScoreResult,
  type QueuedPod,
  type Refusal
} from "./plugin.ts"
export type { Resources, ScoringRequest } from "./resources.ts"
export { runScheduler, type SchedulerOptions } from "./scheduler.ts"
export { type HostPort, holdsResources, type NodeState, type PodInfo, podInfo, Snapshot } from "./snapshot.ts"
export type { Group, GroupOf } from "./spread-group.ts"
