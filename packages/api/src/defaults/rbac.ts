/** Defaults of rbac.authorization.k8s.io. @module */
import type { RoleBinding, RoleRef, Subject } from "../types/rbac-v1.ts"
import { change, each, fill } from "./fill.ts"
import { type DefaultsTable, kind } from "./table.ts"

const group = "rbac.authorization.k8s.io"

/** Users and groups belong to RBAC's group, service accounts to the core group, whose name is empty. */
const defaultSubject = (subject: Subject): Subject =>
  subject.kind === "User" || subject.kind === "Group" ? fill(subject, { apiGroup: group }) : subject

const defaultRoleRef = (role: RoleRef): RoleRef => fill(role, { apiGroup: group })

/** Role bindings and cluster role bindings are of one shape. */
const defaultBinding = (binding: RoleBinding): RoleBinding =>
  change(binding, {
    roleRef: binding.roleRef === undefined ? undefined : defaultRoleRef(binding.roleRef),
    subjects: each(binding.subjects, defaultSubject)
  })

export const rbac: DefaultsTable = { ClusterRoleBinding: kind(defaultBinding), RoleBinding: kind(defaultBinding) }
