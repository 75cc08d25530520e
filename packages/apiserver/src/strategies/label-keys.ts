/** Terms of affinity and spread that name label keys select by the values that the pod itself has of them (KEP-3633, KEP-3243). @module */
import type { Affinity, Pod, PodAffinity, PodAffinityTerm, TopologySpreadConstraint } from "@tsukube/api/core-v1"
import type { LabelSelector, LabelSelectorRequirement } from "@tsukube/api/meta-v1"

type Labels = Readonly<Record<string, string>>

interface Keyed {
  readonly labelSelector?: LabelSelector
  readonly matchLabelKeys?: ReadonlyArray<string>
  readonly mismatchLabelKeys?: ReadonlyArray<string>
}

/** The term with the pod's own values in its selector; one without a selector matches nothing, and stays so. */
const resolved = <T extends Keyed>(term: T, labels: Labels): T => {
  const { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] } = term
  if (labelSelector === undefined) return term
  const requirements = (keys: ReadonlyArray<string>, operator: "In" | "NotIn"): ReadonlyArray<LabelSelectorRequirement> =>
    keys.flatMap((key) => (labels[key] === undefined ? [] : [{ key, operator, values: [labels[key]] }]))
  const own = [...requirements(matchLabelKeys, "In"), ...requirements(mismatchLabelKeys, "NotIn")]
  if (own.length === 0) return term
  return { ...term, labelSelector: { ...labelSelector, matchExpressions: [...(labelSelector.matchExpressions ?? []), ...own] } }
}

const affinityOf = (side: PodAffinity | undefined, labels: Labels): PodAffinity | undefined => {
  const { preferredDuringSchedulingIgnoredDuringExecution: preferred, requiredDuringSchedulingIgnoredDuringExecution: required } =
    side ?? {}
  if (side === undefined) return undefined
  const weighted = preferred?.map((item) => ({ ...item, podAffinityTerm: resolved(item.podAffinityTerm, labels) }))
  const strict = required?.map((term) => resolved<PodAffinityTerm>(term, labels))
  return {
    ...side,
    ...(weighted === undefined ? {} : { preferredDuringSchedulingIgnoredDuringExecution: weighted }),
    ...(strict === undefined ? {} : { requiredDuringSchedulingIgnoredDuringExecution: strict })
  }
}

const between = (affinity: Affinity, labels: Labels): Affinity => {
  const podAffinity = affinityOf(affinity.podAffinity, labels)
  const podAntiAffinity = affinityOf(affinity.podAntiAffinity, labels)
  return {
    ...affinity,
    ...(podAffinity === undefined ? {} : { podAffinity }),
    ...(podAntiAffinity === undefined ? {} : { podAntiAffinity })
  }
}

/** The pod with every key resolved; the very pod when it names none. Its labels are those that it is created with. */
export const withLabelKeys = (pod: Pod): Pod => {
  const { affinity, topologySpreadConstraints: spread } = pod.spec ?? {}
  const labels = pod.metadata?.labels
  const asks = affinity?.podAffinity ?? affinity?.podAntiAffinity ?? spread
  if (pod.spec === undefined || labels === undefined || asks === undefined) return pod
  return {
    ...pod,
    spec: {
      ...pod.spec,
      ...(affinity === undefined ? {} : { affinity: between(affinity, labels) }),
      ...(spread === undefined
        ? {}
        : { topologySpreadConstraints: spread.map((one) => resolved<TopologySpreadConstraint>(one, labels)) })
    }
  }
}
