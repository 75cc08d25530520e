/** One step of a Deployment: from what is there to the writes that bring it closer. Pure. @module */
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from "@tsukube/api/apps-v1"
import type { Pod } from "@tsukube/api/core-v1"
import { sameMeaning } from "../canonical.ts"
import { conditionOf } from "../condition.ts"
import { annotationOf, byCreation, isDeleting, nameOf, namespaceOf, uidOf } from "../object.ts"
import { newReplicaSetAnnotations, revisionAnnotation, revisionOf, sizeAnnotations } from "./annotations.ts"
import { isRolling, wantedReplicas } from "./limits.ts"
import { active, isScaling, newReplicas, type Resize, rescale, shrinkOld, sizeOf } from "./scale.ts"
import { countStatus, isComplete, progressDeadline, rolloutStatus, setCondition, untilDeadline } from "./status.ts"
import { sameTemplate, templateHash, templateHashLabel } from "./template-hash.ts"

/** A write to a replica set; `message` is the text of the ScalingReplicaSet event that goes with it. */
export interface Action {
  readonly type: "create" | "update" | "delete"
  readonly replicaSet: ReplicaSet
  readonly message?: string
}

/** What to do now. */
export interface Plan {
  readonly actions: ReadonlyArray<Action>
  /** The revision annotation the Deployment should carry; undefined leaves it. */
  readonly revision: string | undefined
  readonly status: DeploymentStatus
  /** When time alone changes the answer. */
  readonly afterMs: number | undefined
}

/** What a step is decided on: the Deployment, the replica sets it controls and their pods. */
export interface Situation {
  readonly deployment: Deployment
  readonly replicaSets: ReadonlyArray<ReplicaSet>
  /** Pods of these replica sets; only the Recreate strategy asks. */
  readonly pods: ReadonlyArray<Pod>
  readonly nowMs: number
}

/** The replica set that holds the Deployment's template: the oldest, should there be several. */
export const currentReplicaSet = (deployment: Deployment, replicaSets: ReadonlyArray<ReplicaSet>): ReplicaSet | undefined =>
  [...replicaSets].sort(byCreation).find((each) => sameTemplate(each.spec?.template, deployment.spec?.template))

/** The state of a step while it is worked out: replica sets as they will be, and the writes so far. */
interface Draft {
  readonly deployment: Deployment
  readonly nowMs: number
  readonly actions: Array<Action>
  readonly old: Array<ReplicaSet>
  current: ReplicaSet | undefined
  conditions: ReadonlyArray<DeploymentCondition>
  revision: string | undefined
}

const allOf = (draft: Draft): ReadonlyArray<ReplicaSet> =>
  draft.current === undefined ? draft.old : [...draft.old, draft.current]

const replace = (draft: Draft, from: ReplicaSet, to: ReplicaSet, message?: string): void => {
  if (draft.current === from) draft.current = to
  else draft.old[draft.old.indexOf(from)] = to
  // Two changes of one replica set in a step are one write.
  const pending = draft.actions.findIndex(({ replicaSet }) => replicaSet === from)
  const type = pending < 0 ? "update" : draft.actions[pending]!.type
  const text = message ?? draft.actions[pending]?.message
  const action: Action = { type, replicaSet: to, ...(text === undefined ? {} : { message: text }) }
  if (pending < 0) draft.actions.push(action)
  else draft.actions[pending] = action
}

/** True when the number of replicas changes, not only the annotations. */
const resize = (draft: Draft, { replicaSet, replicas }: Resize): boolean => {
  const before = sizeOf(replicaSet)
  const annotations = { ...replicaSet.metadata?.annotations, ...sizeAnnotations(draft.deployment) }
  if (before === replicas && sameMeaning(annotations, replicaSet.metadata?.annotations)) return false
  const next: ReplicaSet = {
    ...replicaSet,
    metadata: { ...replicaSet.metadata, annotations },
    spec: { ...replicaSet.spec, selector: replicaSet.spec?.selector ?? {}, replicas }
  }
  const direction = before < replicas ? "up" : "down"
  const message = `Scaled ${direction} replica set ${nameOf(replicaSet)} from ${before} to ${replicas}`
  replace(draft, replicaSet, next, before === replicas ? undefined : message)
  return before !== replicas
}

const build = (draft: Draft, revision: number): ReplicaSet => {
  const { deployment } = draft
  const template = deployment.spec?.template ?? {}
  const hash = templateHash(template, deployment.status?.collisionCount)
  const labels = { ...template.metadata?.labels, [templateHashLabel]: hash }
  const minReadySeconds = deployment.spec?.minReadySeconds
  const selector = deployment.spec?.selector
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: `${nameOf(deployment)}-${hash}`,
      namespace: namespaceOf(deployment),
      labels,
      annotations: newReplicaSetAnnotations(deployment, undefined, revision),
      ownerReferences: [
        {
          apiVersion: "apps/v1",
          kind: "Deployment",
          name: nameOf(deployment),
          uid: uidOf(deployment),
          controller: true,
          blockOwnerDeletion: true
        }
      ]
    },
    spec: {
      replicas: newReplicas(deployment, draft.old, undefined),
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector?.matchLabels, [templateHashLabel]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } }
    }
  }
}

/** Brings revision numbers, annotations and minReadySeconds of the current replica set in line, and makes it when asked to. */
const settleCurrent = (draft: Draft, create: boolean): void => {
  const { deployment } = draft
  const revision = Math.max(0, ...draft.old.map(revisionOf)) + 1
  const progress = (reason: string, verb: string, name: string): void => {
    if (progressDeadline(deployment) === undefined) return
    const message = `${verb} new replica set ${JSON.stringify(name)}`
    draft.conditions = setCondition(draft.conditions, { type: "Progressing", status: "True", reason, message }, draft.nowMs)
  }
  if (draft.current !== undefined) {
    const annotations = newReplicaSetAnnotations(deployment, draft.current, revision)
    const minReadySeconds = deployment.spec?.minReadySeconds ?? 0
    draft.revision = annotations[revisionAnnotation]
    if (
      !sameMeaning(annotations, draft.current.metadata?.annotations) ||
      (draft.current.spec?.minReadySeconds ?? 0) !== minReadySeconds
    ) {
      const spec = { ...draft.current.spec, selector: draft.current.spec?.selector ?? {}, minReadySeconds }
      replace(draft, draft.current, { ...draft.current, metadata: { ...draft.current.metadata, annotations }, spec })
    }
    if (conditionOf(draft.conditions, "Progressing") === undefined) progress("FoundNewReplicaSet", "Found", nameOf(draft.current))
    return
  }
  if (!create) return
  const replicaSet = build(draft, revision)
  const replicas = sizeOf(replicaSet)
  const message = `Scaled up replica set ${nameOf(replicaSet)} from 0 to ${replicas}`
  draft.actions.push({ type: "create", replicaSet, ...(replicas > 0 ? { message } : {}) })
  draft.current = replicaSet
  draft.revision = String(revision)
  progress("NewReplicaSetCreated", "Created", nameOf(replicaSet))
}

/** Deletes old replica sets beyond the history limit, lowest revision first, never one that still has or wants pods. */
const cleanUp = (draft: Draft): void => {
  const limit = draft.deployment.spec?.revisionHistoryLimit
  if (limit === undefined || limit === 2 ** 31 - 1) return
  const alive = draft.old.filter((each) => !isDeleting(each))
  const surplus = [...alive].sort((left, right) => revisionOf(left) - revisionOf(right) || byCreation(left, right))
  for (const replicaSet of surplus.slice(0, Math.max(0, alive.length - limit))) {
    const observed = (replicaSet.metadata?.generation ?? 0) <= (replicaSet.status?.observedGeneration ?? 0)
    if ((replicaSet.status?.replicas ?? 0) === 0 && sizeOf(replicaSet) === 0 && observed)
      draft.actions.push({ type: "delete", replicaSet })
  }
}

const stepRolling = (draft: Draft): void => {
  settleCurrent(draft, true)
  const current = draft.current!
  if (resize(draft, { replicaSet: current, replicas: newReplicas(draft.deployment, allOf(draft), current) })) return
  const shrunk = shrinkOld(draft.deployment, active(draft.old), draft.current).filter((each) => resize(draft, each))
  if (shrunk.length === 0 && isComplete(draft.deployment, draft.deployment.status ?? {})) cleanUp(draft)
}

const runsOldPods = (draft: Draft, pods: ReadonlyArray<Pod>): boolean => {
  const old = new Set(draft.old.map(uidOf))
  return pods.some((pod) => {
    const phase = pod.status?.phase
    const owner = pod.metadata?.ownerReferences?.find(({ controller }) => controller === true)
    return owner !== undefined && old.has(owner.uid) && phase !== "Failed" && phase !== "Succeeded"
  })
}

const stepRecreate = (draft: Draft, pods: ReadonlyArray<Pod>): void => {
  settleCurrent(draft, false)
  const stopped = active(draft.old).filter((replicaSet) => resize(draft, { replicaSet, replicas: 0 }))
  if (stopped.length > 0 || runsOldPods(draft, pods)) return
  settleCurrent(draft, true)
  resize(draft, { replicaSet: draft.current!, replicas: wantedReplicas(draft.deployment) })
  if (isComplete(draft.deployment, draft.deployment.status ?? {})) cleanUp(draft)
}

/** A paused Deployment says so in its Progressing condition, unless the rollout already timed out. */
const notePause = (draft: Draft): void => {
  if (progressDeadline(draft.deployment) === undefined) return
  const reason = conditionOf(draft.conditions, "Progressing")?.reason
  if (reason === "ProgressDeadlineExceeded") return
  const paused = draft.deployment.spec?.paused === true
  const note = (to: string, message: string): void => {
    draft.conditions = setCondition(
      draft.conditions,
      { type: "Progressing", status: "Unknown", reason: to, message },
      draft.nowMs
    )
  }
  if (paused && reason !== "DeploymentPaused") note("DeploymentPaused", "Deployment is paused")
  else if (!paused && reason === "DeploymentPaused") note("DeploymentResumed", "Deployment is resumed")
}

const finish = (draft: Draft, rollout: boolean): Plan => {
  const { deployment, nowMs } = draft
  const statusFrom = rollout ? rolloutStatus : countStatus
  const status = statusFrom(deployment, allOf(draft), draft.current, draft.conditions, nowMs)
  const revision = draft.revision === annotationOf(deployment, revisionAnnotation) ? undefined : draft.revision
  return { actions: draft.actions, revision, status, afterMs: untilDeadline(deployment, status, nowMs) }
}

/** Decides the next step. A step that changes sizes is followed by another when the replica sets report. */
export const plan = ({ deployment, replicaSets, pods, nowMs }: Situation): Plan => {
  const current = currentReplicaSet(deployment, replicaSets)
  const draft: Draft = {
    deployment,
    nowMs,
    actions: [],
    old: replicaSets.filter((each) => each !== current).sort(byCreation),
    current,
    conditions: deployment.status?.conditions ?? [],
    revision: undefined
  }
  if (isDeleting(deployment)) return finish(draft, false)
  notePause(draft)
  if (deployment.spec?.paused === true || isScaling(deployment, replicaSets)) {
    settleCurrent(draft, false)
    for (const each of rescale(deployment, draft.current, draft.old)) resize(draft, each)
    if (deployment.spec?.paused === true) cleanUp(draft)
    return finish(draft, false)
  }
  if (isRolling(deployment)) stepRolling(draft)
  else stepRecreate(draft, pods)
  return finish(draft, true)
}
