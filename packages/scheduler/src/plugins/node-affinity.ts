/** Node selectors and node affinity: required terms filter, preferred terms rank. @module */
import type { Pod, PreferredSchedulingTerm } from "@tsukube/api/core-v1"
import { matchesRequiredAffinity, matchesTerm } from "../node-selector.ts"
import { definePlugin, type Plugin, type Refusal, scaleScores } from "../plugin.ts"

const refusal: Refusal = { reasons: ["node(s) didn't match Pod's node affinity/selector"], resolvable: false }
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

/** Upstream's NodeAffinity. */
export const nodeAffinity: Plugin = definePlugin<undefined, ReadonlyArray<PreferredSchedulingTerm>>({
  name: "NodeAffinity",
  weight: 2,
  events: ["NodeAdded", "NodeLabelsChanged"],
  preFilter: ({ pod }) => {
    if (pod.spec?.nodeSelector === undefined && pod.spec?.affinity?.nodeAffinity === undefined) return { skip: true }
    const nodes = namedNodes(pod)
    if (nodes === undefined) return {}
    return nodes.size === 0 ? { refusal: conflict } : { nodes }
  },
  filter: ({ pod }, node) => (matchesRequiredAffinity(pod, node) ? undefined : refusal),
  preScore: ({ pod }) => {
    const preferred = pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
    return preferred.length === 0 ? { skip: true } : { state: preferred }
  },
  score: (_, node, preferred) =>
    preferred.reduce((total, { weight, preference }) => total + (matchesTerm(preference, node) ? weight : 0), 0),
  normalize: (scores) => scaleScores(scores, false)
})
