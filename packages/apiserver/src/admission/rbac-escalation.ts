/** Keeps users from granting more than they have: by a role's rules, or by binding a role. @module */
import { forbidden } from "@tsukube/api"
import { type ClusterRole, clusterroles, type PolicyRule, type RoleBinding, roles } from "@tsukube/api/rbac-v1"
import { beyond } from "../authorize/escalation.ts"
import { privilegedGroup } from "../authorize/union.ts"
import type { Serving } from "../serving.ts"
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts"

const group = "rbac.authorization.k8s.io"

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a ?? null) === JSON.stringify(b ?? null)

/** Whether the user has one of the verbs that lift the rule. */
const mayAnyway = async (
  serving: Serving,
  { user, namespace }: AdmissionRequest,
  verb: "escalate" | "bind",
  resource: string,
  name: string
): Promise<boolean> => {
  const attributes = { isResource: true, path: "", verb, group, version: "v1", resource, subresource: "", namespace, name }
  return (await serving.parts.authorizer(user, attributes)).allowed
}

const refuseBeyond = (serving: Serving, request: AdmissionRequest, wanted: ReadonlyArray<PolicyRule>): void => {
  const { user, namespace, resource, name } = request
  const held = serving.parts.heldRules(user, namespace)
  const missing = held === undefined ? [] : beyond(held, wanted)
  if (missing.length === 0) return
  const groups = user.groups.map((one) => JSON.stringify(one)).join(" ")
  throw forbidden(
    resource,
    name,
    `user ${JSON.stringify(user.name)} (groups=[${groups}]) is attempting to grant RBAC permissions not currently held:\n${missing.join("\n")}`
  )
}

const checkRole = async (serving: Serving, request: AdmissionRequest): Promise<void> => {
  const { rules = [], aggregationRule } = request.object as ClusterRole
  const old = request.old as ClusterRole | undefined
  if (old !== undefined && same(rules, old.rules ?? []) && same(aggregationRule, old.aggregationRule)) return
  if (await mayAnyway(serving, request, "escalate", request.resource.plural, request.name)) return
  // An aggregated role may become anything: that takes the right to everything.
  const everything = [
    { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
    { verbs: ["*"], nonResourceURLs: ["*"] }
  ]
  refuseBeyond(serving, request, aggregationRule === undefined ? rules : everything)
}

const checkBinding = async (serving: Serving, request: AdmissionRequest): Promise<void> => {
  const { roleRef, subjects = [] } = request.object as RoleBinding
  const old = request.old as RoleBinding | undefined
  if (old !== undefined && same(roleRef, old.roleRef) && same(subjects, old.subjects ?? [])) return
  const cluster = roleRef.kind === "ClusterRole"
  const { name } = roleRef
  if (await mayAnyway(serving, request, "bind", cluster ? "clusterroles" : "roles", name)) return
  const role = cluster
    ? serving.registry.get(clusterroles, { name })
    : serving.registry.get(roles, { namespace: request.namespace, name })
  if (role === undefined) throw forbidden(request.resource, request.name, `${roleRef.kind} ${JSON.stringify(name)} not found`)
  refuseBeyond(serving, request, role.rules ?? [])
}

export const rbacEscalation: AdmissionPlugin = {
  name: "RBACEscalation",
  validate: (serving, request) => {
    if (request.resource.group !== group || request.object === undefined) return
    if (request.user.groups.includes(privilegedGroup)) return
    return request.resource.plural.endsWith("roles") ? checkRole(serving, request) : checkBinding(serving, request)
  }
}
