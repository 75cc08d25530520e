/** The kinds of every day: the least and much that they accept, and how they are filled in. */
import { table } from "./table.ts"

const template = { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "x:1" }] } }
const selector = { matchLabels: { a: "b" } }
const workload = { spec: { selector, template } }
const wrongReplicas = [{ "spec.replicas": -1 }, "spec.replicas: Invalid value: -1: must be greater than or equal to 0"] as const
const mismatch = 'spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`'
const noSelector = [{ "spec.selector": undefined }, "spec.selector: Required value", mismatch] as const
const other = [
  { "spec.selector": { matchLabels: { a: "b", c: "d" } }, "spec.template.metadata.labels": { a: "b", c: "d" } },
  "spec.selector: Invalid value: …"
] as const

table("apps/v1/Deployment", {
  minimal: workload,
  defaults: { "spec.replicas": 1, "spec.strategy.type": "RollingUpdate", "spec.progressDeadlineSeconds": 600 },
  maximal: {
    spec: { ...workload.spec, strategy: { type: "Recreate" }, paused: true, minReadySeconds: 5, progressDeadlineSeconds: 60 }
  },
  bad: [wrongReplicas, noSelector],
  frozen: [other]
})
table("apps/v1/ReplicaSet", {
  minimal: workload,
  defaults: { "spec.replicas": 1 },
  bad: [wrongReplicas, noSelector],
  frozen: [other]
})
table("apps/v1/DaemonSet", {
  minimal: workload,
  defaults: { "spec.updateStrategy.rollingUpdate": { maxUnavailable: 1, maxSurge: 0 } },
  maximal: { spec: { ...workload.spec, updateStrategy: { type: "OnDelete" }, minReadySeconds: 1 } },
  bad: [[{ "spec.selector": undefined }, mismatch]],
  frozen: [other]
})
table("v1/ReplicationController", {
  minimal: { spec: { template } },
  defaults: { "spec.selector": { a: "b" } },
  bad: [wrongReplicas]
})
table("v1/PodTemplate", {
  minimal: { template },
  bad: [[{ "template.spec.containers": [] }, "template.spec.containers: Required value"]]
})
table("v1/ConfigMap", {
  minimal: {},
  maximal: { data: { a: "b" }, binaryData: { c: "eA==" }, immutable: true },
  bad: [[{ data: { "a b": "" } }, 'data[a b]: Invalid value: "a b": a valid config key must consist of…']],
  frozen: [[{ data: { a: "c" } }, "data: Forbidden: field is immutable when `immutable` is set"]]
})
table("v1/Secret", {
  minimal: {},
  defaults: { type: "Opaque" },
  maximal: { type: "kubernetes.io/basic-auth", data: { username: "eA==", password: "eA==" } },
  bad: [[{ type: "kubernetes.io/ssh-auth" }, "data[ssh-privatekey]: Required value"]],
  frozen: [[{ type: "Opaque" }, 'type: Invalid value: "Opaque": field is immutable']]
})
table("v1/Namespace", {
  minimal: {},
  bad: [[{ "metadata.name": "a.b" }, 'metadata.name: Invalid value: "a.b": must not contain dots']]
})
table("v1/Node", {
  minimal: {},
  maximal: {
    spec: { podCIDR: "10.0.0.0/24", podCIDRs: ["10.0.0.0/24"], providerID: "p", taints: [{ key: "k", effect: "NoSchedule" }] },
    status: { capacity: { cpu: "1" } }
  },
  bad: [
    [{ "spec.taints": [{ key: "k", effect: "Odd" }] }, 'metadata.taints[0].effect: Unsupported value: "Odd": supported values: …']
  ],
  frozen: [
    [{ "spec.providerID": "q" }, 'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid']
  ]
})
table("v1/LimitRange", {
  minimal: { spec: { limits: [{ type: "Pod", max: { cpu: "2" } }] } },
  maximal: {
    spec: {
      limits: [
        { type: "Container", min: { cpu: "1" }, max: { cpu: "4" }, maxLimitRequestRatio: { cpu: "2" } },
        { type: "PersistentVolumeClaim", min: { storage: "1Gi" } }
      ]
    }
  },
  bad: [
    [
      { "spec.limits[0].maxLimitRequestRatio": { cpu: "500m" } },
      'spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1'
    ],
    [
      { "spec.limits": [{ type: "PersistentVolumeClaim" }] },
      "spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided"
    ]
  ]
})
table("v1/Endpoints", {
  minimal: {},
  maximal: { subsets: [{ addresses: [{ ip: "10.0.0.1" }], ports: [{ port: 80, protocol: "TCP" }] }] },
  bad: [[{ subsets: [{}] }, "subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`"]]
})
table("discovery.k8s.io/v1/EndpointSlice", {
  minimal: { addressType: "IPv4" },
  maximal: {
    addressType: "IPv6",
    endpoints: [{ addresses: ["fd00::1"], nodeName: "n", conditions: { ready: true } }],
    ports: [{ name: "p", port: 80, protocol: "TCP" }]
  },
  bad: [[{ addressType: "Odd" }, 'addressType: Unsupported value: "Odd": supported values: "FQDN", "IPv4", "IPv6"']],
  frozen: [[{ addressType: "IPv4" }, "endpoints[0].addresses[0]: …", 'addressType: Invalid value: "IPv4": field is immutable']]
})
table("coordination.k8s.io/v1/Lease", {
  minimal: {},
  maximal: {
    spec: {
      holderIdentity: "h",
      leaseDurationSeconds: 15,
      leaseTransitions: 1,
      strategy: "OldestEmulationVersion",
      preferredHolder: "p"
    }
  },
  bad: [
    [{ "spec.leaseDurationSeconds": 0 }, "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0"],
    [{ "spec.preferredHolder": "p" }, "spec.preferredHolder: Forbidden: may only be specified if `strategy` is defined"]
  ]
})
const backend = { service: { name: "s", port: { number: 80 } } }
table("networking.k8s.io/v1/Ingress", {
  minimal: { spec: { defaultBackend: backend } },
  maximal: {
    spec: {
      ingressClassName: "c",
      tls: [{ hosts: ["a.b"], secretName: "s" }],
      rules: [{ host: "*.a.b", http: { paths: [{ path: "/", pathType: "Prefix", backend }] } }]
    }
  },
  bad: [[{ "spec.tls": [{ secretName: "A" }] }, 'spec.tls[0].secretName: Invalid value: "A": a lowercase RFC 1123 subdomain…']]
})
table("policy/v1/PodDisruptionBudget", {
  minimal: { spec: {} },
  maximal: { spec: { selector, maxUnavailable: "50%", unhealthyPodEvictionPolicy: "AlwaysAllow" } },
  bad: [[{ "spec.minAvailable": 1, "spec.maxUnavailable": 1 }, "spec: Invalid value: …"]]
})
table("scheduling.k8s.io/v1/PriorityClass", {
  minimal: { value: 1 },
  defaults: { preemptionPolicy: "PreemptLowerPriority" },
  bad: [[{ value: 2_000_000_000 }, "value: Forbidden: maximum allowed value of a user defined priority is 1000000000"]],
  frozen: [[{ value: 2 }, "value: Forbidden: may not be changed in an update."]]
})
const rbac = "rbac.authorization.k8s.io/v1"
const rules = [{ verbs: ["get"], apiGroups: [""], resources: ["pods"] }]
for (const kind of ["Role", "ClusterRole"])
  table(`${rbac}/${kind}`, {
    minimal: {},
    maximal: { rules },
    bad: [
      [
        { rules: [{ apiGroups: [""], resources: ["pods"] }] },
        "rules[0].verbs: Required value: verbs must contain at least one value"
      ]
    ]
  })
for (const kind of ["RoleBinding", "ClusterRoleBinding"]) {
  table(`${rbac}/${kind}`, {
    minimal: { roleRef: { kind: "ClusterRole", name: "r" } },
    defaults: { "roleRef.apiGroup": "rbac.authorization.k8s.io" },
    maximal: {
      roleRef: { kind: "ClusterRole", name: "r" },
      subjects: [
        { kind: "User", name: "u" },
        { kind: "ServiceAccount", name: "s", namespace: "n" }
      ]
    },
    frozen: [[{ "roleRef.name": "q" }, "roleRef: Invalid value: …"]]
  })
}
table("authentication.k8s.io/v1/SelfSubjectReview", { minimal: {} })
