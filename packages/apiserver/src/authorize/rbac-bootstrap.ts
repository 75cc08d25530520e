/** All RBAC objects a cluster starts with, and what has to change about those that are there already. @module */
import type { KubernetesObject } from "@tsukube/api"
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Subject } from "@tsukube/api/rbac-v1"
import { controllerBindings, controllerRoles } from "./controller-roles.ts"
import { defaultBindings, defaultClusterBindings, defaultClusterRoles, defaultRoles } from "./default-roles.ts"
import type { BindingObject, RoleObject } from "./policy.ts"

/** Roles before bindings. */
export const rbacBootstrap: ReadonlyArray<RoleObject | BindingObject> = [
  ...defaultClusterRoles,
  ...controllerRoles,
  ...defaultClusterBindings,
  ...controllerBindings,
  ...defaultRoles,
  ...defaultBindings
]

const autoupdate = "rbac.authorization.kubernetes.io/autoupdate"

const covers = (wide: ReadonlyArray<string> | undefined, narrow: ReadonlyArray<string> | undefined): boolean =>
  (narrow ?? []).every((value) => wide?.includes("*") === true || wide?.includes(value) === true)

/** Whether one rule of the list allows everything that `wanted` does. */
const isCovered = (rules: ReadonlyArray<PolicyRule>, wanted: PolicyRule): boolean =>
  rules.some(
    (rule) =>
      covers(rule.verbs, wanted.verbs) &&
      covers(rule.apiGroups, wanted.apiGroups) &&
      covers(rule.resources, wanted.resources) &&
      covers(rule.nonResourceURLs, wanted.nonResourceURLs) &&
      ((rule.resourceNames ?? []).length === 0 ||
        ((wanted.resourceNames ?? []).length > 0 && covers(rule.resourceNames, wanted.resourceNames)))
  )

const sameSubject = (a: Subject, b: Subject): boolean =>
  a.kind === b.kind && a.name === b.name && (a.namespace ?? "") === (b.namespace ?? "")

/**
 * What the stored object has to become: missing rules and subjects are added, nothing is taken away, and objects whose owner
 * switched `autoupdate` off are left alone. `undefined`: it is good as it is.
 */
export const reconciled = (wanted: KubernetesObject, stored: KubernetesObject): KubernetesObject | undefined => {
  if (stored.metadata?.annotations?.[autoupdate] === "false") return undefined
  if (wanted.kind === "ClusterRole" || wanted.kind === "Role") {
    const rules = (stored as ClusterRole).rules ?? []
    // The rules of an aggregated role are the aggregation's business once it exists.
    if ((stored as ClusterRole).aggregationRule !== undefined) return undefined
    const missing = ((wanted as ClusterRole).rules ?? []).filter((rule) => !isCovered(rules, rule))
    return missing.length === 0 ? undefined : { ...stored, ...{ rules: [...rules, ...missing] } }
  }
  const subjects = (stored as ClusterRoleBinding).subjects ?? []
  const missing = ((wanted as ClusterRoleBinding).subjects ?? []).filter(
    (one) => !subjects.some((other) => sameSubject(one, other))
  )
  return missing.length === 0 ? undefined : { ...stored, ...{ subjects: [...subjects, ...missing] } }
}
