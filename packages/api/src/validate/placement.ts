/** Validation of where a pod may run: affinity, tolerations, spreading. @module */
import { duplicate, forbidden, invalid, notSupported, required } from "../field-error.ts"
import { isDns1123Label, isLabelValue, isQualifiedName } from "../name.ts"
import type {
  Affinity,
  NodeSelector,
  NodeSelectorTerm,
  PodAffinityTerm,
  PodSpec,
  Toleration,
  TopologySpreadConstraint
} from "../types/core-v1.ts"
import type { LabelSelector } from "../types/meta-v1.ts"
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
  if (wanted !== undefined)
    yield* validateNodeSelector(wanted, `${path}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution`)
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

/** Terms of which a node has to satisfy one. */
export function* validateNodeSelector({ nodeSelectorTerms: terms = [] }: Loose<NodeSelector>, path: string): Findings {
  const at = `${path}.nodeSelectorTerms`
  if (terms.length === 0) yield required(at, "must have at least one node selector term")
  for (const [i, term] of terms.entries()) yield* validateNodeTerm(term, `${at}[${i}]`)
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
  for (const name of term.namespaces ?? []) yield* breaks(`${path}.namespace`, name, isDns1123Label(name))
  yield* validateKeys(term, `${path}`)
  if ((term.topologyKey ?? "") === "") yield required(`${path}.topologyKey`, "can not be empty")
  else yield* breaks(`${path}.topologyKey`, term.topologyKey, isQualifiedName(term.topologyKey ?? ""))
}

/** A toleration of a pod or of a RuntimeClass. */
export function* validateToleration(toleration: Loose<Toleration>, path: string): Findings {
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

interface KeyedTerm {
  readonly matchLabelKeys?: ReadonlyArray<string> | undefined
  readonly mismatchLabelKeys?: ReadonlyArray<string> | undefined
  readonly labelSelector?: Loose<LabelSelector> | undefined
}

/** Keys whose values are taken from the pod itself; without a selector there is nothing to add them to. */
function* validateKeys({ matchLabelKeys = [], mismatchLabelKeys = [], labelSelector }: KeyedTerm, path: string): Findings {
  for (const [field, keys] of Object.entries({ matchLabelKeys, mismatchLabelKeys })) {
    if (keys.length > 0 && labelSelector === undefined)
      yield forbidden(`${path}.${field}`, "must not be specified when labelSelector is not set")
    for (const [i, key] of keys.entries()) yield* breaks(`${path}.${field}[${i}]`, key, isQualifiedName(key))
  }
  for (const [i, key] of matchLabelKeys.entries())
    if (mismatchLabelKeys.includes(key))
      yield invalid(`${path}.matchLabelKeys[${i}]`, key, "exists in both matchLabelKeys and mismatchLabelKeys")
}

function* validateSpreading(constraints: ReadonlyArray<Loose<TopologySpreadConstraint>>, path: string): Findings {
  const seen = new Set<string>()
  for (const [i, constraint] of constraints.entries()) {
    const at = `${path}[${i}]`
    const { maxSkew = 0, topologyKey = "", whenUnsatisfiable = "", labelSelector, minDomains } = constraint
    if (maxSkew <= 0) yield invalid(`${at}.maxSkew`, maxSkew, "must be greater than 0")
    if (topologyKey === "") yield required(`${at}.topologyKey`, "can not be empty")
    else yield* breaks(`${at}.topologyKey`, topologyKey, isQualifiedName(topologyKey))
    if (whenUnsatisfiable !== "DoNotSchedule" && whenUnsatisfiable !== "ScheduleAnyway") {
      yield notSupported(`${at}.whenUnsatisfiable`, whenUnsatisfiable, ["DoNotSchedule", "ScheduleAnyway"])
    }
    if (minDomains !== undefined && minDomains <= 0) yield invalid(`${at}.minDomains`, minDomains, "must be greater than 0")
    if (minDomains !== undefined && whenUnsatisfiable === "ScheduleAnyway") {
      const sentence = "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway"
      yield invalid(`${at}.minDomains`, minDomains, sentence)
    }
    for (const policy of ["nodeAffinityPolicy", "nodeTaintsPolicy"] as const)
      yield* mayBeOneOf(`${at}.${policy}`, constraint[policy], ["Honor", "Ignore"])
    yield* validateKeys(constraint, at)
    const pair = `${topologyKey}, ${whenUnsatisfiable}`
    if (seen.has(pair)) yield duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, `{${pair}}`)
    seen.add(pair)
    yield* validateLabelSelector(labelSelector, `${at}.labelSelector`)
  }
}
