/** Validation of roles and their bindings. @module */
import { invalid, notSupported, required } from "../field-error.ts"
import { equalJson } from "../json.ts"
import { isDns1123Subdomain, isPathSegment } from "../name.ts"
import type { ClusterRole, PolicyRule, Role, RoleBinding, Subject } from "../types/rbac-v1.ts"
import { type Findings, type Loose, mayBeOneOf, needsForm } from "./findings.ts"
import { validateLabelSelector } from "./label-selector.ts"

const group = "rbac.authorization.k8s.io"

/** A Role, new or changed. */
export function* validateRole({ rules = [] }: Loose<Role>): Findings {
  for (const [i, rule] of rules.entries()) yield* validateRule(rule, true, `rules[${i}]`)
}

/** A ClusterRole, new or changed. */
export function* validateClusterRole({ rules = [], aggregationRule }: Loose<ClusterRole>): Findings {
  for (const [i, rule] of rules.entries()) yield* validateRule(rule, false, `rules[${i}]`)
  if (aggregationRule === undefined) return
  const { clusterRoleSelectors = [] } = aggregationRule
  const path = "aggregationRule.clusterRoleSelectors"
  if (clusterRoleSelectors.length === 0)
    yield required(path, "at least one clusterRoleSelector required if aggregationRule is non-nil")
  for (const [i, selector] of clusterRoleSelectors.entries()) yield* validateLabelSelector(selector, `${path}[${i}]`)
}

function* validateRule(rule: Loose<PolicyRule>, namespaced: boolean, path: string): Findings {
  const { verbs = [], nonResourceURLs = [], apiGroups = [], resources = [], resourceNames = [] } = rule
  if (verbs.length === 0) yield required(`${path}.verbs`, "verbs must contain at least one value")
  if (nonResourceURLs.length > 0) {
    if (namespaced)
      yield invalid(`${path}.nonResourceURLs`, nonResourceURLs, "namespaced rules cannot apply to non-resource URLs")
    if (apiGroups.length + resources.length + resourceNames.length > 0) {
      yield invalid(
        `${path}.nonResourceURLs`,
        nonResourceURLs,
        "rules cannot apply to both regular resources and non-resource URLs"
      )
    }
    return
  }
  if (apiGroups.length === 0) yield required(`${path}.apiGroups`, "resource rules must supply at least one api group")
  if (resources.length === 0) yield required(`${path}.resources`, "resource rules must supply at least one resource")
}

/** A binding inside a namespace may name either kind of role, one of the cluster only cluster roles. */
export const validateBinding = (kinds: ReadonlyArray<string>) =>
  function* ({ roleRef = {}, subjects = [] }: Loose<RoleBinding>): Findings {
    if (roleRef.apiGroup !== group) yield notSupported("roleRef.apiGroup", roleRef.apiGroup ?? "", [group])
    if (!kinds.includes(roleRef.kind ?? "")) yield notSupported("roleRef.kind", roleRef.kind ?? "", kinds)
    yield* needsForm("roleRef.name", roleRef.name, isPathSegment)
    for (const [i, subject] of subjects.entries()) yield* validateSubject(subject, `subjects[${i}]`)
  }

function* validateSubject({ kind = "", name = "", namespace = "", apiGroup = "" }: Loose<Subject>, path: string): Findings {
  if (name === "") yield required(`${path}.name`)
  if (kind === "ServiceAccount") {
    if (name !== "") yield* needsForm(`${path}.name`, name, isDns1123Subdomain)
    yield* mayBeOneOf(`${path}.apiGroup`, apiGroup, [""])
    if (namespace === "") yield required(`${path}.namespace`)
  } else if (kind === "User" || kind === "Group") {
    if (apiGroup !== group) yield notSupported(`${path}.apiGroup`, apiGroup, [group])
  } else {
    yield notSupported(`${path}.kind`, kind, ["ServiceAccount", "User", "Group"])
  }
}

/** Whom a binding binds may change, to what may not: that would be another grant under an old name. */
export function* validateBindingUpdate(binding: Loose<RoleBinding>, old: Loose<RoleBinding>): Findings {
  if (!equalJson(binding.roleRef, old.roleRef)) yield invalid("roleRef", binding.roleRef, "cannot change roleRef")
}
