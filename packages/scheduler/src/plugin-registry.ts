/** Plugins by name, for configurations that choose among them. @module */
import { defaultPlugins } from "./default-plugins.ts"
import type { Plugin } from "./plugin.ts"
import { makeDefaultPreemption } from "./plugins/default-preemption.ts"
import { makeInterPodAffinity } from "./plugins/inter-pod-affinity.ts"
import { makeNodeAffinity } from "./plugins/node-affinity.ts"
import { makeNodeResourcesBalancedAllocation } from "./plugins/node-resources-balanced-allocation.ts"
import { makeNodeResourcesFit } from "./plugins/node-resources-fit.ts"
import { makePodTopologySpread } from "./plugins/pod-topology-spread.ts"
import { makeVolumeBinding } from "./plugins/volume-binding.ts"

/** Makes a plugin from its arguments, which were checked before. */
export type PluginFactory = (args: Readonly<Record<string, unknown>>) => Plugin

const withArgs: Readonly<Record<string, PluginFactory>> = {
  DefaultPreemption: makeDefaultPreemption,
  InterPodAffinity: makeInterPodAffinity,
  NodeAffinity: makeNodeAffinity,
  NodeResourcesBalancedAllocation: makeNodeResourcesBalancedAllocation,
  NodeResourcesFit: makeNodeResourcesFit,
  PodTopologySpread: makePodTopologySpread,
  VolumeBinding: makeVolumeBinding
}

/** Names of the plugins that every profile has until it disables them, in order. */
export const defaultPluginNames: ReadonlyArray<string> = defaultPlugins.map(({ name }) => name)

/** All plugins of this package. */
export const pluginFactories: Readonly<Record<string, PluginFactory>> = {
  ...Object.fromEntries(defaultPlugins.map((plugin) => [plugin.name, () => plugin])),
  ...withArgs
}
