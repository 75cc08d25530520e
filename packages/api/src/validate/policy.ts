/** Validation of disruption budgets, priority classes and leases. @module */
import { forbidden, invalid } from "../field-error.ts"
import { isQualifiedName } from "../name.ts"
import type { Lease } from "../types/coordination-v1.ts"
import type { PodDisruptionBudget } from "../types/policy-v1.ts"
import type { PriorityClass } from "../types/scheduling-v1.ts"
import { breaks, countOrPercent, type Findings, type Loose, mayBeOneOf, nonNegative, positive } from "./findings.ts"
import { validateLabelSelector } from "./label-selector.ts"

const maxUserPriority = 1_000_000_000

/** A PodDisruptionBudget, new or changed. */
export function* validateBudget({ spec = {} }: Loose<PodDisruptionBudget>): Findings {
  const { minAvailable, maxUnavailable } = spec
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    yield invalid("spec", spec, "minAvailable and maxUnavailable cannot be both set")
  }
  yield* countOrPercent("spec.minAvailable", minAvailable)
  yield* countOrPercent("spec.maxUnavailable", maxUnavailable)
  yield* validateLabelSelector(spec.selector, "spec.selector")
  yield* mayBeOneOf("spec.unhealthyPodEvictionPolicy", spec.unhealthyPodEvictionPolicy, ["AlwaysAllow", "IfHealthyBudget"])
}

/** A PriorityClass, new or changed. */
export function* validatePriorityClass({ metadata, value = 0, preemptionPolicy }: Loose<PriorityClass>): Findings {
  const system = metadata?.name?.startsWith("system-") === true
  const known = metadata?.name === "system-node-critical" || metadata?.name === "system-cluster-critical"
  if (system && !known) {
    yield forbidden("metadata.name", "priority class names with 'system-' prefix are reserved for system use only")
  }
  if (!system && value > maxUserPriority) {
    yield forbidden("value", `maximum allowed value of a user defined priority is ${maxUserPriority}`)
  }
  yield* mayBeOneOf("preemptionPolicy", preemptionPolicy, ["Never", "PreemptLowerPriority"])
}

/** A priority is for life: pods carry its number. */
export function* validatePriorityClassUpdate(priority: Loose<PriorityClass>, old: Loose<PriorityClass>): Findings {
  if (priority.value !== old.value) yield forbidden("value", "may not be changed in an update.")
  if (priority.preemptionPolicy !== old.preemptionPolicy)
    yield invalid("preemptionPolicy", priority.preemptionPolicy, "field is immutable")
}

/** A Lease, new or changed. */
export function* validateLease({ spec = {} }: Loose<Lease>): Findings {
  yield* positive("spec.leaseDurationSeconds", spec.leaseDurationSeconds)
  yield* nonNegative("spec.leaseTransitions", spec.leaseTransitions)
  const { strategy = "", preferredHolder = "" } = spec
  if (strategy !== "" && strategy !== "OldestEmulationVersion")
    yield* breaks("spec.strategy", strategy, isQualifiedName(strategy))
  if (preferredHolder !== "" && strategy === "")
    yield forbidden("spec.preferredHolder", "may only be specified if `strategy` is defined")
}
