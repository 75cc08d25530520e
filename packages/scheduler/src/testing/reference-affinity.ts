/** InterPodAffinity the slow and obvious way: every pod is looked at for every pod. The tests compare with it. @module */
import { labelSelectorFrom, matchesLabels } from "@tsukube/api"
import type { PodAffinityTerm } from "@tsukube/api/core-v1"
import type { LabelSelector } from "@tsukube/api/meta-v1"
import type { NodeState } from "../node-state.ts"
import { definePlugin, maxScore, type Plugin, type Refusal } from "../plugin.ts"
import type { PodInfo } from "../pod-info.ts"
import type { Snapshot } from "../snapshot.ts"

const affinityRefusal: Refusal = { reasons: ["node(s) didn't match pod affinity rules"], resolvable: false }
const antiAffinityRefusal: Refusal = { reasons: ["node(s) didn't match pod anti-affinity rules"], resolvable: true }
const existingRefusal: Refusal = { reasons: ["node(s) didn't satisfy existing pods anti-affinity rules"], resolvable: true }

/** What the required affinity of a pod that runs adds to the score of a pod it likes. */
const hardAffinityWeight = 1

/** A term with its selectors parsed. */
interface Term {
  readonly topologyKey: string
  readonly weight: number
  readonly matches: (pod: PodInfo, snapshot: Snapshot) => boolean
}

/** Keys that narrow the selector to pods with the owner's own values, or to pods with other values (KEP-3633). */
const narrowed = (term: PodAffinityTerm, owner: PodInfo): LabelSelector | undefined => {
  if (term.labelSelector === undefined) return undefined
  const requirement = (operator: string) => (key: string) => {
    const value = owner.labels[key]
    return value === undefined ? [] : [{ key, operator, values: [value] }]
  }
  const matchExpressions = [
    ...(term.labelSelector.matchExpressions ?? []),
    ...(term.matchLabelKeys ?? []).flatMap(requirement("In")),
    ...(term.mismatchLabelKeys ?? []).flatMap(requirement("NotIn"))
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
    matches: (pod, snapshot) =>
      selector !== undefined &&
      (namespaces.has(pod.namespace) ||
        (namespaceSelector !== undefined && matchesLabels(namespaceSelector, snapshot.namespaceLabels(pod.namespace)))) &&
      matchesLabels(selector, pod.labels)
  }
}

interface Terms {
  readonly near: ReadonlyArray<Term>
  readonly far: ReadonlyArray<Term>
  readonly preferNear: ReadonlyArray<Term>
  readonly preferFar: ReadonlyArray<Term>
}

/** Parsed once per pod: pods that run are looked at again in every cycle. */
const parsed = new WeakMap<PodInfo, Terms>()

const termsOf = (pod: PodInfo): Terms => {
  const known = parsed.get(pod)
  if (known !== undefined) return known
  const { podAffinity, podAntiAffinity } = pod.pod.spec?.affinity ?? {}
  const required = (terms: ReadonlyArray<PodAffinityTerm> | undefined) => (terms ?? []).map((term) => parseTerm(term, pod))
  const preferred = (affinity: typeof podAffinity) =>
    (affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ weight, podAffinityTerm }) =>
      parseTerm(podAffinityTerm, pod, weight)
    )
  const terms: Terms = {
    near: required(podAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    far: required(podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    preferNear: preferred(podAffinity),
    preferFar: preferred(podAntiAffinity)
  }
  parsed.set(pod, terms)
  return terms
}

/** Sums by topology key and value. */
class Tally {
  private readonly byKey = new Map<string, Map<string, number>>()

  add(key: string, value: string | undefined, amount: number): void {
    if (value === undefined) return
    const values = this.byKey.get(key) ?? new Map<string, number>()
    values.set(value, (values.get(value) ?? 0) + amount)
    this.byKey.set(key, values)
  }

  of(key: string, value: string | undefined): number {
    return value === undefined ? 0 : (this.byKey.get(key)?.get(value) ?? 0)
  }

  get isEmpty(): boolean {
    return this.byKey.size === 0
  }

  /** The sum over all of a node's labels. */
  ofNode(node: NodeState): number {
    let sum = 0
    for (const [key, values] of this.byKey) sum += values.get(node.labels[key] ?? "") ?? 0
    return sum
  }
}

interface FilterState {
  readonly terms: Terms
  /** Pods that match all required affinity terms. */
  readonly near: Tally
  /** Pods that match a required anti-affinity term. */
  readonly far: Tally
  /** Pods whose own required anti-affinity is against this pod. */
  readonly againstUs: Tally
  /** The first of a group may start alone: it would match its own terms. */
  readonly mayBeFirst: boolean
}

const countForFilter = (pod: PodInfo, snapshot: Snapshot): FilterState => {
  const terms = termsOf(pod)
  const near = new Tally()
  const far = new Tally()
  const againstUs = new Tally()
  for (const node of snapshot.nodesWithAffinity) {
    for (const other of node.podsWithAffinity.values()) {
      for (const term of termsOf(other).far) {
        if (term.matches(pod, snapshot)) againstUs.add(term.topologyKey, node.labels[term.topologyKey], 1)
      }
    }
  }
  if (terms.near.length > 0 || terms.far.length > 0) {
    for (const node of snapshot.nodes.values()) {
      for (const other of node.pods.values()) {
        if (terms.near.length > 0 && terms.near.every((term) => term.matches(other, snapshot))) {
          for (const term of terms.near) near.add(term.topologyKey, node.labels[term.topologyKey], 1)
        }
        for (const term of terms.far) {
          if (term.matches(other, snapshot)) far.add(term.topologyKey, node.labels[term.topologyKey], 1)
        }
      }
    }
  }
  const mayBeFirst = near.isEmpty && terms.near.every((term) => term.matches(pod, snapshot))
  return { terms, near, far, againstUs, mayBeFirst }
}

const filterNode = (node: NodeState, { terms, near, far, againstUs, mayBeFirst }: FilterState): Refusal | undefined => {
  let allNear = true
  for (const { topologyKey } of terms.near) {
    const value = node.labels[topologyKey]
    if (value === undefined) return affinityRefusal
    if (near.of(topologyKey, value) <= 0) allNear = false
  }
  if (!allNear && !mayBeFirst) return affinityRefusal
  for (const { topologyKey } of terms.far) if (far.of(topologyKey, node.labels[topologyKey]) > 0) return antiAffinityRefusal
  return againstUs.ofNode(node) > 0 ? existingRefusal : undefined
}

const countForScore = (pod: PodInfo, snapshot: Snapshot): Tally => {
  const terms = termsOf(pod)
  const scores = new Tally()
  const likes = terms.preferNear.length > 0 || terms.preferFar.length > 0
  for (const node of likes ? snapshot.nodes.values() : snapshot.nodesWithAffinity) {
    const add = (term: Term, amount: number): void => scores.add(term.topologyKey, node.labels[term.topologyKey], amount)
    for (const other of (likes ? node.pods : node.podsWithAffinity).values()) {
      for (const term of terms.preferNear) if (term.matches(other, snapshot)) add(term, term.weight)
      for (const term of terms.preferFar) if (term.matches(other, snapshot)) add(term, -term.weight)
      if (!other.hasPodAffinity) continue
      const theirs = termsOf(other)
      for (const term of theirs.near) if (term.matches(pod, snapshot)) add(term, hardAffinityWeight)
      for (const term of theirs.preferNear) if (term.matches(pod, snapshot)) add(term, term.weight)
      for (const term of theirs.preferFar) if (term.matches(pod, snapshot)) add(term, -term.weight)
    }
  }
  return scores
}

/** What InterPodAffinity must agree with. */
export const referenceAffinity: Plugin = definePlugin<FilterState, Tally>({
  name: "InterPodAffinity",
  weight: 2,
  events: ["NodeAdded", "NodeLabelsChanged", "PodAdded", "PodChanged", "PodRemoved", "NamespaceChanged"],
  preFilter: (pod, snapshot) => {
    const { near, far } = termsOf(pod)
    if (near.length === 0 && far.length === 0 && snapshot.nodesWithAffinity.size === 0) return { skip: true }
    return { state: countForFilter(pod, snapshot) }
  },
  filter: (_, node, state) => filterNode(node, state),
  preScore: (pod, _, snapshot) => {
    const { preferNear, preferFar } = termsOf(pod)
    if (preferNear.length === 0 && preferFar.length === 0 && snapshot.nodesWithAffinity.size === 0) return { skip: true }
    const scores = countForScore(pod, snapshot)
    return scores.isEmpty ? { skip: true } : { state: scores }
  },
  score: (_, node, scores) => scores.ofNode(node),
  normalize: (scores) => {
    const most = Math.max(...scores)
    const least = Math.min(...scores)
    for (let index = 0; index < scores.length; index++) {
      scores[index] = most === least ? 0 : Math.trunc((maxScore * (scores[index]! - least)) / (most - least))
    }
  }
})
