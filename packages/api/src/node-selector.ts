/** Matching nodes by selector terms, as node affinity and volumes write them. @module */
import type { NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Pod } from "./types/core-v1.ts"

/** The part of a node that selectors see. */
export interface SelectableNode {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

const integer = (text: string | undefined): number | undefined =>
  text !== undefined && /^[+-]?\d+$/.test(text) ? Number(text) : undefined

const matchesRequirement = ({ operator, values = [] }: NodeSelectorRequirement, value: string | undefined): boolean => {
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value)
    case "NotIn":
      return value === undefined || !values.includes(value)
    case "Exists":
      return value !== undefined
    case "DoesNotExist":
      return value === undefined
    case "Gt":
    case "Lt": {
      const left = integer(value)
      const right = integer(values[0])
      if (left === undefined || right === undefined || values.length !== 1) return false
      return operator === "Gt" ? left > right : left < right
    }
    default:
      return false
  }
}

/** True when the node meets every requirement of the term; an empty term matches nothing. */
export const matchesTerm = (term: NodeSelectorTerm, node: SelectableNode): boolean => {
  const expressions = term.matchExpressions ?? []
  const fields = term.matchFields ?? []
  if (expressions.length === 0 && fields.length === 0) return false
  return (
    expressions.every((requirement) => matchesRequirement(requirement, node.labels[requirement.key])) &&
    fields.every((requirement) => requirement.key === "metadata.name" && matchesRequirement(requirement, node.name))
  )
}

/** True when any term matches. */
export const matchesNodeSelector = (selector: NodeSelector, node: SelectableNode): boolean =>
  selector.nodeSelectorTerms.some((term) => matchesTerm(term, node))

/** True when the node has the labels of the pod's nodeSelector and meets its required node affinity. */
export const matchesRequiredAffinity = (pod: Pod, node: SelectableNode): boolean => {
  const wanted = pod.spec?.nodeSelector
  for (const key in wanted) if (node.labels[key] !== wanted[key]) return false
  const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return required === undefined || matchesNodeSelector(required, node)
}
