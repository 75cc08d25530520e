/** Which objects belong to a controller: those it owns, those it should adopt, those it should let go. Pure. @module */
import { type KubernetesObject, labelSelectorFrom, matchesLabels } from "@tsukube/api"
import type { LabelSelector } from "@tsukube/api/meta-v1"
import { isDeleting, uidOf } from "./object.ts"

/** The outcome for all candidates. */
export interface Claim<T> {
  readonly owned: ReadonlyArray<T>
  /** Match the selector and have no controller. */
  readonly adopt: ReadonlyArray<T>
  /** Are owned but no longer match. */
  readonly release: ReadonlyArray<T>
}

/** Sorts candidates of one namespace by what the owner must do with them. */
export const claim = <T extends KubernetesObject>(
  owner: KubernetesObject,
  selector: LabelSelector | undefined,
  candidates: ReadonlyArray<T>
): Claim<T> => {
  const owned: Array<T> = []
  const adopt: Array<T> = []
  const release: Array<T> = []
  const parsed = labelSelectorFrom(selector)
  for (const candidate of candidates) {
    const controller = candidate.metadata?.ownerReferences?.find((reference) => reference.controller === true)
    const matches = matchesLabels(parsed, candidate.metadata?.labels ?? {})
    if (controller === undefined) {
      if (matches && !isDeleting(candidate) && !isDeleting(owner)) adopt.push(candidate)
    } else if (controller.uid === uidOf(owner)) {
      if (matches) owned.push(candidate)
      else if (!isDeleting(owner)) release.push(candidate)
    }
  }
  return { owned, adopt, release }
}
