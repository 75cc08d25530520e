/** Which pods of a StatefulSet are made, mended and ended next, and in which order. Pure. @module */
import type { Pod } from "@tsukube/api/core-v1"
import { isDeleting } from "../object.ts"
import { claimNames, isDoomed, ownersAfter } from "./claims.ts"
import { hasIdentity, hasStorage, podOf, replicasOf, revisionOf, startOf } from "./identity.ts"
import { isAvailable, isHealthy, isRunning, type Member, membersOf, type Situation } from "./situation.ts"

/** One thing to do. */
export interface Step extends Member {
  /**
   * `claims` makes what a waiting pod misses and settles who owns it; `repair` does so, too, and gives the pod its labels
   * and volumes.
   */
  readonly type: "create" | "claims" | "repair" | "delete"
}

/** Steps by phase: one phase is over before the next begins, and a failure ends the pass. */
export interface Plan {
  readonly phases: ReadonlyArray<ReadonlyArray<Step>>
  /** Steps of a phase may be taken at once; else one after the other. */
  readonly isParallel: boolean
  /** Pods that end because they are of an old revision. */
  readonly updating: ReadonlyArray<Pod>
}

/** True for sets that may make and end many pods at once. */
const isParallel = ({ set }: Situation): boolean => set.spec?.podManagementPolicy === "Parallel"

const ended = ({ status }: Pod): boolean => status?.phase === "Failed" || status?.phase === "Succeeded"

const ownersDiffer = ({ set, claim }: Situation, { pod, ordinal }: Member, isCondemned: boolean): boolean =>
  claimNames(set, ordinal).some((name) => {
    const found = claim(name)
    return found !== undefined && ownersAfter(found, set, pod, isCondemned) !== undefined
  })

const lacksClaims = ({ set, claim }: Situation, ordinal: number): boolean =>
  claimNames(set, ordinal).some((name) => claim(name) === undefined || isDeleting(claim(name) ?? {}))

/** Below the partition a pod comes back as it was. */
const newPod = ({ set, current, update }: Situation, ordinal: number): Pod => {
  const { type = "RollingUpdate", rollingUpdate } = set.spec?.updateStrategy ?? {}
  const kept = rollingUpdate === undefined ? (set.status?.currentReplicas ?? 0) : (rollingUpdate.partition ?? 0)
  return podOf(set, type === "RollingUpdate" && ordinal < startOf(set) + kept ? current : update, ordinal)
}

/** What a wanted pod needs, and whether pods after it wait until it is well. */
const careFor = (situation: Situation, pod: Pod | undefined, ordinal: number): { steps: ReadonlyArray<Step>; wait: boolean } => {
  const { set, claim } = situation
  if (pod === undefined) {
    const fresh = newPod(situation, ordinal)
    const isBlocked = claimNames(set, ordinal).some((name) => {
      const found = claim(name)
      return found !== undefined && isDoomed(found, set, fresh.metadata?.name ?? "")
    })
    return { steps: isBlocked ? [] : [{ type: "create", pod: fresh, ordinal }], wait: true }
  }
  const member = { pod, ordinal }
  if (ended(pod)) return { steps: isDeleting(pod) ? [] : [{ type: "delete", ...member }], wait: true }
  const isPending = pod.status?.phase === "Pending"
  if (isPending && (lacksClaims(situation, ordinal) || ownersDiffer(situation, member, false)))
    return { steps: [{ type: "claims", ...member }], wait: true }
  if (!isParallel(situation) && !isHealthy(situation, pod)) return { steps: [], wait: true }
  const isWhole = hasIdentity(pod) && hasStorage(set, ordinal, pod) && !ownersDiffer(situation, member, false)
  return { steps: isWhole ? [] : [{ type: "repair", ...member }], wait: false }
}

/** Ends pods that are too many: all at once, or the highest first, while everything else is well. */
const scaleDown = (situation: Situation, condemned: ReadonlyArray<Member>, sick: Pod | undefined): ReadonlyArray<Step> => {
  const remove = (member: Member): Step => ({ type: "delete", ...member })
  if (isParallel(situation)) return condemned.filter(({ pod }) => !isDeleting(pod)).map(remove)
  const [next] = condemned
  if (next === undefined || isDeleting(next.pod)) return []
  const isWell = isRunning(next.pod) && isAvailable(situation, next.pod)
  return isWell || next.pod === sick ? [remove(next)] : []
}

/** The highest pod of an old revision, once those above it are updated and well. */
const updateNext = (situation: Situation, wanted: ReadonlyMap<number, Pod>): ReadonlyArray<Step> => {
  const { set, update } = situation
  if (set.spec?.updateStrategy?.type === "OnDelete") return []
  const partition = set.spec?.updateStrategy?.rollingUpdate?.partition ?? 0
  for (let ordinal = startOf(set) + replicasOf(set) - 1; ordinal >= startOf(set) + partition; ordinal--) {
    const pod = wanted.get(ordinal)
    if (pod === undefined || ended(pod)) return []
    if (revisionOf(pod) !== update.name && !isDeleting(pod)) return [{ type: "delete", pod, ordinal }]
    if (!isHealthy(situation, pod)) return []
  }
  return []
}

/** The lowest wanted pod that is not well, or else the lowest of those that are too many; undefined when all are well. */
const firstSick = (situation: Situation, wanted: ReadonlyMap<number, Pod>, condemned: ReadonlyArray<Member>): Pod | undefined => {
  const isSick = (pod: Pod): boolean => !isHealthy(situation, pod)
  const ordered = [...wanted].sort(([left], [right]) => left - right).map(([, pod]) => pod)
  return ordered.find(isSick) ?? condemned.findLast(({ pod }) => isSick(pod))?.pod
}

/** Scaling comes before updating; without Parallel one pod at a time, and only while all before it are well. */
export const plan = (situation: Situation): Plan => {
  const { set } = situation
  const parallel = isParallel(situation)
  const end = (phases: ReadonlyArray<ReadonlyArray<Step>>, updating: ReadonlyArray<Pod> = []): Plan => ({
    phases: phases.filter((steps) => steps.length > 0),
    isParallel: parallel,
    updating
  })
  const { wanted, condemned } = membersOf(situation)
  const care: Array<Step> = []
  for (let ordinal = startOf(set); ordinal < startOf(set) + replicasOf(set); ordinal++) {
    const { steps, wait } = careFor(situation, wanted.get(ordinal), ordinal)
    care.push(...steps)
    if (wait && !parallel) return end([care])
  }
  const owners = condemned
    .filter((member) => ownersDiffer(situation, member, true))
    .map((member): Step => ({ type: "claims", ...member }))
  const removed = scaleDown(situation, condemned, firstSick(situation, wanted, condemned))
  if (!parallel && condemned.length > 0) return end([care, owners, removed])
  const updating = updateNext(situation, wanted)
  return end(
    [care, owners, removed, updating],
    updating.map(({ pod }) => pod)
  )
}
