/** What a Deployment writes into the annotations of its replica sets: revision, history, sizes. @module */
import type { Deployment, ReplicaSet } from "@tsukube/api/apps-v1"
import { annotationOf } from "../object.ts"
import { maxSurge, wantedReplicas } from "./limits.ts"

/** The rollout's number, on the Deployment and on each of its replica sets; `kubectl rollout` reads it. */
export const revisionAnnotation = "deployment.kubernetes.io/revision"
const historyAnnotation = "deployment.kubernetes.io/revision-history"
/** The Deployment's replicas when the replica set was last sized: a difference means the Deployment was scaled. */
export const desiredAnnotation = "deployment.kubernetes.io/desired-replicas"
/** The most pods allowed when the replica set was last sized; proportional scaling needs it. */
export const maxReplicasAnnotation = "deployment.kubernetes.io/max-replicas"
/** The longest revision history that is kept, in characters. */
const historyLimit = 2000

const notCopied = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  revisionAnnotation,
  historyAnnotation,
  desiredAnnotation,
  maxReplicasAnnotation,
  "deprecated.deployment.rollback.to"
])

/** The revision of a replica set; 0 where it has none. */
export const revisionOf = (replicaSet: ReplicaSet): number => {
  const revision = Number(annotationOf(replicaSet, revisionAnnotation) ?? 0)
  return Number.isSafeInteger(revision) ? revision : 0
}

/** The number in one of the size annotations, or undefined. */
export const sizeAnnotation = (replicaSet: ReplicaSet, key: string): number | undefined => {
  const text = annotationOf(replicaSet, key)
  return text === undefined || !/^-?\d+$/.test(text) ? undefined : Number(text)
}

/** The size annotations a replica set of this Deployment carries. */
export const sizeAnnotations = (deployment: Deployment): Readonly<Record<string, string>> => ({
  [desiredAnnotation]: String(wantedReplicas(deployment)),
  [maxReplicasAnnotation]: String(wantedReplicas(deployment) + maxSurge(deployment))
})

const historyWith = (history: string | undefined, old: string): string => {
  if (history === undefined || history === "") return old
  let revisions = [...history.split(","), old]
  while (revisions.join(",").length > historyLimit && revisions.length > 1) revisions = revisions.slice(1)
  return revisions.join(",")
}

/** The annotations of the replica set that holds the current template, `revision` being one above all old ones. */
export const newReplicaSetAnnotations = (
  deployment: Deployment,
  replicaSet: ReplicaSet | undefined,
  revision: number
): Readonly<Record<string, string>> => {
  const annotations: Record<string, string> = { ...replicaSet?.metadata?.annotations }
  for (const [key, value] of Object.entries(deployment.metadata?.annotations ?? {})) {
    if (!notCopied.has(key)) annotations[key] = value
  }
  const old = annotations[revisionAnnotation]
  if ((replicaSet === undefined ? 0 : revisionOf(replicaSet)) < revision) {
    annotations[revisionAnnotation] = String(revision)
    if (old !== undefined) annotations[historyAnnotation] = historyWith(annotations[historyAnnotation], old)
  }
  return replicaSet === undefined ? { ...annotations, ...sizeAnnotations(deployment) } : annotations
}
