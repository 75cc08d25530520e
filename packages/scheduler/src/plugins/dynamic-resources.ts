/** Devices that pods claim (structured parameters, KEP-4381): a pod goes where they are free, and takes them. @module */
import { matchesNodeSelector } from "@tsukube/api"
import { type ResourceClaim, resourceclaims } from "@tsukube/api/resource-v1"
import { Effect } from "effect"
import type { ClusterObjects } from "../cluster-objects.ts"
import { type Assignment, allocate, type OpenClaim } from "../devices/allocate.ts"
import { type Allocation, allocationOf, ledgerOf } from "../devices/allocation.ts"
import type { Ledger } from "../devices/ledger.ts"
import { poolsOf } from "../devices/pool.ts"
import { requestsOf } from "../devices/request.ts"
import type { NodeState } from "../node-state.ts"
import { definePlugin, type Handle, type Plugin, type Refusal } from "../plugin.ts"
import type { PodInfo } from "../pod-info.ts"

const refusal = (reason: string): Refusal => ({ reasons: [reason], resolvable: false })
const unreachable = refusal("resourceclaim not available on the node")
const noDevices = refusal("cannot allocate all claims")
/** A request lists no more alternatives than this. */
const choiceLimit = 8

interface Named {
  readonly name: string
  /** `namespace/name`; undefined until the claim was made from its template. */
  readonly key: string | undefined
  readonly isFromTemplate: boolean
}

const namesOf = ({ pod, namespace }: PodInfo): ReadonlyArray<Named> =>
  (pod.spec?.resourceClaims ?? []).flatMap(({ name, resourceClaimName }) => {
    const status = pod.status?.resourceClaimStatuses?.find((each) => each.name === name)
    // A template may turn out to need no claim at all.
    if (resourceClaimName === undefined && status !== undefined && status.resourceClaimName === undefined) return []
    const claim = resourceClaimName ?? status?.resourceClaimName
    return [
      {
        name,
        key: claim === undefined ? undefined : `${namespace}/${claim}`,
        isFromTemplate: resourceClaimName === undefined
      }
    ]
  })

const hasClaims = ({ pod }: PodInfo): boolean => (pod.spec?.resourceClaims ?? []).length > 0

interface State {
  readonly allocated: ReadonlyArray<Allocation>
  readonly open: ReadonlyArray<OpenClaim>
  readonly ledger: Ledger
  readonly objects: ClusterObjects
}

const isOwned = ({ metadata }: ResourceClaim, { pod }: PodInfo): boolean =>
  metadata?.ownerReferences?.some(({ uid, controller }) => controller === true && uid === pod.metadata?.uid) === true

/** Sorts the claims of a pod, or says why it can go nowhere. */
const stateOf = (pod: PodInfo, objects: ClusterObjects): State | string => {
  const allocated: Array<Allocation> = []
  const open: Array<OpenClaim> = []
  for (const { name, key, isFromTemplate } of namesOf(pod)) {
    if (key === undefined) return `waiting for dynamic resource controller to create the resourceclaim "${name}"`
    const claim = objects.resourceClaims.get(key)
    const claimName = key.slice(key.indexOf("/") + 1)
    if (claim === undefined) return `resourceclaim "${claimName}" not found`
    if (claim.metadata?.deletionTimestamp !== undefined) return `resourceclaim "${claimName}" is being deleted`
    if (isFromTemplate && !isOwned(claim, pod))
      return `ResourceClaim ${key} was not created for Pod ${pod.namespace}/${pod.pod.metadata?.name} (Pod is not owner)`
    const allocation = claim.status?.allocation ?? objects.promisedDevices.get(key)
    if (allocation !== undefined) {
      allocated.push(allocation)
      continue
    }
    try {
      open.push({ key, claim, requests: requestsOf(claim, objects) })
    } catch (error) {
      return `resourceclaim "${claimName}": ${error instanceof Error ? error.message : String(error)}`
    }
  }
  return { allocated, open, ledger: ledgerOf(objects), objects }
}

const allocateOn = (node: NodeState, state: State): ReadonlyArray<Assignment> | undefined => {
  try {
    return allocate(state.open, poolsOf(state.objects).on(node), state.ledger)
  } catch (error) {
    // As upstream: a selector that fails says nothing about the node, it stops the pod.
    throw new Error(`node ${node.name}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const isReachable = ({ nodeSelector }: Allocation, node: NodeState): boolean =>
  nodeSelector === undefined || matchesNodeSelector(nodeSelector, node)

/** More for requests that got one of their first alternatives. */
const rankOf = (assignments: ReadonlyArray<Assignment>): number => {
  let sum = 0
  for (const { requests, picked } of assignments)
    for (const { choices } of requests) {
      const chosen = picked.find(({ choice }) => choices.includes(choice))
      if (choices.length > 1 && chosen !== undefined) sum += choiceLimit - choices.indexOf(chosen.choice)
    }
  return sum
}

const writeClaims = (pod: PodInfo, { snapshot, client }: Handle): Effect.Effect<void, unknown> =>
  Effect.gen(function* () {
    if (client === undefined) return
    const { objects } = snapshot
    for (const { key } of namesOf(pod)) {
      const claim = objects.resourceClaims.get(key ?? "")
      if (key === undefined || claim === undefined) continue
      const allocation = claim.status?.allocation ?? objects.promisedDevices.get(key)
      const user = { resource: "pods", name: pod.pod.metadata?.name ?? "", uid: pod.uid }
      const reservedFor = [...(claim.status?.reservedFor ?? []).filter(({ uid }) => uid !== pod.uid), user]
      const status = { ...claim.status, reservedFor, ...(allocation === undefined ? {} : { allocation }) }
      objects.resourceClaims.set(yield* client.update(resourceclaims, { ...claim, status }, { subresource: "status" }))
      objects.promisedDevices.delete(key)
    }
  })

/** Upstream's DynamicResources. */
export const dynamicResources: Plugin = definePlugin<State, State>({
  name: "DynamicResources",
  weight: 2,
  events: [
    "ResourceClaimChanged",
    "ResourceSliceChanged",
    "DeviceClassChanged",
    "NodeAdded",
    "NodeLabelsChanged",
    "PodRemoved",
    "PodChanged"
  ],
  sign: (pod) => (hasClaims(pod) ? undefined : ""),
  preFilter: (pod, { objects }) => {
    if (!hasClaims(pod)) return { skip: true }
    const state = stateOf(pod, objects)
    return typeof state === "string" ? { refusal: refusal(state) } : { state }
  },
  filter: (_, node, state) => {
    if (!state.allocated.every((allocation) => isReachable(allocation, node))) return unreachable
    return state.open.length === 0 || allocateOn(node, state) !== undefined ? undefined : noDevices
  },
  preScore: (pod, _, { objects }) => {
    const state = hasClaims(pod) ? stateOf(pod, objects) : undefined
    if (state === undefined || typeof state === "string") return { skip: true }
    const hasAlternatives = state.open.some(({ requests }) => requests.some(({ choices }) => choices.length > 1))
    return hasAlternatives ? { state } : { skip: true }
  },
  score: (_, node, state) => rankOf(allocateOn(node, state) ?? []),
  scale: "plain",
  reserve: (pod, nodeName, { snapshot }) => {
    if (!hasClaims(pod)) return undefined
    const { objects } = snapshot
    const state = stateOf(pod, objects)
    const node = snapshot.nodes.get(nodeName)
    if (typeof state === "string") return state
    const given = node === undefined ? undefined : allocateOn(node, state)
    if (given === undefined) return noDevices.reasons[0]
    for (const assignment of given) objects.promisedDevices.set(assignment.key, allocationOf(assignment, nodeName, objects))
    return undefined
  },
  unreserve: (pod, _, { snapshot }) => {
    for (const { key } of namesOf(pod)) if (key !== undefined) snapshot.objects.promisedDevices.delete(key)
  },
  preBind: async (pod, _, handle) => {
    if (hasClaims(pod)) await handle.run(writeClaims(pod, handle))
  }
})
