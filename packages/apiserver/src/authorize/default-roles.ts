/** The roles that every cluster has from its first second, for people and for the cluster's own parts. @module */
import type { PolicyRule } from "@tsukube/api/rbac-v1"
import { nodeRules } from "./node-rules.ts"
import {
  account,
  aggregatedRole,
  all,
  allow,
  allowPaths,
  type BindingObject,
  binding,
  clusterBinding,
  clusterRole,
  events,
  groupOf,
  type RoleObject,
  read,
  role,
  user,
  write
} from "./policy.ts"

const scheduler = user("system:kube-scheduler")
const controllerManager = user("system:kube-controller-manager")
const authentication = "authentication.k8s.io"
const authorization = "authorization.k8s.io"
const rbac = "rbac.authorization.k8s.io"
const readWrite = "create,delete,deletecollection,get,list,patch,update,watch"

const viewRules: ReadonlyArray<PolicyRule> = [
  allow(
    read,
    "",
    "configmaps,endpoints,persistentvolumeclaims,persistentvolumeclaims/status,pods,replicationcontrollers,replicationcontrollers/scale,serviceaccounts,services,services/status"
  ),
  allow(
    read,
    "",
    "bindings,limitranges,namespaces/status,pods/log,pods/status,replicationcontrollers/status,resourcequotas,resourcequotas/status"
  ),
  allow(read, "", "namespaces"),
  allow(read, ",events.k8s.io", "events"),
  allow(read, "discovery.k8s.io", "endpointslices"),
  allow(
    read,
    "apps",
    "controllerrevisions,daemonsets,daemonsets/status,deployments,deployments/scale,deployments/status,replicasets,replicasets/scale,replicasets/status,statefulsets,statefulsets/scale,statefulsets/status"
  ),
  allow(read, "autoscaling", "horizontalpodautoscalers,horizontalpodautoscalers/status"),
  allow(read, "batch", "cronjobs,cronjobs/status,jobs,jobs/status"),
  allow(
    read,
    "extensions",
    "daemonsets,daemonsets/status,deployments,deployments/scale,deployments/status,ingresses,ingresses/status,networkpolicies,replicasets,replicasets/scale,replicasets/status,replicationcontrollers/scale"
  ),
  allow(read, "policy", "poddisruptionbudgets,poddisruptionbudgets/status"),
  allow(read, "networking.k8s.io", "ingresses,ingresses/status,networkpolicies"),
  allow(read, "resource.k8s.io", "resourceclaims,resourceclaims/status,resourceclaimtemplates")
]

const editRules: ReadonlyArray<PolicyRule> = [
  allow(read, "", "pods/attach,pods/exec,pods/portforward,pods/proxy,secrets,services/proxy"),
  allow("impersonate", "", "serviceaccounts"),
  allow(write, "", "pods,pods/attach,pods/exec,pods/portforward,pods/proxy"),
  allow("create", "", "pods/eviction"),
  allow(
    write,
    "",
    "configmaps,persistentvolumeclaims,replicationcontrollers,replicationcontrollers/scale,secrets,serviceaccounts,services,services/proxy"
  ),
  allow("create", "", "serviceaccounts/token"),
  allow(write, ",events.k8s.io", "events"),
  allow(
    write,
    "apps",
    "daemonsets,deployments,deployments/rollback,deployments/scale,replicasets,replicasets/scale,statefulsets,statefulsets/scale"
  ),
  allow(write, "autoscaling", "horizontalpodautoscalers"),
  allow(write, "batch", "cronjobs,jobs"),
  allow(
    write,
    "extensions",
    "daemonsets,deployments,deployments/rollback,deployments/scale,ingresses,networkpolicies,replicasets,replicasets/scale,replicationcontrollers/scale"
  ),
  allow(write, "policy", "poddisruptionbudgets"),
  allow(write, "networking.k8s.io", "ingresses,networkpolicies"),
  allow(readWrite, "coordination.k8s.io", "leases"),
  allow(write, "resource.k8s.io", "resourceclaims,resourceclaimtemplates")
]

const adminRules: ReadonlyArray<PolicyRule> = [
  allow("create", authorization, "localsubjectaccessreviews"),
  allow(readWrite, rbac, "rolebindings,roles")
]

const aggregateTo = (name: string): Readonly<Record<string, string>> => ({
  [`rbac.authorization.k8s.io/aggregate-to-${name}`]: "true"
})
const aggregationLabel = (name: string): string => `rbac.authorization.k8s.io/aggregate-to-${name}`

const schedulerRules: ReadonlyArray<PolicyRule> = [
  events,
  allow("create", "coordination.k8s.io", "leases"),
  allow("get,list,update,watch", "coordination.k8s.io", "leases", "kube-scheduler"),
  allow(readWrite, "coordination.k8s.io", "leasecandidates"),
  allow(read, "", "nodes"),
  allow("delete,get,list,watch", "", "pods"),
  allow("create", "", "bindings,pods/binding"),
  allow("patch,update", "", "pods/status"),
  allow(read, "", "replicationcontrollers,services"),
  allow(read, "apps,extensions", "replicasets"),
  allow(read, "apps", "statefulsets"),
  allow(read, "policy", "poddisruptionbudgets"),
  allow(read, "", "persistentvolumeclaims,persistentvolumes"),
  allow("create", authentication, "tokenreviews"),
  allow("create", authorization, "subjectaccessreviews"),
  allow(read, "storage.k8s.io", "csinodes"),
  allow(read, "storage.k8s.io", "volumeattachments"),
  allow(read, "", "namespaces"),
  allow(read, "storage.k8s.io", "csidrivers"),
  allow(read, "storage.k8s.io", "csistoragecapacities"),
  allow(read, "resource.k8s.io", "deviceclasses"),
  allow("get,list,patch,update,watch", "resource.k8s.io", "resourceclaims"),
  allow("get,list,patch,update,watch", "resource.k8s.io", "resourceclaims/status"),
  allow("update", "", "pods/finalizers"),
  allow(read, "resource.k8s.io", "resourceslices"),
  allow("create,delete", "resource.k8s.io", "resourceclaims"),
  allow("patch,update", "resource.k8s.io", "resourceclaims/binding")
]

const controllerManagerRules: ReadonlyArray<PolicyRule> = [
  events,
  allow("create", "coordination.k8s.io", "leases"),
  allow("get,update", "coordination.k8s.io", "leases", "kube-controller-manager"),
  allow("create", "", "secrets,serviceaccounts"),
  allow("delete", "", "secrets"),
  allow("get", "", "configmaps,namespaces,secrets,serviceaccounts"),
  allow("update", "", "secrets,serviceaccounts"),
  allow("create", authentication, "tokenreviews"),
  allow("create", authorization, "subjectaccessreviews"),
  allow("list,watch", "*", "*"),
  allow("create", "", "serviceaccounts/token")
]

const approver = (signer: string): ReadonlyArray<PolicyRule> => [
  allow("approve", "certificates.k8s.io", "signers", `kubernetes.io/${signer}`)
]

/** ClusterRoles of people and of the parts that are not controllers. */
export const defaultClusterRoles: ReadonlyArray<RoleObject> = [
  clusterRole("cluster-admin", [allow(all, "*", "*"), allowPaths(all, "*")]),
  clusterRole("system:discovery", [
    allowPaths("get", "/api,/api/*,/apis,/apis/*,/healthz,/livez,/openapi,/openapi/*,/readyz,/version,/version/")
  ]),
  clusterRole("system:monitoring", [
    allowPaths("get", "/flagz,/healthz,/healthz/*,/livez,/livez/*,/metrics,/metrics/slis,/readyz,/readyz/*,/statusz"),
    allow("get", "", "nodes/metrics")
  ]),
  clusterRole("system:basic-user", [
    allow("create", authorization, "selfsubjectaccessreviews,selfsubjectrulesreviews"),
    allow("create", authentication, "selfsubjectreviews")
  ]),
  clusterRole("system:public-info-viewer", [allowPaths("get", "/healthz,/livez,/readyz,/version,/version/")]),
  aggregatedRole("admin", aggregationLabel("admin"), [...editRules, ...viewRules, ...adminRules]),
  aggregatedRole("edit", aggregationLabel("edit"), [...editRules, ...viewRules], aggregateTo("admin")),
  aggregatedRole("view", aggregationLabel("view"), viewRules, aggregateTo("edit")),
  clusterRole("system:aggregate-to-admin", adminRules, aggregateTo("admin")),
  clusterRole("system:aggregate-to-edit", editRules, aggregateTo("edit")),
  clusterRole("system:aggregate-to-view", viewRules, aggregateTo("view")),
  clusterRole("system:heapster", [allow(read, "", "events,namespaces,nodes,pods"), allow(read, "extensions", "deployments")]),
  clusterRole("system:node", nodeRules),
  clusterRole("system:node-problem-detector", [allow("get", "", "nodes"), allow("patch", "", "nodes/status"), events]),
  clusterRole("system:kubelet-api-admin", [
    allow(read, "", "nodes"),
    allow("proxy", "", "nodes"),
    allow(all, "", "nodes/log,nodes/metrics,nodes/proxy,nodes/stats"),
    allow(all, "", "nodes/configz,nodes/healthz,nodes/pods")
  ]),
  clusterRole("system:node-bootstrapper", [allow("create,get,list,watch", "certificates.k8s.io", "certificatesigningrequests")]),
  clusterRole("system:auth-delegator", [
    allow("create", authentication, "tokenreviews"),
    allow("create", authorization, "subjectaccessreviews")
  ]),
  clusterRole("system:kube-aggregator", [allow(read, "", "endpoints,services")]),
  clusterRole("system:kube-dns", [allow("list,watch", "", "endpoints,services")]),
  clusterRole("system:kube-controller-manager", controllerManagerRules),
  clusterRole("system:kube-scheduler", schedulerRules),
  clusterRole("system:volume-scheduler", [
    allow("get,list,patch,update,watch", "", "persistentvolumes"),
    allow(read, "storage.k8s.io", "storageclasses"),
    allow("get,list,patch,update,watch", "", "persistentvolumeclaims")
  ]),
  clusterRole("system:node-proxier", [
    allow("list,watch", "", "endpoints,services"),
    allow(read, "", "nodes"),
    events,
    allow("list,watch", "networking.k8s.io", "servicecidrs"),
    allow("list,watch", "discovery.k8s.io", "endpointslices")
  ]),
  clusterRole("system:persistent-volume-provisioner", [
    allow("create,delete,get,list,watch", "", "persistentvolumes"),
    allow("get,list,update,watch", "", "persistentvolumeclaims"),
    allow(read, "storage.k8s.io", "storageclasses"),
    allow("watch", "", "events"),
    events
  ]),
  clusterRole("system:service-account-issuer-discovery", [
    allowPaths("get", "/.well-known/openid-configuration,/.well-known/openid-configuration/,/openid/v1/jwks,/openid/v1/jwks/")
  ]),
  clusterRole("system:certificates.k8s.io:certificatesigningrequests:nodeclient", [
    allow("create", "certificates.k8s.io", "certificatesigningrequests/nodeclient")
  ]),
  clusterRole("system:certificates.k8s.io:certificatesigningrequests:selfnodeclient", [
    allow("create", "certificates.k8s.io", "certificatesigningrequests/selfnodeclient")
  ]),
  clusterRole("system:certificates.k8s.io:legacy-unknown-approver", approver("legacy-unknown")),
  clusterRole("system:certificates.k8s.io:kubelet-serving-approver", approver("kubelet-serving")),
  clusterRole("system:certificates.k8s.io:kube-apiserver-client-approver", approver("kube-apiserver-client")),
  clusterRole("system:certificates.k8s.io:kube-apiserver-client-kubelet-approver", approver("kube-apiserver-client-kubelet"))
]

/** Who has them. */
export const defaultClusterBindings: ReadonlyArray<BindingObject> = [
  clusterBinding("cluster-admin", [groupOf("system:masters")]),
  clusterBinding("system:monitoring", [groupOf("system:monitoring")]),
  clusterBinding("system:discovery", [groupOf("system:authenticated")]),
  clusterBinding("system:basic-user", [groupOf("system:authenticated")]),
  clusterBinding("system:public-info-viewer", [groupOf("system:authenticated"), groupOf("system:unauthenticated")]),
  clusterBinding("system:node-proxier", [user("system:kube-proxy")]),
  clusterBinding("system:kube-controller-manager", [controllerManager]),
  clusterBinding("system:kube-dns", [account("kube-dns")]),
  clusterBinding("system:kube-scheduler", [scheduler]),
  clusterBinding("system:volume-scheduler", [scheduler]),
  // Nodes get theirs from the node authorizer; the binding is there, and empty, as upstream has it.
  clusterBinding("system:node", []),
  clusterBinding("system:service-account-issuer-discovery", [groupOf("system:serviceaccounts")])
]

/** Locks are leases; who wants to be leader says so in lease candidates. */
const leaderLock: ReadonlyArray<PolicyRule> = ["leases", "leasecandidates"].map((resource) =>
  allow("create,get,list,update,watch", "coordination.k8s.io", resource)
)

/** Roles within the cluster's own namespaces. */
export const defaultRoles: ReadonlyArray<RoleObject> = [
  role("kube-system", "extension-apiserver-authentication-reader", [
    allow(read, "", "configmaps", "extension-apiserver-authentication")
  ]),
  role("kube-system", "system::leader-locking-kube-controller-manager", leaderLock),
  role("kube-system", "system::leader-locking-kube-scheduler", leaderLock),
  role("kube-system", "system:controller:bootstrap-signer", [allow(read, "", "secrets")]),
  role("kube-system", "system:controller:cloud-provider", [allow("create,get,list,watch", "", "configmaps")]),
  role("kube-system", "system:controller:token-cleaner", [allow("delete,get,list,watch", "", "secrets"), events]),
  role("kube-public", "system:controller:bootstrap-signer", [
    allow(read, "", "configmaps"),
    allow("update", "", "configmaps", "cluster-info"),
    events
  ])
]

/** Who has these. */
export const defaultBindings: ReadonlyArray<BindingObject> = [
  binding(
    "kube-system",
    "extension-apiserver-authentication-reader",
    [controllerManager, scheduler],
    "system::extension-apiserver-authentication-reader"
  ),
  binding("kube-system", "system::leader-locking-kube-controller-manager", [
    controllerManager,
    account("kube-controller-manager"),
    account("leader-election-controller")
  ]),
  binding("kube-system", "system::leader-locking-kube-scheduler", [scheduler, account("kube-scheduler")]),
  binding("kube-system", "system:controller:bootstrap-signer", [account("bootstrap-signer")]),
  binding("kube-system", "system:controller:cloud-provider", [account("cloud-provider")]),
  binding("kube-system", "system:controller:token-cleaner", [account("token-cleaner")]),
  binding("kube-public", "system:controller:bootstrap-signer", [account("bootstrap-signer")])
]
