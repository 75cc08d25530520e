/** Validation of where a pod may run: affinity, tolerations, spreading. @module */
import { duplicate, invalid, notSupported, required } from "../field-error.ts"
import { isLabelValue, isQualifiedName } from "../name.ts"
import type {
  Affinity,
  NodeSelectorTerm,
  PodAffinityTerm,
  PodSpec,
  Toleration,
  TopologySpreadConstraint
} from "../types/core-v1.ts"
import { breaks, type Findings, type Loose, labels, mayBeOneOf, mayHaveForm } from "./findings.ts"
import { validateLabelSelector, validateNodeRequirement } from "./label-selector.ts"

const effects = ["NoExecute", "NoSchedule", "PreferNoSchedule"]

/** Everything the scheduler reads. */
export function* validatePlacement(spec: Loose<PodSpec>, path: string): Findings {
  yield* labels(`${path}.nodeSelector`, spec.nodeSelector)
  yield* validateAffinity(spec.affinity, `${path}.affinity`)
  for (const [i, toleration] of (spec.tolerations ?? []).entries())
    yield* validateToleration(toleration, `${path}.tolerations[${i}]`)
  yield* validateSpreading(spec.topologySpreadConstraints ?? [], `${path}.topologySpreadConstraints`)
}

function* validateAffinity(affinity: Loose<Affinity> | undefined, path: string): Findings {
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity ?? {}
  const wanted = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  if (wanted !== undefined) {
    const at = `${path}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`
    if ((wanted.nodeSelectorTerms ?? []).length === 0) yield required(at, "must have at least one node selector term")
    for (const [i, term] of (wanted.nodeSelectorTerms ?? []).entries()) yield* validateNodeTerm(term, `${at}[${i}]`)
  }
  for (const [i, { weight, preference }] of (nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
    const at = `${path}.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[${i}]`
    yield* validateWeight(weight, `${at}.weight`)
    yield* validateNodeTerm(preference ?? {}, `${at}.preference`)
  }
  for (const [name, side] of Object.entries({ podAffinity, podAntiAffinity })) {
    for (const [i, term] of (side?.requiredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
      yield* validatePodTerm(term, `${path}.${name}.requiredDuringSchedulingIgnoredDuringExecution[${i}]`)
    }
    for (const [i, { weight, podAffinityTerm }] of (side?.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
      const at = `${path}.${name}.preferredDuringSchedulingIgnoredDuringExecution[${i}]`
      yield* validateWeight(weight, `${at}.weight`)
      yield* validatePodTerm(podAffinityTerm ?? {}, `${at}.podAffinityTerm`)
    }
  }
}

function* validateWeight(weight: number | undefined, path: string): Findings {
  if (weight === undefined || weight < 1 || weight > 100) yield invalid(path, weight ?? 0, "must be in the range 1-100")
}

function* validateNodeTerm(term: Loose<NodeSelectorTerm>, path: string): Findings {
  for (const [i, requirement] of (term.matchExpressions ?? []).entries()) {
    yield* validateNodeRequirement(requirement, `${path}.matchExpressions[${i}]`)
  }
  for (const [i, { key = "", operator = "", values = [] }] of (term.matchFields ?? []).entries()) {
    const at = `${path}.matchFields[${i}]`
    if (operator !== "In" && operator !== "NotIn") yield invalid(`${at}.operator`, operator, "not a valid selector operator")
    else if (values.length !== 1)
      yield required(`${at}.values`, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector")
    if (key !== "metadata.name") yield invalid(`${at}.key`, key, "not a valid field selector key")
  }
}

function* validatePodTerm(term: Loose<PodAffinityTerm>, path: string): Findings {
  yield* validateLabelSelector(term.labelSelector, `${path}.labelSelector`)
  yield* validateLabelSelector(term.namespaceSelector, `${path}.namespaceSelector`)
  if ((term.topologyKey ?? "") === "") yield required(`${path}.topologyKey`, "can not be empty")
  else yield* breaks(`${path}.topologyKey`, term.topologyKey, isQualifiedName(term.topologyKey ?? ""))
}

function* validateToleration(toleration: Loose<Toleration>, path: string): Findings {
  const { key = "", operator = "", value = "", effect = "", tolerationSeconds } = toleration
  yield* mayHaveForm(`${path}.key`, key, isQualifiedName)
  if (key === "" && operator !== "Exists") {
    yield invalid(
      `${path}.operator`,
      operator,
      'operator must be Exists when `key` is empty, which means "match all values and all keys"'
    )
  }
  if (tolerationSeconds !== undefined && effect !== "NoExecute") {
    yield invalid(`${path}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")
  }
  if (operator === "Exists" && value !== "")
    yield invalid(`${path}.operator`, toleration, "value must be empty when `operator` is 'Exists'")
  if (operator === "" || operator === "Equal") yield* breaks(`${path}.operator`, value, isLabelValue(value))
  else if (operator !== "Exists") yield notSupported(`${path}.operator`, operator, ["Equal", "Exists"])
  yield* mayBeOneOf(`${path}.effect`, effect, effects)
}

function* validateSpreading(constraints: ReadonlyArray<Loose<TopologySpreadConstraint>>, path: string): Findings {
  const seen = new Set<string>()
  for (const [i, { maxSkew = 0, topologyKey = "", whenUnsatisfiable = "", labelSelector, minDomains }] of constraints.entries()) {
    const at = `${path}[${i}]`
    if (maxSkew <= 0) yield invalid(`${at}.maxSkew`, maxSkew, "must be greater than 0")
    if (topologyKey === "") yield required(`${at}.topologyKey`, "can not be empty")
    else yield* breaks(`${at}.topologyKey`, topologyKey, isQualifiedName(topologyKey))
    if (whenUnsatisfiable !== "DoNotSchedule" && whenUnsatisfiable !== "ScheduleAnyway") {
      yield notSupported(`${at}.whenUnsatisfiable`, whenUnsatisfiable, ["DoNotSchedule", "ScheduleAnyway"])
    }
    if (minDomains !== undefined && minDomains <= 0) yield invalid(`${at}.minDomains`, minDomains, "must be greater than 0")
    const pair = `${topologyKey}, ${whenUnsatisfiable}`
    if (seen.has(pair)) yield duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, `{${pair}}`)
    seen.add(pair)
    yield* validateLabelSelector(labelSelector, `${at}.labelSelector`)
  }
}
