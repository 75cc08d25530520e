/** The rules of a role that is put together from others. Pure. @module */
import { labelSelectorFrom, matchesLabels } from "@tsukube/api"
import type { ClusterRole, PolicyRule } from "@tsukube/api/rbac-v1"
import { canonical } from "../canonical.ts"
import { nameOf } from "../object.ts"

const byName = (left: ClusterRole, right: ClusterRole): number => (nameOf(left) < nameOf(right) ? -1 : 1)

/** The rules the role should have; undefined when it has just these, in whatever order, or is not put together at all. */
export const aggregatedRules = (role: ClusterRole, all: ReadonlyArray<ClusterRole>): ReadonlyArray<PolicyRule> | undefined => {
  if (role.aggregationRule === undefined) return undefined
  const rules = new Map<string, PolicyRule>()
  const others = all.filter((other) => nameOf(other) !== nameOf(role)).sort(byName)
  for (const selector of role.aggregationRule.clusterRoleSelectors ?? []) {
    const parsed = labelSelectorFrom(selector)
    for (const other of others) {
      if (matchesLabels(parsed, other.metadata?.labels)) for (const rule of other.rules ?? []) rules.set(canonical(rule), rule)
    }
  }
  const current = new Set((role.rules ?? []).map(canonical))
  const isSame = current.size === rules.size && [...rules.keys()].every((rule) => current.has(rule))
  return isSame ? undefined : [...rules.values()]
}
