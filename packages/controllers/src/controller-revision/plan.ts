/** How the templates of a DaemonSet or StatefulSet are remembered: as numbered revisions, the newest of which is wanted. Pure. @module */
import type { KubernetesObject } from "@tsukube/api"
import type { ControllerRevision } from "@tsukube/api/apps-v1"
import type { PodTemplateSpec } from "@tsukube/api/core-v1"
import type { LabelSelector } from "@tsukube/api/meta-v1"
import { canonical, sameMeaning } from "../canonical.ts"
import { byCreation } from "../object.ts"

/** What keeps revisions of its template. */
export interface Versioned extends KubernetesObject {
  readonly spec?: {
    readonly selector: LabelSelector
    readonly template: PodTemplateSpec
    readonly revisionHistoryLimit?: number
  }
  readonly status?: { readonly collisionCount?: number }
}

/** Carried by pods: of which revision they are. */
export const revisionLabel = "controller-revision-hash"

/**
 * What a revision keeps: a strategic merge patch that brings the template back, which is how `kubectl rollout undo` applies
 * it. Its keys are in order because kubectl compares the text to see whether there is anything to undo.
 */
export const dataOf = (template: PodTemplateSpec): Readonly<Record<string, unknown>> =>
  JSON.parse(canonical({ spec: { template: { ...template, $patch: "replace" } } }))

/** The template that a revision keeps. */
export const templateOf = ({ data }: ControllerRevision): PodTemplateSpec => {
  const patch = data as { readonly spec?: { readonly template?: PodTemplateSpec & { readonly $patch?: string } } } | undefined
  const { $patch: _, ...template } = patch?.spec?.template ?? {}
  return template
}

/** Oldest first. */
export const byRevision = (left: ControllerRevision, right: ControllerRevision): number =>
  left.revision - right.revision || byCreation(left, right)

/** How the wanted template gets the highest number. */
export type Choice =
  | { readonly type: "keep"; readonly revision: ControllerRevision }
  /** It was there before: going back to it makes it the newest. */
  | { readonly type: "renumber"; readonly revision: ControllerRevision; readonly number: number }
  | { readonly type: "create"; readonly number: number }

/** Finds the revision of a template among all there are, in order. */
export const choose = (template: PodTemplateSpec, revisions: ReadonlyArray<ControllerRevision>): Choice => {
  const data = dataOf(template)
  const same = revisions.findLast((revision) => sameMeaning(revision.data, data))
  const highest = revisions.reduce((most, { revision }) => Math.max(most, revision), 0)
  if (same === undefined) return { type: "create", number: highest + 1 }
  const isNewest = revisions.every((other) => other.revision < same.revision || sameMeaning(other.data, data))
  return isNewest ? { type: "keep", revision: same } : { type: "renumber", revision: same, number: highest + 1 }
}

/** The oldest of those that nothing lives by, so many that the rest is within the limit. */
export const expendable = (
  revisions: ReadonlyArray<ControllerRevision>,
  surplus: number,
  isLive: (revision: ControllerRevision) => boolean
): ReadonlyArray<ControllerRevision> => (surplus <= 0 ? [] : revisions.filter((revision) => !isLive(revision)).slice(0, surplus))
