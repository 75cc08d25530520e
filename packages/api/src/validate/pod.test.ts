/** Pods: every part of their spec, and what may change by which door. */
import { expect, test } from "bun:test"
import { findByKind } from "../catalog.ts"
import { applyDefaults } from "../defaults/apply.ts"
import { formatFieldError } from "../field-error.ts"
import type { KubernetesObject } from "../resource.ts"
import { table } from "./table.ts"
import { validateUpdate } from "./validate.ts"
import { warningsOf } from "./warnings.ts"

const container = { name: "c", image: "x:1" }
const selector = { matchLabels: { a: "b" } }
const claimSpec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } }

table("v1/Pod", {
  minimal: { spec: { containers: [container] } },
  defaults: {
    "spec.restartPolicy": "Always",
    "spec.dnsPolicy": "ClusterFirst",
    "spec.containers[0].imagePullPolicy": "IfNotPresent"
  },
  maximal: {
    spec: {
      os: { name: "linux" },
      hostUsers: false,
      hostname: "h",
      subdomain: "s",
      dnsPolicy: "None",
      dnsConfig: { nameservers: ["10.0.0.10"], searches: ["a.b", "_srv.x."], options: [{ name: "ndots", value: "2" }] },
      hostAliases: [{ ip: "10.0.0.1", hostnames: ["a.b"] }],
      readinessGates: [{ conditionType: "example.com/ready" }],
      schedulingGates: [{ name: "example.com/wait" }],
      overhead: { cpu: "10m" },
      resources: { requests: { cpu: "1" }, limits: { cpu: "2" } },
      resourceClaims: [{ name: "gpu", resourceClaimTemplateName: "t" }],
      securityContext: {
        runAsUser: 1000,
        fsGroup: 2000,
        fsGroupChangePolicy: "OnRootMismatch",
        supplementalGroupsPolicy: "Strict",
        sysctls: [{ name: "net.ipv4.ip_forward", value: "1" }],
        seccompProfile: { type: "RuntimeDefault" },
        appArmorProfile: { type: "Localhost", localhostProfile: "p" }
      },
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: "zone",
          whenUnsatisfiable: "DoNotSchedule",
          labelSelector: selector,
          minDomains: 2,
          matchLabelKeys: ["rev"]
        }
      ],
      affinity: {
        podAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { topologyKey: "zone", labelSelector: selector, namespaces: ["n"], mismatchLabelKeys: ["x"] }
          ]
        }
      },
      initContainers: [{ ...container, name: "side", restartPolicy: "Always", startupProbe: { grpc: { port: 9000 } } }],
      containers: [
        {
          ...container,
          resources: { requests: { cpu: "1" }, claims: [{ name: "gpu" }] },
          resizePolicy: [{ resourceName: "cpu", restartPolicy: "NotRequired" }],
          restartPolicy: "Never",
          restartPolicyRules: [{ action: "Restart", exitCodes: { operator: "In", values: [42] } }],
          lifecycle: { stopSignal: "SIGUSR1", preStop: { sleep: { seconds: 5 } } },
          securityContext: { procMount: "Unmasked", capabilities: { drop: ["ALL"] }, allowPrivilegeEscalation: false },
          volumeMounts: [{ name: "e", mountPath: "/e", readOnly: true, recursiveReadOnly: "Enabled" }]
        }
      ],
      volumes: [
        { name: "e", ephemeral: { volumeClaimTemplate: { spec: claimSpec } } },
        { name: "i", image: { reference: "r:1" } },
        { name: "n", nfs: { server: "s", path: "/p" } },
        { name: "s", iscsi: { targetPortal: "1.2.3.4", iqn: "iqn.2001-04.com.example:storage", lun: 0 } },
        { name: "d", downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }] } },
        { name: "k", csi: { driver: "d.example.com" } }
      ]
    }
  },
  bad: [
    [{ "spec.dnsPolicy": "None" }, "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"],
    [
      { "spec.dnsConfig": { nameservers: ["1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.1.4"] } },
      "spec.dnsConfig.nameservers: Invalid value: …"
    ],
    [{ "spec.hostAliases": [{ ip: "x" }] }, 'spec.hostAliases[0].ip: Invalid value: "x": must be a valid IP address…'],
    [
      { "spec.hostPID": true, "spec.shareProcessNamespace": true },
      "spec.securityContext.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled"
    ],
    [{ "spec.hostUsers": false, "spec.hostNetwork": true }, "spec.hostNetwork: Forbidden: when `hostUsers` is false"],
    [{ "spec.securityContext": { sysctls: [{ name: "", value: "1" }] } }, "spec.securityContext.sysctls[0].name: Required value"],
    [
      { "spec.securityContext": { seccompProfile: { type: "Localhost" } } },
      "spec.securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost"
    ],
    [
      { "spec.securityContext": { appArmorProfile: { type: "RuntimeDefault", localhostProfile: "x" } } },
      'spec.securityContext.appArmorProfile.localhostProfile: Invalid value: "x": can only be set when AppArmor type is Localhost'
    ],
    [
      { "spec.os": { name: "windows" }, "spec.securityContext": { runAsUser: 1 } },
      "spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod"
    ],
    [
      { "spec.containers[0].securityContext": { procMount: "Unmasked" } },
      'spec.containers[0].securityContext.procMount: Invalid value: "Unmasked": `hostUsers` must be false to use `Unmasked`'
    ],
    [
      { "spec.containers[0].securityContext": { privileged: true, allowPrivilegeEscalation: false } },
      'spec.containers[0].securityContext: Invalid value: {"privileged":true,"allowPrivilegeEscalation":false}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true'
    ],
    [{ "spec.containers[0].lifecycle": { stopSignal: "SIGTERM" } }, "spec.containers[0].lifecycle.stopSignal: Forbidden: …"],
    [
      { "spec.containers[0].resizePolicy": [{ resourceName: "disk", restartPolicy: "NotRequired" }] },
      'spec.containers[0].resizePolicy: Unsupported value: "disk": supported values: "cpu", "memory"'
    ],
    [
      { "spec.containers[0].resources": { claims: [{ name: "x" }] } },
      'spec.containers[0].resources.claims[0]: Not found: "x": must be one of the names in pod.spec.resourceClaims which is empty'
    ],
    [{ "spec.resourceClaims": [{ name: "x" }] }, "spec.resourceClaims[0]: Invalid value: …"],
    [
      { "spec.resources": { requests: { "ephemeral-storage": "1" } } },
      'spec.resources.requests[ephemeral-storage]: Unsupported value: "ephemeral-storage": supported values: "cpu", "hugepages-", "memory"'
    ],
    [
      { "spec.resources": { requests: { cpu: "1" } }, "spec.containers[0].resources": { requests: { cpu: "2" } } },
      'spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 2'
    ],
    [{ "spec.schedulingGates": [{ name: "a" }, { name: "a" }] }, 'spec.schedulingGates[1]: Duplicate value: "a"'],
    [
      { "spec.schedulingGates": [{ name: "a" }], "spec.nodeName": "n" },
      "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared"
    ],
    [
      { "spec.volumes": [{ name: "v", nfs: { server: "s", path: "p" } }] },
      'spec.volumes[0].nfs.path: Invalid value: "p": must be an absolute path'
    ],
    [{ "spec.volumes": [{ name: "v", rbd: { image: "i", monitors: [] } }] }, "spec.volumes[0].rbd.monitors: Required value"],
    [{ "spec.volumes": [{ name: "v", ephemeral: {} }] }, "spec.volumes[0].ephemeral.volumeClaimTemplate: Required value"],
    [
      { "spec.volumes": [{ name: "v", gcePersistentDisk: { pdName: "d", partition: 300 } }] },
      "spec.volumes[0].persistentDisk.partition: Invalid value: 300: must be between 1 and 255, inclusive"
    ],
    [
      { "spec.volumes": [{ name: "v", downwardAPI: { items: [{ path: "x", fieldRef: { fieldPath: "spec.nodeName" } }] } }] },
      'spec.volumes[0].downwardAPI.fieldRef.fieldPath: Unsupported value: "spec.nodeName": supported values: …'
    ]
  ]
})

const pods = findByKind("v1", "Pod")
const pod = (spec: object): KubernetesObject =>
  applyDefaults({ apiVersion: "v1", kind: "Pod", metadata: { name: "a", namespace: "n" }, spec } as KubernetesObject)
const through = (subresource: string | undefined, before: object, after: object): ReadonlyArray<string> => {
  if (pods === undefined) throw new Error("no pods")
  return validateUpdate(pod(after), pod(before), pods, subresource).map(formatFieldError)
}

test("ephemeral containers are added, never taken away or changed", () => {
  const base = { containers: [container] }
  const look = { name: "look", image: "busybox", targetContainerName: "c" }
  expect(through("ephemeralcontainers", base, { ...base, ephemeralContainers: [look] })).toEqual([])
  expect(through("ephemeralcontainers", { ...base, ephemeralContainers: [look] }, base)).toEqual([
    'spec.ephemeralContainers: Forbidden: existing ephemeral containers "look" may not be removed\n'
  ])
  expect(
    through("ephemeralcontainers", base, {
      ...base,
      ephemeralContainers: [{ ...look, targetContainerName: "x", ports: [{ containerPort: 1 }] }]
    })
  ).toEqual([
    'spec.ephemeralContainers[0].targetContainerName: Not found: "x"',
    "spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container"
  ])
})

test("a resize changes cpu and memory, and nothing else", () => {
  const sized = (cpu: string, image = "x:1") => ({
    containers: [{ ...container, image, resources: { requests: { cpu }, limits: { cpu: "4" } } }]
  })
  expect(through("resize", sized("1"), sized("2"))).toEqual([])
  expect(through("resize", sized("1"), sized("2", "y:1"))[0]).toStartWith(
    "spec: Forbidden: only cpu and memory resources are mutable\n"
  )
  const guaranteed = { containers: [{ ...container, resources: { limits: { cpu: "1", memory: "1Gi" } } }] }
  const burst = {
    containers: [{ ...container, resources: { limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "1", memory: "1Mi" } } }]
  }
  expect(through("resize", guaranteed, burst)).toEqual([
    'spec: Invalid value: "Guaranteed": Pod QOS Class may not change as a result of resizing'
  ])
})

test("a gated pod may be placed more narrowly", () => {
  const base = { containers: [container], schedulingGates: [{ name: "a.b/c" }], nodeSelector: { a: "b" } }
  expect(through(undefined, base, { ...base, nodeSelector: { a: "b", c: "d" } })).toEqual([])
  expect(through(undefined, base, { ...base, nodeSelector: { c: "d" } })).toEqual([
    'spec.nodeSelector: Invalid value: {"c":"d"}: only additions to spec.nodeSelector are allowed (no mutations or deletions)'
  ])
})

test("warnings", () => {
  if (pods === undefined) throw new Error("no pods")
  const odd = pod({
    containers: [
      {
        ...container,
        env: [
          { name: "A", value: "1" },
          { name: "A", value: "2" }
        ],
        ports: [{ containerPort: 80 }, { containerPort: 80 }],
        resources: { requests: { memory: "100m" } }
      }
    ],
    nodeSelector: { "beta.kubernetes.io/os": "linux" }
  })
  expect(warningsOf(odd, pods)).toEqual([
    'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
    'spec.containers[0].resources.requests[memory]: fractional byte value "100m" is invalid, must be an integer',
    'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
    "spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]"
  ])
  expect(warningsOf(odd, pods, odd)).toEqual([])
  expect(warningsOf(pod({ containers: [container] }), pods)).toEqual([])
})
