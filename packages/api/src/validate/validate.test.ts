import { expect, test } from "bun:test"
import { allResources, findByKind } from "../catalog.ts"
import { applyDefaults } from "../defaults/apply.ts"
import { formatFieldError } from "../field-error.ts"
import { isObject } from "../json.ts"
import type { KubernetesObject } from "../resource.ts"
import { checkStructure } from "../structural.ts"
import { validateCreate, validateUpdate } from "./validate.ts"

const read = (apiVersion: string, kind: string, body: object): KubernetesObject => {
  const resource = findByKind(apiVersion, kind)
  if (resource === undefined) throw new Error(kind)
  const metadata = { name: "a", ...(resource.namespaced ? { namespace: "default" } : {}) }
  const merged = {
    apiVersion,
    kind,
    ...body,
    metadata: { ...metadata, ...("metadata" in body && isObject(body.metadata) ? body.metadata : {}) }
  }
  const { pruned, issues, unknown } = checkStructure(merged, resource.schema)
  expect([issues, unknown]).toEqual([[], []])
  return applyDefaults(pruned)
}

/** What is said of a new object. */
const created = (apiVersion: string, kind: string, body: object): ReadonlyArray<string> => {
  const resource = findByKind(apiVersion, kind)
  if (resource === undefined) throw new Error(kind)
  return validateCreate(read(apiVersion, kind, body), resource).map(formatFieldError)
}

/** What is said of an object that replaces another. */
const updated = (apiVersion: string, kind: string, before: object, after: object): ReadonlyArray<string> => {
  const resource = findByKind(apiVersion, kind)
  if (resource === undefined) throw new Error(kind)
  return validateUpdate(read(apiVersion, kind, after), read(apiVersion, kind, before), resource).map(formatFieldError)
}

const container = { name: "c", image: "nginx:1" }
const pod = (spec: object) => created("v1", "Pod", { spec: { containers: [container], ...spec } })
const template = { metadata: { labels: { app: "a" } }, spec: { containers: [container] } }
const selector = { matchLabels: { app: "a" } }

test("good objects pass", () => {
  expect(pod({})).toEqual([])
  expect(
    pod({
      volumes: [{ name: "v", configMap: { name: "m", items: [{ key: "k", path: "a/b" }] } }, { name: "e" }],
      initContainers: [{ name: "i", image: "x", command: ["true"] }],
      tolerations: [{ operator: "Exists" }, { key: "a", effect: "NoExecute", tolerationSeconds: 5 }],
      containers: [
        {
          ...container,
          ports: [{ name: "http", containerPort: 80 }],
          env: [
            { name: "A", value: "" },
            { name: "B", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
            { name: "L", valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
            { name: "C", valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
            { name: "D", valueFrom: { resourceFieldRef: { resource: "limits.cpu" } } }
          ],
          envFrom: [{ configMapRef: { name: "m" } }],
          volumeMounts: [{ name: "v", mountPath: "/v" }],
          livenessProbe: { httpGet: { port: "http", httpHeaders: [{ name: "X", value: "" }] } },
          readinessProbe: { exec: { command: ["true"] }, successThreshold: 2 },
          resources: { requests: { cpu: "1" }, limits: { cpu: "2", "example.com/gpu": "1" } }
        }
      ],
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: "a", operator: "Gt", values: ["1"] }] }]
          }
        },
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 1, podAffinityTerm: { topologyKey: "kubernetes.io/hostname", labelSelector: selector } }
          ]
        }
      },
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule", labelSelector: selector }
      ]
    })
  ).toEqual([])
  for (const kind of ["Deployment", "ReplicaSet", "DaemonSet", "StatefulSet"]) {
    expect([kind, created("apps/v1", kind, { spec: { selector, template } })]).toEqual([kind, []])
  }
  expect(created("v1", "ReplicationController", { spec: { template } })).toEqual([])
  const job = { template: { spec: { containers: [container], restartPolicy: "Never" } } }
  expect(created("batch/v1", "Job", { spec: job })).toEqual([])
  expect(created("batch/v1", "CronJob", { spec: { schedule: "*/5 * * * 1-5", jobTemplate: { spec: job } } })).toEqual([])
  expect(created("v1", "Service", { spec: { selector: { app: "a" }, ports: [{ port: 80 }] } })).toEqual([])
  expect(created("v1", "Service", { spec: { clusterIP: "None" } })).toEqual([])
  expect(created("v1", "Service", { spec: { type: "ExternalName", externalName: "a.example.com." } })).toEqual([])
  expect(created("v1", "Namespace", {})).toEqual([])
  expect(created("v1", "Node", { spec: { podCIDRs: ["10.0.0.0/24"], taints: [{ key: "a", effect: "NoSchedule" }] } })).toEqual([])
  expect(created("v1", "ConfigMap", { data: { "a.b": "c" } })).toEqual([])
  expect(created("v1", "ServiceAccount", {})).toEqual([])
  expect(created("coordination.k8s.io/v1", "Lease", { spec: { leaseDurationSeconds: 15 } })).toEqual([])
  const slice = { addressType: "IPv4", endpoints: [{ addresses: ["10.0.0.1"] }], ports: [{ port: 80 }] }
  expect(created("discovery.k8s.io/v1", "EndpointSlice", slice)).toEqual([])
  const rule = { apiGroups: [""], resources: ["pods"], verbs: ["get"] }
  expect(created("rbac.authorization.k8s.io/v1", "ClusterRole", { metadata: { name: "system:x" }, rules: [rule] })).toEqual([])
  const binding = { roleRef: { kind: "ClusterRole", name: "view" }, subjects: [{ kind: "User", name: "me" }] }
  expect(created("rbac.authorization.k8s.io/v1", "RoleBinding", binding)).toEqual([])
  const claim = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } }
  expect(created("v1", "PersistentVolumeClaim", { spec: claim })).toEqual([])
  const volume = { accessModes: ["ReadWriteOnce"], capacity: { storage: "1Gi" }, hostPath: { path: "/x" } }
  expect(created("v1", "PersistentVolume", { spec: volume })).toEqual([])
  expect(created("storage.k8s.io/v1", "StorageClass", { provisioner: "x.io/y" })).toEqual([])
  expect(created("scheduling.k8s.io/v1", "PriorityClass", { value: 10 })).toEqual([])
  const backend = { service: { name: "s", port: { number: 80 } } }
  const paths = [{ path: "/", pathType: "Prefix", backend }]
  expect(created("networking.k8s.io/v1", "Ingress", { spec: { rules: [{ host: "*.a.b", http: { paths } }] } })).toEqual([])
  const policy = { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.0/8" } }], ports: [{ port: "http" }] }] }
  expect(created("networking.k8s.io/v1", "NetworkPolicy", { spec: policy })).toEqual([])
  const scaler = { maxReplicas: 3, scaleTargetRef: { kind: "Deployment", name: "a", apiVersion: "apps/v1" } }
  expect(created("autoscaling/v2", "HorizontalPodAutoscaler", { spec: scaler })).toEqual([])
  expect(created("policy/v1", "PodDisruptionBudget", { spec: { minAvailable: "50%", selector } })).toEqual([])
  expect(created("v1", "Event", { involvedObject: { kind: "Pod", namespace: "default" }, type: "Normal" })).toEqual([])
  expect(
    created("v1", "LimitRange", { spec: { limits: [{ type: "Container", max: { cpu: "2" }, default: { cpu: "1" } }] } })
  ).toEqual([])
  expect(created("v1", "ResourceQuota", { spec: { hard: { pods: "10", "requests.cpu": "4" } } })).toEqual([])
})

test("metadata", () => {
  const make = (metadata: object) => created("v1", "ConfigMap", { metadata })
  expect(make({ name: "" })).toEqual(["metadata.name: Required value: name or generateName is required"])
  expect(make({ name: "A" })[0]).toStartWith('metadata.name: Invalid value: "A": a lowercase RFC 1123 subdomain must consist of')
  expect(make({ generateName: "a-" })).toEqual([])
  expect(make({ namespace: "" })).toEqual(["metadata.namespace: Required value"])
  expect(make({ labels: { "a b": "c" } })[0]).toStartWith('metadata.labels: Invalid value: "a b": name part must consist of')
  expect(make({ labels: { a: "x".repeat(64) } })).toEqual([
    `metadata.labels: Invalid value: "${"x".repeat(64)}": must be no more than 63 bytes`
  ])
  expect(make({ annotations: { a: "x".repeat(300_000) } })).toEqual([
    "metadata.annotations: Too long: may not be more than 262144 bytes"
  ])
  expect(make({ finalizers: ["x"] })).toEqual([
    'metadata.finalizers[0]: Invalid value: "x": name is neither a standard finalizer name nor is it fully qualified'
  ])
  const owner = { apiVersion: "v1", kind: "Pod", name: "p", uid: "u", controller: true }
  expect(make({ ownerReferences: [{ ...owner, uid: "" }] })).toEqual([
    'metadata.ownerReferences.uid: Invalid value: "": must not be empty'
  ])
  expect(make({ ownerReferences: [owner, { ...owner, name: "q" }] })[0]).toContain(
    "Only one reference can have Controller set to true"
  )
  expect(created("v1", "Namespace", { metadata: { name: "a.b" } })).toEqual([
    'metadata.name: Invalid value: "a.b": must not contain dots'
  ])
  expect(created("v1", "Node", { metadata: { namespace: "x" } })).toEqual([
    "metadata.namespace: Forbidden: not allowed on this type"
  ])
  const update = (before: object, after: object) => updated("v1", "ConfigMap", { metadata: before }, { metadata: after })
  expect(update({ uid: "1", creationTimestamp: "2026-01-01T00:00:00Z" }, {})).toEqual([])
  expect(update({ uid: "1" }, { uid: "2" })).toEqual(['metadata.uid: Invalid value: "2": field is immutable'])
  expect(
    update({ deletionTimestamp: "2026-01-01T00:00:00Z" }, { deletionTimestamp: "2026-01-01T00:00:00Z", finalizers: ["a/b"] })
  ).toEqual([
    'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"a/b"}'
  ])
})

test("containers", () => {
  const one = (more: object) => pod({ containers: [{ ...container, ...more }] })
  expect(pod({ containers: [] })).toEqual(["spec.containers: Required value"])
  expect(created("v1", "Pod", {})).toEqual(["spec.containers: Required value"])
  expect(one({ name: "" })).toEqual(["spec.containers[0].name: Required value"])
  expect(one({ image: "" })).toEqual(["spec.containers[0].image: Required value"])
  expect(one({ image: " x" })).toEqual([
    'spec.containers[0].image: Invalid value: " x": must not have leading or trailing whitespace'
  ])
  expect(one({ imagePullPolicy: "Sometimes" })).toEqual([
    'spec.containers[0].imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"'
  ])
  expect(pod({ containers: [container, container] })).toEqual(['spec.containers[1].name: Duplicate value: "c"'])
  expect(one({ ports: [{ containerPort: 0 }, { containerPort: 70000, name: "Http" }] })).toEqual([
    "spec.containers[0].ports[0].containerPort: Required value",
    'spec.containers[0].ports[1].name: Invalid value: "Http": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
    "spec.containers[0].ports[1].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive"
  ])
  expect(one({ resources: { requests: { cpu: "2" }, limits: { cpu: "1" } } })).toEqual([
    'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'
  ])
  expect(one({ resources: { limits: { memory: "-1" } } })[0]).toBe(
    'spec.containers[0].resources.limits[memory]: Invalid value: "-1": must be greater than or equal to 0'
  )
  expect(one({ resources: { limits: { wood: "1" } } })).toContain(
    'spec.containers[0].resources.limits[wood]: Invalid value: "wood": must be a standard resource for containers'
  )
  expect(one({ env: [{ name: "" }, { name: "A", value: "x", valueFrom: { fieldRef: { fieldPath: "spec.x" } } }] })).toEqual([
    "spec.containers[0].env[0].name: Required value",
    'spec.containers[0].env[1].valueFrom.fieldRef.fieldPath: Invalid value: "spec.x": error converting fieldPath: field label not supported: spec.x',
    'spec.containers[0].env[1].valueFrom: Invalid value: "": may not be specified when `value` is not empty'
  ])
  expect(one({ volumeMounts: [{ name: "v", mountPath: "" }] })).toEqual([
    'spec.containers[0].volumeMounts[0].name: Not found: "v"',
    "spec.containers[0].volumeMounts[0].mountPath: Required value"
  ])
  expect(one({ livenessProbe: {} })).toEqual(["spec.containers[0].livenessProbe: Required value: must specify a handler type"])
  expect(one({ livenessProbe: { tcpSocket: { port: 1 }, successThreshold: 2, periodSeconds: -1 } })).toEqual([
    "spec.containers[0].livenessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0",
    "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"
  ])
})

test("pods", () => {
  expect(pod({ restartPolicy: "Sometimes" })).toEqual([
    'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"'
  ])
  expect(pod({ volumes: [{ name: "v", emptyDir: {}, hostPath: { path: "/x" } }] })).toEqual([
    "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type"
  ])
  expect(
    pod({
      volumes: [
        { name: "v", secret: {} },
        { name: "v", persistentVolumeClaim: { claimName: "" } }
      ]
    })
  ).toEqual([
    "spec.volumes[0].secret.secretName: Required value",
    "spec.volumes[1].persistentVolumeClaim.claimName: Required value",
    'spec.volumes[1].name: Duplicate value: "v"'
  ])
  expect(pod({ activeDeadlineSeconds: 0 })).toEqual([
    "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"
  ])
  expect(pod({ tolerations: [{ key: "", operator: "Equal" }] })).toEqual([
    'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"'
  ])
  expect(pod({ topologySpreadConstraints: [{ maxSkew: 0, topologyKey: "", whenUnsatisfiable: "DoNotSchedule" }] })).toEqual([
    "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than 0",
    "spec.topologySpreadConstraints[0].topologyKey: Required value: can not be empty"
  ])
  expect(pod({ ephemeralContainers: [{ name: "e", image: "x" }] })).toEqual([
    "spec.ephemeralContainers: Forbidden: cannot be set on create"
  ])
})

test("nearly nothing of a pod may change", () => {
  const change = (before: object, after: object) =>
    updated("v1", "Pod", { spec: { containers: [container], ...before } }, { spec: { containers: [container], ...after } })
  expect(change({}, { containers: [{ ...container, image: "nginx:2" }] })).toEqual([])
  expect(
    change(
      { tolerations: [{ operator: "Exists", effect: "NoSchedule" }] },
      {
        tolerations: [
          { operator: "Exists", effect: "NoSchedule" },
          { key: "a", operator: "Exists" }
        ]
      }
    )
  ).toEqual([])
  expect(change({ activeDeadlineSeconds: 9 }, { activeDeadlineSeconds: 5 })).toEqual([])
  expect(change({ schedulingGates: [{ name: "a.b/c" }] }, {})).toEqual([])
  expect(change({}, { hostname: "x" })[0]).toStartWith(
    "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n"
  )
  expect(change({}, { containers: [container, { name: "d", image: "x" }] })).toEqual([
    "spec.containers: Forbidden: pod updates may not add or remove containers"
  ])
  expect(change({ tolerations: [{ operator: "Exists" }] }, {})).toEqual([
    "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"
  ])
})

test("workloads", () => {
  const deployment = (spec: object) => created("apps/v1", "Deployment", { spec: { selector, template, ...spec } })
  expect(deployment({ replicas: -1 })).toEqual(["spec.replicas: Invalid value: -1: must be greater than or equal to 0"])
  expect(deployment({ selector: { matchLabels: { app: "b" } } })).toEqual([
    'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`'
  ])
  expect(deployment({ selector: {} })).toEqual(["spec.selector: Invalid value: {}: empty selector is invalid for deployment"])
  expect(created("apps/v1", "Deployment", { spec: { template } })).toEqual([
    "spec.selector: Required value",
    'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`'
  ])
  expect(created("apps/v1", "Deployment", {})).toContain("spec.selector: Required value")
  expect(deployment({ template: { ...template, spec: { ...template.spec, restartPolicy: "Never" } } })).toEqual([
    'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'
  ])
  expect(deployment({ strategy: { type: "Recreate", rollingUpdate: { maxSurge: 1 } } })).toEqual([
    "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"
  ])
  expect(deployment({ strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: "0%" } } })).toEqual([
    'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0'
  ])
  const other = { matchLabels: { app: "a", x: "y" } }
  const labelled = { ...template, metadata: { labels: other.matchLabels } }
  expect(
    updated("apps/v1", "Deployment", { spec: { selector, template } }, { spec: { selector: other, template: labelled } })
  ).toEqual(['spec.selector: Invalid value: {"matchLabels":{"app":"a","x":"y"}}: field is immutable'])
  expect(
    updated(
      "apps/v1",
      "StatefulSet",
      { spec: { selector, template, serviceName: "a" } },
      { spec: { selector, template, serviceName: "b" } }
    )
  ).toEqual([
    "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
  ])
  expect(created("batch/v1", "Job", { spec: { template } })).toEqual([
    'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'
  ])
  expect(
    created("batch/v1", "CronJob", {
      spec: { schedule: "bad", jobTemplate: { spec: { template: { spec: { ...template.spec, restartPolicy: "Never" } } } } }
    })
  ).toEqual(['spec.schedule: Invalid value: "bad": expected exactly 5 fields, found 1: [bad]'])
})

test("services", () => {
  const service = (spec: object) => created("v1", "Service", { spec: { ports: [{ port: 80 }], ...spec } })
  expect(service({ ports: [] })).toEqual(["spec.ports: Required value"])
  expect(service({ ports: [{ port: 80 }, { port: 81 }] })).toEqual([
    "spec.ports[0].name: Required value",
    "spec.ports[1].name: Required value"
  ])
  expect(
    service({
      ports: [
        { name: "a", port: 80 },
        { name: "b", port: 80 }
      ]
    })
  ).toEqual(['spec.ports[1]: Duplicate value: {"port":80,"protocol":"TCP"}'])
  expect(service({ ports: [{ port: 0, targetPort: "Http" }] })[0]).toBe(
    "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"
  )
  expect(service({ type: "Magic" })).toEqual([
    'spec.type: Unsupported value: "Magic": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"'
  ])
  expect(service({ ports: [{ port: 80, nodePort: 30000 }] })).toEqual([
    "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"
  ])
  expect(service({ type: "NodePort", clusterIP: "None" })).toEqual([
    "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"
  ])
  expect(created("v1", "Service", { metadata: { name: "1a" }, spec: { ports: [{ port: 80 }] } })[0]).toStartWith(
    'metadata.name: Invalid value: "1a": a DNS-1035 label must consist of'
  )
  const change = (before: object, after: object) =>
    updated("v1", "Service", { spec: { ports: [{ port: 80 }], ...before } }, { spec: { ports: [{ port: 80 }], ...after } })
  expect(change({ clusterIP: "10.0.0.1" }, { clusterIP: "10.0.0.2" })).toEqual([
    'spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set'
  ])
  expect(change({ clusterIP: "10.0.0.1" }, { clusterIP: "10.0.0.1", type: "NodePort" })).toEqual([])
})

test("configuration, roles, storage", () => {
  expect(created("v1", "ConfigMap", { data: { "a/b": "x" } })[0]).toStartWith(
    'data[a/b]: Invalid value: "a/b": a valid config key must consist of'
  )
  expect(updated("v1", "ConfigMap", { immutable: true, data: { a: "1" } }, { immutable: true, data: { a: "2" } })).toEqual([
    "data: Forbidden: field is immutable when `immutable` is set"
  ])
  expect(created("v1", "Secret", { type: "kubernetes.io/tls" })).toEqual([
    "data[tls.crt]: Required value",
    "data[tls.key]: Required value"
  ])
  expect(updated("v1", "Secret", { type: "a/b" }, { type: "a/c" })).toEqual(['type: Invalid value: "a/c": field is immutable'])
  const group = "rbac.authorization.k8s.io/v1"
  expect(created(group, "Role", { rules: [{ verbs: [], nonResourceURLs: ["/x"] }] })).toEqual([
    "rules[0].verbs: Required value: verbs must contain at least one value",
    'rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs'
  ])
  expect(
    created(group, "ClusterRoleBinding", {
      roleRef: { kind: "Role", name: "a" },
      subjects: [{ kind: "ServiceAccount", name: "s" }]
    })
  ).toEqual(['roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"', "subjects[0].namespace: Required value"])
  const binding = (name: string) => ({ roleRef: { kind: "Role", name } })
  expect(updated(group, "RoleBinding", binding("a"), binding("b"))[0]).toEndWith("cannot change roleRef")
  expect(created("v1", "PersistentVolumeClaim", {})).toEqual([
    "spec.accessModes: Required value: at least 1 access mode is required",
    "spec.resources[storage]: Required value"
  ])
  expect(created("storage.k8s.io/v1", "StorageClass", {})).toEqual(["provisioner: Required value"])
  expect(updated("scheduling.k8s.io/v1", "PriorityClass", { value: 1 }, { value: 2 })).toEqual([
    "value: Forbidden: may not be changed in an update."
  ])
  expect(created("networking.k8s.io/v1", "Ingress", {})[0]).toEndWith("either `defaultBackend` or `rules` must be specified")
  expect(created("coordination.k8s.io/v1", "Lease", { spec: { leaseDurationSeconds: 0 } })).toEqual([
    "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0"
  ])
})

test("what has no rules of its own is held to its schema", () => {
  expect(created("node.k8s.io/v1", "RuntimeClass", {})).toEqual(["handler: Required value"])
  const volume = { hostPath: { path: "/x", type: "Nonsense" }, name: "v" }
  expect(pod({ volumes: [volume] })[0]).toStartWith(
    'spec.volumes[0].hostPath.type: Unsupported value: "Nonsense": supported values: ""'
  )
})

test("no validator stumbles over an object that has next to nothing", () => {
  for (const resource of allResources) {
    const bare = { metadata: { name: "a" } }
    for (const object of [bare, { ...bare, spec: {} }, applyDefaults({ ...bare, kind: resource.kind, apiVersion: "v1" })]) {
      validateCreate(object, resource)
      validateUpdate(object, bare, resource)
    }
  }
})
