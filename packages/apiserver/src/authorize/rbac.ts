/** Authorizes by the Roles and bindings that are stored in the cluster. @module */
import {
  type ClusterRoleBinding,
  clusterrolebindings,
  clusterroles,
  type PolicyRule,
  type RoleBinding,
  rolebindings,
  roles,
  type Subject
} from "@tsukube/api/rbac-v1"
import type { Authorizer, Registry, UserInfo } from "../request.ts"
import { ruleAllows } from "./rule.ts"

/** One binding as it concerns one subject. */
interface Grant {
  /** "" for the whole cluster. */
  readonly namespace: string
  readonly binding: RoleBinding | ClusterRoleBinding
  readonly subject: Subject
}

/** Rules that hold for a user in a namespace, with what gave them. */
export interface GrantedRules {
  readonly rules: ReadonlyArray<PolicyRule>
  readonly reason: string
}

/** RBAC over a cluster's objects. */
export interface Rbac {
  readonly authorize: Authorizer
  /** Everything that holds for the user, of the cluster and of one namespace ("" for the cluster's alone). */
  readonly rulesFor: (user: UserInfo, namespace: string) => IterableIterator<GrantedRules>
}

const accountPrefix = "system:serviceaccount:"

/** A subject as users show it; service accounts are users of a certain name. */
const keyOfSubject = (subject: Subject, bindingNamespace: string): string =>
  subject.kind === "ServiceAccount"
    ? `User ${accountPrefix}${subject.namespace ?? bindingNamespace}:${subject.name}`
    : `${subject.kind} ${subject.name}`

/** Bindings are found by subject; the index is made anew on the first question after a binding changed. */
export const makeRbac = (registry: Registry): Rbac => {
  let index: Map<string, Array<Grant>> | undefined
  const forget = () => {
    index = undefined
  }
  registry.onChange(clusterrolebindings, forget)
  registry.onChange(rolebindings, forget)

  const build = (): Map<string, Array<Grant>> => {
    const built = new Map<string, Array<Grant>>()
    const add = (namespace: string, binding: RoleBinding | ClusterRoleBinding) => {
      for (const subject of binding.subjects ?? []) {
        const key = keyOfSubject(subject, namespace)
        const grants = built.get(key)
        if (grants === undefined) built.set(key, [{ namespace, binding, subject }])
        else grants.push({ namespace, binding, subject })
      }
    }
    for (const binding of registry.list(clusterrolebindings)) add("", binding)
    for (const binding of registry.list(rolebindings)) add(binding.metadata?.namespace ?? "", binding)
    return built
  }

  const rulesOf = ({ namespace, binding }: Grant): ReadonlyArray<PolicyRule> => {
    const { kind, name } = binding.roleRef
    const role = kind === "ClusterRole" ? registry.get(clusterroles, { name }) : registry.get(roles, { namespace, name })
    return role?.rules ?? []
  }

  function* rulesFor(user: UserInfo, namespace: string): IterableIterator<GrantedRules> {
    index ??= build()
    for (const key of [`User ${user.name}`, ...user.groups.map((group) => `Group ${group}`)]) {
      for (const grant of index.get(key) ?? []) {
        if (grant.namespace !== "" && grant.namespace !== namespace) continue
        yield { rules: rulesOf(grant), reason: reasonOf(grant) }
      }
    }
  }

  const authorize: Authorizer = async (user, attributes) => {
    for (const { rules, reason } of rulesFor(user, attributes.namespace)) {
      if (rules.some((rule) => ruleAllows(rule, attributes))) return { allowed: true, reason }
    }
    return { allowed: false }
  }
  return { authorize, rulesFor }
}

const reasonOf = ({ namespace, binding, subject }: Grant): string => {
  const name = binding.metadata?.name ?? ""
  const what = namespace === "" ? `ClusterRoleBinding "${name}"` : `RoleBinding "${name}/${namespace}"`
  const who = subject.kind === "ServiceAccount" ? `"${subject.name}/${subject.namespace ?? namespace}"` : `"${subject.name}"`
  return `RBAC: allowed by ${what} of ${binding.roleRef.kind} "${binding.roleRef.name}" to ${subject.kind} ${who}`
}
