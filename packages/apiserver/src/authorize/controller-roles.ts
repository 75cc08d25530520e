/** One ClusterRole a controller, named `system:controller:…`: what each of them may do when it runs under its own service account. @module */
import type { PolicyRule } from "@tsukube/api/rbac-v1"
import { account, allow, type BindingObject, clusterBinding, clusterRole, events, type RoleObject, read } from "./policy.ts"

const pods: PolicyRule = allow("create,delete,list,patch,watch", "", "pods")
const readPods: PolicyRule = allow("list,watch", "", "pods")
const readWrite = "create,delete,get,list,patch,update,watch"
const revisions: PolicyRule = allow(readWrite, "apps", "controllerrevisions")
const storage = "storage.k8s.io"
const certificates = "certificates.k8s.io"

/** A workload's own object: read it, write its status, and its finalizers as owner references ask. */
const owned = (group: string, resource: string, also = ""): ReadonlyArray<PolicyRule> => [
  allow(`get,list,watch${also}`, group, resource),
  allow("update", group, `${resource}/status`),
  allow("update", group, `${resource}/finalizers`)
]

const rulesByController: Readonly<Record<string, ReadonlyArray<PolicyRule>>> = {
  "attachdetach-controller": [
    allow("list,watch", "", "persistentvolumeclaims,persistentvolumes"),
    allow(read, "", "nodes"),
    allow("patch,update", "", "nodes/status"),
    readPods,
    allow(readWrite, storage, "volumeattachments"),
    allow(read, storage, "csidrivers,csinodes"),
    events
  ],
  "certificate-controller": [
    allow("delete,get,list,watch", certificates, "certificatesigningrequests"),
    allow("update", certificates, "certificatesigningrequests/approval,certificatesigningrequests/status"),
    allow("approve", certificates, "signers", "kubernetes.io/kube-apiserver-client-kubelet"),
    allow(
      "sign",
      certificates,
      "signers",
      "kubernetes.io/kube-apiserver-client,kubernetes.io/kube-apiserver-client-kubelet,kubernetes.io/kubelet-serving,kubernetes.io/legacy-unknown"
    ),
    allow("create", "authorization.k8s.io", "subjectaccessreviews"),
    events
  ],
  "clusterrole-aggregation-controller": [
    allow("escalate,get,list,patch,update,watch", "rbac.authorization.k8s.io", "clusterroles")
  ],
  "cronjob-controller": [
    ...owned("batch", "cronjobs", ",update"),
    allow(readWrite, "batch", "jobs"),
    allow("delete,list", "", "pods"),
    events
  ],
  "daemon-set-controller": [
    ...owned("apps", "daemonsets"),
    allow("list,watch", "", "nodes"),
    pods,
    allow("create", "", "pods/binding"),
    revisions,
    events
  ],
  "deployment-controller": [
    ...owned("apps", "deployments", ",update"),
    allow(readWrite, "apps", "replicasets"),
    allow("get,list,update,watch", "", "pods"),
    events
  ],
  "disruption-controller": [
    allow(read, "apps", "deployments,replicasets,statefulsets"),
    allow(read, "", "replicationcontrollers"),
    allow(read, "policy", "poddisruptionbudgets"),
    allow("update", "policy", "poddisruptionbudgets/status"),
    allow(read, "", "pods"),
    allow("patch,update", "", "pods/status"),
    allow("get", "*", "*/scale"),
    events
  ],
  "endpoint-controller": [
    allow(read, "", "pods,services"),
    allow("create,delete,get,list,update,watch", "", "endpoints"),
    allow("create", "", "endpoints/restricted"),
    events
  ],
  "endpointslice-controller": [
    allow(read, "", "nodes,pods,services"),
    allow("update", "", "services/finalizers"),
    allow("create,delete,get,list,update,watch", "discovery.k8s.io", "endpointslices"),
    allow("create", "discovery.k8s.io", "endpointslices/restricted"),
    events
  ],
  "endpointslicemirroring-controller": [
    allow(read, "", "endpoints,services"),
    allow("update", "", "endpoints/finalizers,services/finalizers"),
    allow("create,delete,get,list,update,watch", "discovery.k8s.io", "endpointslices"),
    allow("create", "discovery.k8s.io", "endpointslices/restricted"),
    events
  ],
  "ephemeral-volume-controller": [
    allow("update", "", "pods/finalizers"),
    allow(read, "", "pods"),
    allow("create,get,list,watch", "", "persistentvolumeclaims"),
    events
  ],
  "expand-controller": [
    allow("get,list,patch,update,watch", "", "persistentvolumes"),
    allow("patch,update", "", "persistentvolumeclaims/status"),
    allow(read, "", "persistentvolumeclaims"),
    allow(read, storage, "storageclasses"),
    events
  ],
  "generic-garbage-collector": [allow("delete,get,list,patch,update,watch", "*", "*"), events],
  "horizontal-pod-autoscaler": [
    allow(read, "autoscaling", "horizontalpodautoscalers"),
    allow("update", "autoscaling", "horizontalpodautoscalers/status"),
    allow("get,update", "*", "*/scale"),
    allow("list", "", "pods"),
    allow("list", "metrics.k8s.io", "pods"),
    allow("get,list", "custom.metrics.k8s.io,external.metrics.k8s.io", "*"),
    events
  ],
  "job-controller": [
    allow("get,list,patch,update,watch", "batch", "jobs"),
    allow("update", "batch", "jobs/status,jobs/finalizers"),
    pods,
    events
  ],
  "namespace-controller": [
    allow("delete,get,list,watch", "", "namespaces"),
    allow("update", "", "namespaces/finalize,namespaces/status"),
    allow("delete,deletecollection,get,list", "*", "*")
  ],
  "node-controller": [
    allow("delete,get,list,patch,update", "", "nodes"),
    allow("patch,update", "", "nodes/status"),
    allow("patch,update", "", "pods/status"),
    allow("delete,get,list", "", "pods"),
    events
  ],
  "persistent-volume-binder": [
    allow(readWrite, "", "persistentvolumes"),
    allow("update", "", "persistentvolumes/status,persistentvolumeclaims/status"),
    allow("get,list,update,watch", "", "persistentvolumeclaims"),
    allow("create,delete,get,list,watch", "", "pods"),
    allow(read, storage, "storageclasses"),
    allow(read, "", "nodes"),
    events
  ],
  "pod-garbage-collector": [
    allow("delete,list,watch", "", "pods"),
    allow("get,list", "", "nodes"),
    allow("patch", "", "pods/status")
  ],
  "pv-protection-controller": [allow("get,list,update,watch", "", "persistentvolumes"), events],
  "pvc-protection-controller": [allow("get,list,update,watch", "", "persistentvolumeclaims"), allow(read, "", "pods"), events],
  "replicaset-controller": [...owned("apps", "replicasets", ",update"), pods, events],
  "replication-controller": [...owned("", "replicationcontrollers", ",update"), pods, events],
  "resource-claim-controller": [
    allow(read, "", "pods"),
    allow("update", "", "pods/finalizers"),
    allow("patch,update", "", "pods/status"),
    allow("create,delete,get,list,watch", "resource.k8s.io", "resourceclaims"),
    allow("patch,update", "resource.k8s.io", "resourceclaims,resourceclaims/status"),
    events
  ],
  "resourcequota-controller": [allow("list,watch", "*", "*"), allow("update", "", "resourcequotas/status"), events],
  "root-ca-cert-publisher": [allow("create,get,list,update,watch", "", "configmaps"), events],
  "route-controller": [allow("list,watch", "", "nodes"), allow("patch", "", "nodes/status"), events],
  "service-account-controller": [allow("create", "", "serviceaccounts"), events],
  "service-controller": [
    allow(read, "", "services"),
    allow("patch,update", "", "services/status"),
    allow("list,watch", "", "nodes"),
    events
  ],
  "service-cidrs-controller": [
    allow("get,list,patch,update,watch", "networking.k8s.io", "servicecidrs"),
    allow("patch,update", "networking.k8s.io", "servicecidrs/finalizers,servicecidrs/status"),
    allow(read, "networking.k8s.io", "ipaddresses"),
    events
  ],
  "statefulset-controller": [
    readPods,
    ...owned("apps", "statefulsets"),
    allow("create,delete,get,patch,update", "", "pods"),
    revisions,
    allow("create,delete,get,list,patch,update,watch", "", "persistentvolumeclaims"),
    events
  ],
  "taint-eviction-controller": [
    allow("delete,get,list,watch", "", "pods"),
    allow("patch", "", "pods/status"),
    allow(read, "", "nodes"),
    events
  ],
  "ttl-after-finished-controller": [allow("delete,get,list,watch", "batch", "jobs"), events],
  "ttl-controller": [allow("list,patch,update,watch", "", "nodes"), events],
  "validatingadmissionpolicy-status-controller": [
    allow(read, "admissionregistration.k8s.io", "validatingadmissionpolicies"),
    allow("get,patch,update", "admissionregistration.k8s.io", "validatingadmissionpolicies/status"),
    events
  ],
  "legacy-service-account-token-cleaner": [
    allow("get", "", "configmaps", "kube-apiserver-legacy-service-account-token-tracking"),
    allow("delete,get,list,patch,watch", "", "secrets")
  ],
  "volume-attributes-class-protection-controller": [
    allow("list,watch", "", "persistentvolumeclaims,persistentvolumes"),
    allow("get,list,update,watch", storage, "volumeattributesclasses"),
    events
  ]
}

const nameOf = (controller: string): string => `system:controller:${controller}`

/** The ClusterRoles of all controllers. */
export const controllerRoles: ReadonlyArray<RoleObject> = Object.entries(rulesByController).map(([name, rules]) =>
  clusterRole(nameOf(name), rules)
)

/** Each is bound to the service account of its controller in `kube-system`. */
export const controllerBindings: ReadonlyArray<BindingObject> = Object.keys(rulesByController).map((name) =>
  clusterBinding(nameOf(name), [account(name)])
)
