/** How many replicas each replica set of a Deployment should have: pure arithmetic. @module */
import type { Deployment, ReplicaSet } from "@tsukube/api/apps-v1"
import { byCreation, nameOf, timeOf } from "../object.ts"
import { desiredAnnotation, maxReplicasAnnotation, sizeAnnotation } from "./annotations.ts"
import { isRolling, maxSurge, maxUnavailable, wantedReplicas } from "./limits.ts"

/** A replica set and the size it should get. */
export interface Resize {
  readonly replicaSet: ReplicaSet
  readonly replicas: number
}

/** The replicas a replica set asks for. */
export const sizeOf = (replicaSet: ReplicaSet): number => replicaSet.spec?.replicas ?? 1

const available = (replicaSet: ReplicaSet): number => replicaSet.status?.availableReplicas ?? 0
const sum = (replicaSets: ReadonlyArray<ReplicaSet>, of: (replicaSet: ReplicaSet) => number): number =>
  replicaSets.reduce((total, replicaSet) => total + of(replicaSet), 0)

/** Replica sets that ask for at least one pod. */
export const active = (replicaSets: ReadonlyArray<ReplicaSet>): ReadonlyArray<ReplicaSet> =>
  replicaSets.filter((each) => sizeOf(each) > 0)

/** The size of the replica set with the current template in this step; `current` is undefined while it does not exist. */
export const newReplicas = (deployment: Deployment, all: ReadonlyArray<ReplicaSet>, current: ReplicaSet | undefined): number => {
  const wanted = wantedReplicas(deployment)
  if (!isRolling(deployment)) return wanted
  const size = current === undefined ? 0 : sizeOf(current)
  if (size >= wanted) return wanted
  const room = wanted + maxSurge(deployment) - sum(all, sizeOf)
  return room <= 0 ? size : size + Math.min(room, wanted - size)
}

/** The old replica sets to shrink in this step of a rolling update, unhealthy pods first, without going below what must be available. */
export const shrinkOld = (
  deployment: Deployment,
  old: ReadonlyArray<ReplicaSet>,
  current: ReplicaSet | undefined
): ReadonlyArray<Resize> => {
  const all = current === undefined ? old : [...old, current]
  const mustBeAvailable = wantedReplicas(deployment) - maxUnavailable(deployment)
  const newUnavailable = current === undefined ? 0 : sizeOf(current) - available(current)
  const removable = sum(all, sizeOf) - mustBeAvailable - newUnavailable
  if (sum(old, sizeOf) === 0 || removable <= 0) return []
  const oldestFirst = [...old].sort(byCreation)
  const sizes = new Map(oldestFirst.map((each) => [each, sizeOf(each)]))
  let left = removable
  for (const each of oldestFirst) {
    const unhealthy = Math.max(0, Math.min(left, sizeOf(each) - available(each)))
    sizes.set(each, sizeOf(each) - unhealthy)
    left -= unhealthy
  }
  let spare = sum(all, available) - mustBeAvailable
  for (const each of oldestFirst) {
    const size = sizes.get(each) ?? 0
    const healthy = Math.max(0, Math.min(size, spare))
    sizes.set(each, size - healthy)
    spare -= healthy
  }
  return oldestFirst.flatMap((replicaSet) => {
    const replicas = sizes.get(replicaSet) ?? 0
    return replicas === sizeOf(replicaSet) ? [] : [{ replicaSet, replicas }]
  })
}

/** The one replica set that alone takes a change of scale; undefined while several are active. */
const onlyActive = (current: ReplicaSet | undefined, old: ReadonlyArray<ReplicaSet>): ReplicaSet | undefined => {
  const alive = active(current === undefined ? old : [current, ...old])
  if (alive.length > 1) return undefined
  return alive[0] ?? current ?? [...old].sort((left, right) => -byCreation(left, right))[0]
}

const isSaturated = (deployment: Deployment, current: ReplicaSet | undefined): boolean => {
  if (current === undefined) return false
  const wanted = wantedReplicas(deployment)
  return sizeOf(current) === wanted && sizeAnnotation(current, desiredAnnotation) === wanted && available(current) === wanted
}

/** The share of a replica set in a change of `toAdd` pods, of which `added` are given away already. */
const proportion = (deployment: Deployment, replicaSet: ReplicaSet, toAdd: number, added: number): number => {
  if (sizeOf(replicaSet) === 0 || toAdd === 0 || toAdd === added) return 0
  const wanted = wantedReplicas(deployment)
  const before = sizeAnnotation(replicaSet, maxReplicasAnnotation) || deployment.status?.replicas || 0
  const grown = before === 0 ? 0 : Math.round((sizeOf(replicaSet) * (wanted + maxSurge(deployment))) / before)
  const fraction = wanted === 0 ? -sizeOf(replicaSet) : before === 0 ? 0 : grown - sizeOf(replicaSet)
  return toAdd > 0 ? Math.min(fraction, toAdd - added) : Math.max(fraction, toAdd - added)
}

/** Spreads a change of scale over all active replica sets, so that a rollout in flight keeps its proportions. */
const scaleProportionally = (
  deployment: Deployment,
  current: ReplicaSet | undefined,
  old: ReadonlyArray<ReplicaSet>
): ReadonlyArray<Resize> => {
  const alive = active(current === undefined ? old : [...old, current])
  const wanted = wantedReplicas(deployment)
  const toAdd = (wanted > 0 ? wanted + maxSurge(deployment) : 0) - sum(alive, sizeOf)
  const age = (each: ReplicaSet): number => timeOf(each.metadata?.creationTimestamp)
  const bySize = [...alive].sort(
    (left, right) =>
      sizeOf(right) - sizeOf(left) ||
      // Growing favours the newest of equals, shrinking takes from the oldest first.
      (toAdd > 0 ? age(right) - age(left) : age(left) - age(right)) ||
      (nameOf(left) < nameOf(right) ? -1 : 1)
  )
  let added = 0
  const sizes = bySize.map((replicaSet) => {
    const share = proportion(deployment, replicaSet, toAdd, added)
    added += share
    return { replicaSet, replicas: sizeOf(replicaSet) + share }
  })
  // What rounding left over goes to the largest.
  return sizes.map(({ replicaSet, replicas }, index) => ({
    replicaSet,
    replicas: Math.max(0, index === 0 && toAdd !== 0 ? replicas + toAdd - added : replicas)
  }))
}

/** True when the Deployment's replicas changed since its active replica sets were sized. */
export const isScaling = (deployment: Deployment, all: ReadonlyArray<ReplicaSet>): boolean =>
  active(all).some((replicaSet) => {
    const desired = sizeAnnotation(replicaSet, desiredAnnotation)
    return desired !== undefined && desired !== wantedReplicas(deployment)
  })

/** The sizes after a change of the Deployment's replicas; entries that keep their size renew their size annotations. */
export const rescale = (
  deployment: Deployment,
  current: ReplicaSet | undefined,
  old: ReadonlyArray<ReplicaSet>
): ReadonlyArray<Resize> => {
  const only = onlyActive(current, old)
  if (only !== undefined) return [{ replicaSet: only, replicas: wantedReplicas(deployment) }]
  if (isSaturated(deployment, current)) return active(old).map((replicaSet) => ({ replicaSet, replicas: 0 }))
  return isRolling(deployment) ? scaleProportionally(deployment, current, old) : []
}
