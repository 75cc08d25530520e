/** The volumes of one pod over its life: made, tried again, refreshed. @module */
import type { Pod } from "@tsukube/api/core-v1"
import { Effect } from "effect"
import type { DownwardFacts } from "./downward.ts"
import type { NodeContext } from "./node-context.ts"
import { VolumeError } from "./volume/files.ts"
import { mountVolumes, type VolumeObjects } from "./volume/volumes.ts"

/** What is remembered of a pod's volumes. */
export interface VolumeMemory {
  /** Where they are on the node, by name; undefined until all of them are there. */
  volumes: ReadonlyMap<string, string> | undefined
  volumesAt: number
  mountDelayMs: number
}

const refreshMs = 60_000
const firstMountDelayMs = 500
const longestMountDelayMs = 122_000

/** The memory of a pod that has no volumes yet. */
export const noVolumes = (): VolumeMemory => ({ volumes: undefined, volumesAt: 0, mountDelayMs: firstMountDelayMs })

/** Whether the volumes have to be made, or looked at again. */
export const areStale = (memory: VolumeMemory, now: number): boolean =>
  memory.volumes === undefined || now - memory.volumesAt >= refreshMs

/** Mounts or refreshes the volumes; gives how long to wait when one of them cannot be made. */
export const prepareVolumes = (
  node: NodeContext,
  memory: VolumeMemory,
  pod: Pod,
  facts: DownwardFacts,
  now: number
): Effect.Effect<number | undefined> =>
  Effect.gen(function* () {
    const mounted = yield* mountVolumes(pod, {
      rootDir: node.rootDir,
      objects: volumeObjects(node, pod),
      facts,
      write: !node.runtime.simulated,
      mountNs: node.runtime.mountNs
    })
    memory.volumesAt = now
    if (mounted.failed.length === 0) {
      memory.volumes = mounted.paths
      memory.mountDelayMs = firstMountDelayMs
      return undefined
    }
    // What runs already keeps its files as they are until the source is back.
    if (memory.volumes !== undefined) return undefined
    for (const { name, message } of mounted.failed) {
      node.recorder.event(pod, "Warning", "FailedMount", `MountVolume.SetUp failed for volume "${name}" : ${message}`)
    }
    const delay = memory.mountDelayMs
    memory.mountDelayMs = Math.min(delay * 2, longestMountDelayMs)
    return delay
  })

const volumeObjects = (node: NodeContext, pod: Pod): VolumeObjects => {
  const namespace = pod.metadata?.namespace ?? ""
  const failing = <A, E extends Error>(effect: Effect.Effect<A, E>) =>
    Effect.mapError(effect, ({ message }) => new VolumeError(message))
  return {
    configMap: (name) => failing(node.objects.configMap(namespace, name)),
    secret: (name) => failing(node.objects.secret(namespace, name)),
    claim: (name) => failing(node.objects.claim(namespace, name)),
    persistentVolume: (name) => failing(node.objects.persistentVolume(name)),
    token: (wish) => failing(node.tokens.of(pod, wish))
  }
}

/** Config maps and secrets change under a running pod, and tokens end: their files are looked at every minute. */
export const refreshAfter = (node: NodeContext, memory: VolumeMemory, pod: Pod, now: number): number | undefined => {
  const changing = (pod.spec?.volumes ?? []).some(
    ({ configMap, secret, projected, downwardAPI }) => (configMap ?? secret ?? projected ?? downwardAPI) !== undefined
  )
  return changing && !node.runtime.simulated ? Math.max(1, memory.volumesAt + refreshMs - now) : undefined
}
