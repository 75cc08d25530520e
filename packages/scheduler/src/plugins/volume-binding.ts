/** A pod goes only where its volumes are, or can be made (KEP-490, KEP-1472). @module */
import { type PersistentVolumeClaim, persistentvolumeclaims, persistentvolumes } from "@tsukube/api/core-v1"
import { Effect } from "effect"
import { type ClusterObjects, objectKey } from "../cluster-objects.ts"
import type { NodeState } from "../node-state.ts"
import { definePlugin, type Handle, type Plugin, type Refusal } from "../plugin.ts"
import { claimsOf, classOf, hasClaims, isBound } from "../pod-claims.ts"
import type { PodInfo } from "../pod-info.ts"
import type { Snapshot } from "../snapshot.ts"
import { claimedBytes, findVolume, isReachable, refusesProvision } from "../volume-match.ts"

const refusal = (reason: string): Refusal => ({ reasons: [reason], resolvable: false })
const nodeConflict = refusal("node(s) didn't match PersistentVolume's node affinity")
const bindConflict = refusal("node(s) didn't find available persistent volumes to bind")
const notEnoughSpace = refusal("node(s) did not have enough free storage")
const volumeMissing = refusal("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)")

/** Arguments of the plugin. */
export interface VolumeBindingArgs {
  /** How long a pod waits for its volumes once it has a node; default 600. */
  readonly bindTimeoutSeconds?: number
}

interface State {
  readonly bound: ReadonlyArray<PersistentVolumeClaim>
  /** Claims that wait for their first consumer, the smallest first. */
  readonly delayed: ReadonlyArray<PersistentVolumeClaim>
  readonly objects: ClusterObjects
}

const selectedNode = "volume.kubernetes.io/selected-node"

/** Sorts the claims of a pod, or says why it can go nowhere. */
const stateOf = (pod: PodInfo, objects: ClusterObjects): State | string => {
  const bound: Array<PersistentVolumeClaim> = []
  const delayed: Array<PersistentVolumeClaim> = []
  for (const { name, key, isEphemeral } of claimsOf(pod)) {
    const claim = objects.claims.get(key)
    if (claim === undefined) {
      return isEphemeral
        ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`
        : `persistentvolumeclaim "${name}" not found`
    }
    if (claim.status?.phase === "Lost")
      return `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec?.volumeName}"`
    if (claim.metadata?.deletionTimestamp !== undefined) return `persistentvolumeclaim "${name}" is being deleted`
    const isOurs = claim.metadata?.ownerReferences?.some(({ uid }) => uid === pod.pod.metadata?.uid) === true
    if (isEphemeral && !isOurs)
      return `PVC "${key}" was not created for pod "${pod.namespace}/${pod.pod.metadata?.name}" (pod is not owner)`
    if (isBound(claim)) bound.push(claim)
    else if (objects.storageClasses.get(classOf(claim))?.volumeBindingMode === "WaitForFirstConsumer" && !claim.spec?.volumeName)
      delayed.push(claim)
    else return "pod has unbound immediate PersistentVolumeClaims"
  }
  return { bound, delayed: delayed.sort((left, right) => claimedBytes(left) - claimedBytes(right)), objects }
}

interface Bindings {
  /** Volume names by claim. */
  readonly volumes: ReadonlyMap<PersistentVolumeClaim, string>
  readonly provisions: ReadonlyArray<PersistentVolumeClaim>
}

/** Ready volumes first; the rest must be made. */
const bindingsOn = ({ delayed, objects }: State, node: NodeState): Bindings | Refusal => {
  const taken = new Set(objects.promisedVolumes.values())
  const volumes = new Map<PersistentVolumeClaim, string>()
  const provisions: Array<PersistentVolumeClaim> = []
  for (const claim of delayed) {
    const isChosen = claim.metadata?.annotations?.[selectedNode] !== undefined
    const promised = objects.promisedVolumes.get(objectKey(claim))
    if (promised !== undefined) {
      const volume = objects.volumes.get(promised)
      if (volume === undefined || !isReachable(volume, node)) return nodeConflict
      continue
    }
    const volume = isChosen ? undefined : findVolume(claim, node, objects, taken)
    const name = volume?.metadata?.name
    if (name !== undefined) {
      volumes.set(claim, name)
      taken.add(name)
      continue
    }
    const refused = refusesProvision(claim, node, objects)
    if (refused !== undefined) return refused === "space" ? notEnoughSpace : bindConflict
    provisions.push(claim)
  }
  return { volumes, provisions }
}

const filterNode = (state: State, node: NodeState): Refusal | undefined => {
  for (const { spec } of state.bound) {
    const volume = state.objects.volumes.get(spec?.volumeName ?? "")
    if (volume === undefined) return volumeMissing
    if (!isReachable(volume, node)) return nodeConflict
  }
  const bindings = bindingsOn(state, node)
  return "volumes" in bindings ? undefined : bindings
}

const forget = (pod: PodInfo, objects: ClusterObjects): void => {
  for (const { key } of claimsOf(pod)) {
    objects.promisedVolumes.delete(key)
    objects.promisedNodes.delete(key)
  }
}

const reserve = (pod: PodInfo, nodeName: string, { snapshot }: { readonly snapshot: Snapshot }): string | undefined => {
  if (!hasClaims(pod.pod)) return undefined
  const { objects } = snapshot
  const state = stateOf(pod, objects)
  const node = snapshot.nodes.get(nodeName)
  if (typeof state === "string") return state
  if (node === undefined) return "node is gone"
  const bindings = bindingsOn(state, node)
  if (!("volumes" in bindings)) return bindings.reasons.join(", ")
  for (const [claim, volume] of bindings.volumes) objects.promisedVolumes.set(objectKey(claim), volume)
  for (const claim of bindings.provisions) objects.promisedNodes.set(objectKey(claim), nodeName)
  return undefined
}

/** Writes what was promised, and waits until the cluster has done it. */
const bindVolumes = (pod: PodInfo, handle: Handle, timeoutMs: number): Effect.Effect<void, unknown> =>
  Effect.gen(function* () {
    const { client } = handle
    const { objects } = handle.snapshot
    if (client === undefined) return
    for (const { key } of claimsOf(pod)) {
      const claim = objects.claims.get(key)
      if (claim === undefined) continue
      const { namespace = "", name = "", uid } = claim.metadata ?? {}
      const volume = objects.promisedVolumes.get(key)
      if (volume !== undefined) {
        const claimRef = { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name, uid }
        const annotations = { "pv.kubernetes.io/bound-by-controller": "yes" }
        yield* client.patch(
          persistentvolumes,
          { name: volume },
          { type: "merge", body: { metadata: { annotations }, spec: { claimRef } } }
        )
      }
      const node = objects.promisedNodes.get(key)
      if (node !== undefined) {
        const body = { metadata: { annotations: { [selectedNode]: node } } }
        yield* client.patch(persistentvolumeclaims, { namespace, name }, { type: "merge", body })
      }
    }
    const isDone = () =>
      claimsOf(pod).every(({ key }) => {
        const claim = objects.claims.get(key)
        return claim !== undefined && isBound(claim)
      })
    const waited = Effect.gen(function* () {
      while (!isDone()) yield* Effect.sleep("100 millis")
    })
    yield* Effect.timeoutOrElse(waited, {
      duration: timeoutMs,
      orElse: () => Effect.fail(new Error("binding volumes: context deadline exceeded"))
    })
    forget(pod, objects)
  })

/** Upstream's VolumeBinding. */
export const makeVolumeBinding = ({ bindTimeoutSeconds = 600 }: VolumeBindingArgs = {}): Plugin =>
  definePlugin<State, undefined>({
    name: "VolumeBinding",
    events: [
      "StorageClassChanged",
      "ClaimChanged",
      "VolumeChanged",
      "NodeAdded",
      "NodeLabelsChanged",
      "CsiNodeChanged",
      "CapacityChanged"
    ],
    hint: ({ metadata, spec }, { event, object }) => {
      if (event !== "ClaimChanged" || object === undefined) return true
      const claim = (object as PersistentVolumeClaim).metadata
      const info = { pod: { metadata, ...(spec === undefined ? {} : { spec }) }, namespace: metadata?.namespace ?? "default" }
      return claimsOf(info as Pick<PodInfo, "pod" | "namespace">).some(({ key }) => key === `${claim?.namespace}/${claim?.name}`)
    },
    preFilter: (pod, { objects }) => {
      if (!hasClaims(pod.pod)) return { skip: true }
      const state = stateOf(pod, objects)
      if (typeof state === "string") return { refusal: refusal(state) }
      const isAnywhere = ({ spec }: PersistentVolumeClaim): boolean => {
        const volume = objects.volumes.get(spec?.volumeName ?? "")
        return volume !== undefined && volume.spec?.nodeAffinity?.required === undefined
      }
      return state.delayed.length === 0 && state.bound.every(isAnywhere) ? { skip: true } : { state }
    },
    filter: (_, node, state) => filterNode(state, node),
    reserve,
    unreserve: (pod, _, { snapshot }) => forget(pod, snapshot.objects),
    preBind: async (pod, _, handle) => {
      if (hasClaims(pod.pod)) await handle.run(bindVolumes(pod, handle, bindTimeoutSeconds * 1000))
    }
  })

/** The plugin without arguments. */
export const volumeBinding: Plugin = makeVolumeBinding()
