/** Node selectors and node affinity: required terms filter, preferred terms rank. @module */
import { matchesNodeSelector, matchesRequiredAffinity, matchesTerm } from "@tsukube/api"
import type { NodeAffinity, Pod, PreferredSchedulingTerm } from "@tsukube/api/core-v1"
import { definePlugin, type Plugin, type Refusal } from "../plugin.ts"

const refusal: Refusal = { reasons: ["node(s) didn't match Pod's node affinity/selector"], resolvable: false }
const addedRefusal: Refusal = { reasons: ["node(s) didn't match scheduler-enforced node affinity"], resolvable: false }
const conflict: Refusal = { reasons: ["pod affinity terms conflict"], resolvable: false }

/** The node names to which every term is tied by `metadata.name`; undefined when any term leaves the name open. */
const namedNodes = (pod: Pod): ReadonlySet<string> | undefined => {
  const terms = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  const names = new Set<string>()
  for (const { matchFields = [] } of terms) {
    const lists = matchFields
      .filter(({ key, operator }) => key === "metadata.name" && operator === "In")
      .map(({ values = [] }) => values)
    if (lists.length === 0) return undefined
    for (const name of lists[0]!) if (lists.every((list) => list.includes(name))) names.add(name)
  }
  return terms.length === 0 ? undefined : names
}

/** Arguments of the plugin. */
export interface NodeAffinityArgs {
  /** Holds for every pod of the profile, beside its own affinity. */
  readonly addedAffinity?: NodeAffinity
}

/** Upstream's NodeAffinity. */
export const makeNodeAffinity = ({ addedAffinity }: NodeAffinityArgs = {}): Plugin => {
  const addedRequired = addedAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  const addedPreferred = addedAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  return definePlugin<undefined, ReadonlyArray<PreferredSchedulingTerm>>({
    name: "NodeAffinity",
    weight: 2,
    events: ["NodeAdded", "NodeLabelsChanged"],
    sign: ({ pod: { spec } }) => {
      const affinity = spec?.affinity?.nodeAffinity
      return spec?.nodeSelector === undefined && affinity === undefined ? "" : JSON.stringify([spec?.nodeSelector, affinity])
    },
    preFilter: ({ pod }) => {
      const isPlain = pod.spec?.nodeSelector === undefined && pod.spec?.affinity?.nodeAffinity === undefined
      if (isPlain && addedRequired === undefined) return { skip: true }
      const nodes = namedNodes(pod)
      if (nodes === undefined) return {}
      return nodes.size === 0 ? { refusal: conflict } : { nodes }
    },
    filter: ({ pod }, node) => {
      if (addedRequired !== undefined && !matchesNodeSelector(addedRequired, node)) return addedRefusal
      return matchesRequiredAffinity(pod, node) ? undefined : refusal
    },
    preScore: ({ pod }) => {
      const own = pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
      const preferred = addedPreferred.length === 0 ? own : [...addedPreferred, ...own]
      return preferred.length === 0 ? { skip: true } : { state: preferred }
    },
    score: (_, node, preferred) =>
      preferred.reduce((total, { weight, preference }) => total + (matchesTerm(preference, node) ? weight : 0), 0),
    scale: "plain"
  })
}

/** The plugin without arguments. */
export const nodeAffinity: Plugin = makeNodeAffinity()
