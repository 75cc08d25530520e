/** The plugins of the default profile, in upstream's order. @module */
import type { Plugin } from "./plugin.ts"
import { defaultPreemption } from "./plugins/default-preemption.ts"
import { imageLocality } from "./plugins/image-locality.ts"
import { interPodAffinity } from "./plugins/inter-pod-affinity.ts"
import { nodeAffinity } from "./plugins/node-affinity.ts"
import { nodeName } from "./plugins/node-name.ts"
import { nodePorts } from "./plugins/node-ports.ts"
import { nodeResourcesBalancedAllocation } from "./plugins/node-resources-balanced-allocation.ts"
import { nodeResourcesFit } from "./plugins/node-resources-fit.ts"
import { nodeUnschedulable } from "./plugins/node-unschedulable.ts"
import { podTopologySpread } from "./plugins/pod-topology-spread.ts"
import { prioritySort } from "./plugins/priority-sort.ts"
import { schedulingGates } from "./plugins/scheduling-gates.ts"
import { taintToleration } from "./plugins/taint-toleration.ts"

/** What the profile `default-scheduler` runs. */
export const defaultPlugins: ReadonlyArray<Plugin> = [
  schedulingGates,
  prioritySort,
  nodeUnschedulable,
  nodeName,
  taintToleration,
  nodeAffinity,
  nodePorts,
  nodeResourcesFit,
  podTopologySpread,
  interPodAffinity,
  defaultPreemption,
  nodeResourcesBalancedAllocation,
  imageLocality
]
