/** The wishes of pods about other pods, read once: required and preferred, near and far. @module */
import { labelSelectorFrom, matchesLabels } from "@tsukube/api"
import type { PodAffinityTerm } from "@tsukube/api/core-v1"
import type { LabelSelector } from "@tsukube/api/meta-v1"
import type { PodInfo } from "./pod-info.ts"
import type { CarriedTerm, Identity } from "./topology.ts"

/** What the required affinity of a pod that runs adds to the score of a pod it likes, unless the arguments say otherwise. */
export const defaultHardAffinityWeight = 1

/** The labels of a namespace. */
export type NamespaceLabels = (namespace: string) => Readonly<Record<string, string>>

/** A term with its selectors parsed. */
export interface Term {
  readonly topologyKey: string
  readonly weight: number
  /** Equal for terms that match the same pods, whatever their weight. */
  readonly signature: string
  readonly matches: (pod: Identity, labelsOf: NamespaceLabels) => boolean
}

/** All terms of a pod. */
export interface Terms {
  readonly near: ReadonlyArray<Term>
  readonly far: ReadonlyArray<Term>
  readonly preferNear: ReadonlyArray<Term>
  readonly preferFar: ReadonlyArray<Term>
}

/** Keys that narrow the selector to pods with the owner's own values, or to pods with other values (KEP-3633). */
const narrowed = (term: PodAffinityTerm, owner: PodInfo): LabelSelector | undefined => {
  if (term.labelSelector === undefined) return undefined
  const { matchLabelKeys = [], mismatchLabelKeys = [] } = term
  if (matchLabelKeys.length === 0 && mismatchLabelKeys.length === 0) return term.labelSelector
  const requirement = (operator: string) => (key: string) => {
    const value = owner.labels[key]
    return value === undefined ? [] : [{ key, operator, values: [value] }]
  }
  const matchExpressions = [
    ...(term.labelSelector.matchExpressions ?? []),
    ...matchLabelKeys.flatMap(requirement("In")),
    ...mismatchLabelKeys.flatMap(requirement("NotIn"))
  ]
  return { ...term.labelSelector, matchExpressions }
}

const parseTerm = (term: PodAffinityTerm, owner: PodInfo, weight = 0): Term => {
  const labelSelector = narrowed(term, owner)
  const selector = labelSelector === undefined ? undefined : labelSelectorFrom(labelSelector)
  const namespaceSelector = term.namespaceSelector === undefined ? undefined : labelSelectorFrom(term.namespaceSelector)
  const listed = term.namespaces ?? []
  const namespaces = new Set(listed.length === 0 && namespaceSelector === undefined ? [owner.namespace] : listed)
  return {
    topologyKey: term.topologyKey,
    weight,
    signature: JSON.stringify([term.topologyKey, labelSelector ?? null, term.namespaceSelector ?? null, [...namespaces]]),
    matches: (pod, labelsOf) =>
      selector !== undefined &&
      (namespaces.has(pod.namespace) ||
        (namespaceSelector !== undefined && matchesLabels(namespaceSelector, labelsOf(pod.namespace)))) &&
      matchesLabels(selector, pod.labels)
  }
}

const parse = (pod: PodInfo): Terms => {
  const { podAffinity, podAntiAffinity } = pod.pod.spec?.affinity ?? {}
  const required = (terms: ReadonlyArray<PodAffinityTerm> | undefined) => (terms ?? []).map((term) => parseTerm(term, pod))
  const preferred = (affinity: typeof podAffinity) =>
    (affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ weight, podAffinityTerm }) =>
      parseTerm(podAffinityTerm, pod, weight)
    )
  return {
    near: required(podAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    far: required(podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    preferNear: preferred(podAffinity),
    preferFar: preferred(podAntiAffinity)
  }
}

/** No wishes at all. */
export const noTerms: Terms = { near: [], far: [], preferNear: [], preferFar: [] }
/** Pods of one template have equal wishes: parsed once for all of them. */
const parsed = new Map<string, Terms>()
const byPod = new WeakMap<PodInfo, Terms>()
const parsedLimit = 2000

/** The terms of a pod. */
export const termsOf = (pod: PodInfo): Terms => {
  if (!pod.hasPodAffinity) return noTerms
  const own = byPod.get(pod)
  if (own !== undefined) return own
  const { podAffinity, podAntiAffinity } = pod.pod.spec?.affinity ?? {}
  const text = JSON.stringify([podAffinity, podAntiAffinity])
  const key = text.includes("atchLabelKeys") ? `${pod.identity}${text}` : `${pod.namespace}/${text}`
  let terms = parsed.get(key)
  if (terms === undefined) {
    if (parsed.size >= parsedLimit) parsed.clear()
    terms = parse(pod)
    parsed.set(key, terms)
  }
  byPod.set(pod, terms)
  return terms
}

/** What a pod on a node asks of pods that come later. */
export const carriedBy = ({ near, far, preferNear, preferFar }: Terms, labelsOf: NamespaceLabels): ReadonlyArray<CarriedTerm> => {
  const carry = (term: Term, kind: CarriedTerm["kind"], points: number): CarriedTerm => ({
    signature: `${kind}${points}${term.signature}`,
    topologyKey: term.topologyKey,
    matches: (other) => term.matches(other, labelsOf),
    kind,
    points
  })
  return [
    ...far.map((term) => carry(term, "far", 0)),
    ...near.map((term) => carry(term, "near", 0)),
    ...preferNear.map((term) => carry(term, "prefer", term.weight)),
    ...preferFar.map((term) => carry(term, "prefer", -term.weight))
  ]
}
