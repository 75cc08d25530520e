/** What a kubelet may do anywhere; what it may do only with its own pods' secrets and the like, the node authorizer says. @module */
import type { PolicyRule } from "@tsukube/api/rbac-v1"
import { allow, events, read } from "./policy.ts"

/** The rules of the role `system:node`. */
export const nodeRules: ReadonlyArray<PolicyRule> = [
  allow("create", "authentication.k8s.io", "tokenreviews"),
  allow("create", "authorization.k8s.io", "localsubjectaccessreviews,subjectaccessreviews"),
  allow(read, "", "services"),
  allow("create,get,list,watch", "", "nodes"),
  allow("patch,update", "", "nodes/status"),
  allow("patch,update", "", "nodes"),
  events,
  allow(read, "", "pods"),
  allow("create,delete", "", "pods"),
  allow("patch,update", "", "pods/status"),
  allow("create", "", "pods/eviction"),
  allow(read, "", "configmaps,secrets"),
  allow("get", "", "persistentvolumeclaims,persistentvolumes"),
  allow("get", "", "endpoints"),
  allow("create,get,list,watch", "certificates.k8s.io", "certificatesigningrequests"),
  allow("create,delete,get,patch,update", "coordination.k8s.io", "leases"),
  allow("get", "storage.k8s.io", "volumeattachments"),
  allow("create", "", "serviceaccounts/token"),
  allow("get,patch,update", "", "persistentvolumeclaims/status"),
  allow(read, "storage.k8s.io", "csidrivers"),
  allow("create,delete,get,patch,update", "storage.k8s.io", "csinodes"),
  allow(read, "node.k8s.io", "runtimeclasses"),
  allow("get", "resource.k8s.io", "resourceclaims"),
  allow("deletecollection", "resource.k8s.io", "resourceslices"),
  allow("get", "", "serviceaccounts")
]
