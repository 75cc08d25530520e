/** Validation of ResourceQuota: names of what it counts, and scopes. @module */
import { immutable, invalid, notSupported, required } from "../field-error.ts"
import { equalJson } from "../json.ts"
import type { ResourceQuota, ResourceQuotaSpec } from "../types/core-v1.ts"
import type { Findings, Loose } from "./findings.ts"
import { checkQuotaResourceName } from "./resource-name.ts"
import { validateNonNegative } from "./resources.ts"

const scopes = [
  "BestEffort",
  "CrossNamespacePodAffinity",
  "NotBestEffort",
  "NotTerminating",
  "PriorityClass",
  "Terminating",
  "VolumeAttributesClass"
]
/** These speak of themselves and take no values. */
const plainScopes: ReadonlySet<string> = new Set([
  "BestEffort",
  "CrossNamespacePodAffinity",
  "NotBestEffort",
  "NotTerminating",
  "Terminating"
])
const computed = [
  "cpu",
  "memory",
  "ephemeral-storage",
  "requests.cpu",
  "requests.memory",
  "requests.ephemeral-storage",
  "limits.cpu",
  "limits.memory",
  "limits.ephemeral-storage"
]
const counted: ReadonlySet<string> = new Set([
  ...computed,
  ...["pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps", "persistentvolumeclaims"],
  ...["services.nodeports", "services.loadbalancers", "requests.storage"]
])
const ofPods = ["pods", ...computed]

/** A ResourceQuota, new or changed. */
export function* validateResourceQuota({ spec = {} }: Loose<ResourceQuota>): Findings {
  for (const [name, amount = "0"] of Object.entries(spec.hard ?? {})) {
    const at = `spec.hard[${name}]`
    yield* checkQuotaResourceName(name, at)
    yield* validateNonNegative(amount, at)
    if (isWhole(name) && /m$/.test(amount)) yield invalid(at, amount, "must be an integer")
  }
  yield* validateScopes(spec)
  yield* validateScopeSelector(spec)
}

const isWhole = (name: string): boolean => counted.has(name) && !computed.includes(name) && name !== "requests.storage"

function* validateScopes({ scopes: given = [], hard = {} }: Loose<ResourceQuotaSpec>): Findings {
  const set = new Set<string>(given)
  for (const scope of set) {
    if (!scopes.includes(scope)) yield invalid("spec.scopes", given, "unsupported scope")
    for (const name of Object.keys(hard))
      if (!fits(scope, name)) yield invalid("spec.scopes", given, "unsupported scope applied to resource")
  }
  for (const [a, b] of [
    ["BestEffort", "NotBestEffort"],
    ["Terminating", "NotTerminating"]
  ] as const)
    if (set.has(a) && set.has(b)) yield invalid("spec.scopes", given, "conflicting scopes")
}

/** Scopes are about pods, and pods without requests can only be counted. */
const fits = (scope: string, name: string): boolean => {
  if (name.startsWith("count/") || name.includes("hugepages-") || name.includes("/"))
    return scope !== "BestEffort" || name === "count/pods"
  if (scope === "BestEffort") return name === "pods"
  if (scope === "VolumeAttributesClass") return name === "persistentvolumeclaims" || name === "requests.storage"
  return !counted.has(name) || ofPods.includes(name)
}

function* validateScopeSelector({ scopeSelector, hard = {} }: Loose<ResourceQuotaSpec>): Findings {
  const path = "spec.scopeSelector.matchExpressions"
  for (const { scopeName = "" as string, operator = "" as string, values = [] } of scopeSelector?.matchExpressions ?? []) {
    if (!scopes.includes(scopeName)) yield invalid(`${path}.scopeName`, scopeName, "unsupported scope")
    for (const name of Object.keys(hard))
      if (!fits(scopeName, name)) yield invalid(path, scopeSelector, "unsupported scope applied to resource")
    if (plainScopes.has(scopeName) && operator !== "Exists")
      yield invalid(
        `${path}.operator`,
        operator,
        "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
      )
    if (operator === "In" || operator === "NotIn") {
      if (values.length === 0)
        yield required(`${path}.values`, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector")
    } else if (operator === "Exists" || operator === "DoesNotExist") {
      if (values.length > 0)
        yield invalid(
          `${path}.values`,
          values,
          "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
        )
    } else yield notSupported(`${path}.operator`, operator, ["DoesNotExist", "Exists", "In", "NotIn"])
  }
}

/** The scopes of a quota are for life. */
export function* validateResourceQuotaUpdate(quota: Loose<ResourceQuota>, old: Loose<ResourceQuota>): Findings {
  const sorted = (list: ReadonlyArray<string> = []): ReadonlyArray<string> => [...list].sort()
  if (!equalJson(sorted(quota.spec?.scopes), sorted(old.spec?.scopes))) yield immutable("spec.scopes", quota.spec?.scopes)
}
