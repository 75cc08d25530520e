/** Short ways to write RBAC rules and the objects that carry them. @module */
import type { KubernetesObject } from "@tsukube/api"
import type { PolicyRule, Subject } from "@tsukube/api/rbac-v1"

export const read = "get,list,watch"
export const write = "create,delete,deletecollection,patch,update"
export const all = "*"

const words = (text: string): ReadonlyArray<string> => text.split(",")

/** A rule for resources; every list is written with commas, "" is the core group. */
export const allow = (verbs: string, groups: string, resources: string, names?: string): PolicyRule => ({
  verbs: words(verbs),
  apiGroups: words(groups),
  resources: words(resources),
  ...(names === undefined ? {} : { resourceNames: words(names) })
})

/** A rule for plain paths. */
export const allowPaths = (verbs: string, paths: string): PolicyRule => ({ verbs: words(verbs), nonResourceURLs: words(paths) })

/** Rules that write events in both their groups. */
export const events: PolicyRule = allow("create,patch,update", ",events.k8s.io", "events")

const group = "rbac.authorization.k8s.io"
const apiVersion = `${group}/v1`

/** Upstream's marks: these objects are the server's own and are repaired by it. */
const metadataOf = (name: string, namespace?: string, labels: Readonly<Record<string, string>> = {}) => ({
  name,
  ...(namespace === undefined ? {} : { namespace }),
  labels: { "kubernetes.io/bootstrapping": "rbac-defaults", ...labels },
  annotations: { "rbac.authorization.kubernetes.io/autoupdate": "true" }
})

/** A ClusterRole or Role as it is stored. */
export interface RoleObject extends KubernetesObject {
  readonly rules: ReadonlyArray<PolicyRule>
}

export const clusterRole = (
  name: string,
  rules: ReadonlyArray<PolicyRule>,
  labels?: Readonly<Record<string, string>>
): RoleObject => ({
  apiVersion,
  kind: "ClusterRole",
  metadata: metadataOf(name, undefined, labels),
  rules
})

/** A role made of all roles with the label; `rules` is what they come to at the start. */
export const aggregatedRole = (
  name: string,
  selector: string,
  rules: ReadonlyArray<PolicyRule>,
  labels?: Readonly<Record<string, string>>
): RoleObject & { readonly aggregationRule: object } => ({
  apiVersion,
  kind: "ClusterRole",
  metadata: metadataOf(name, undefined, labels),
  aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [selector]: "true" } }] },
  rules
})

export const role = (namespace: string, name: string, rules: ReadonlyArray<PolicyRule>): RoleObject => ({
  apiVersion,
  kind: "Role",
  metadata: metadataOf(name, namespace),
  rules
})

/** A binding as it is stored. */
export interface BindingObject extends KubernetesObject {
  readonly subjects?: ReadonlyArray<Subject>
  readonly roleRef: object
}

export const user = (name: string): Subject => ({ kind: "User", apiGroup: group, name })
export const groupOf = (name: string): Subject => ({ kind: "Group", apiGroup: group, name })
export const account = (name: string, namespace = "kube-system"): Subject => ({ kind: "ServiceAccount", name, namespace })

/** A ClusterRoleBinding of the same name as its role, unless told. */
export const clusterBinding = (roleName: string, subjects: ReadonlyArray<Subject>, name: string = roleName): BindingObject => ({
  apiVersion,
  kind: "ClusterRoleBinding",
  metadata: metadataOf(name),
  ...(subjects.length === 0 ? {} : { subjects }),
  roleRef: { apiGroup: group, kind: "ClusterRole", name: roleName }
})

export const binding = (
  namespace: string,
  roleName: string,
  subjects: ReadonlyArray<Subject>,
  name: string = roleName
): BindingObject => ({
  apiVersion,
  kind: "RoleBinding",
  metadata: metadataOf(name, namespace),
  subjects,
  roleRef: { apiGroup: group, kind: "Role", name: roleName }
})
