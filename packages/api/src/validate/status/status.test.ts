/** What is refused when a status is written. */
import { expect, test } from "bun:test"
import { findByKind } from "../../catalog.ts"
import { formatFieldError } from "../../field-error.ts"
import type { KubernetesObject } from "../../resource.ts"
import { validateUpdate } from "../validate.ts"

type Row = readonly [status: object, ...says: ReadonlyArray<string>]

/** What is said of each status that replaces `before`, of an object that is otherwise `object`. */
const table = (apiVersion: string, kind: string, object: object, before: object, rows: ReadonlyArray<Row>): void => {
  const resource = findByKind(apiVersion, kind)
  if (resource === undefined) throw new Error(kind)
  const withStatus = (status: object): KubernetesObject => ({
    apiVersion,
    kind,
    ...object,
    metadata: {
      name: "a",
      ...(resource.namespaced ? { namespace: "default" } : {}),
      ...("metadata" in object ? Object(object.metadata) : {})
    },
    ...{ status }
  })
  for (const [status, ...says] of rows)
    test(`${kind}: ${JSON.stringify(status).slice(0, 100)}`, () => {
      const found = validateUpdate(withStatus(status), withStatus(before), resource, "status")
      expect(found.map(formatFieldError)).toEqual([...says])
    })
}

table("apps/v1", "Deployment", {}, { collisionCount: 2 }, [
  [{ replicas: 2, updatedReplicas: 1, readyReplicas: 2, availableReplicas: 1, collisionCount: 3 }],
  [
    { replicas: 1, collisionCount: 2, updatedReplicas: 2, unavailableReplicas: -1 },
    "status.unavailableReplicas: Invalid value: -1: must be greater than or equal to 0",
    "status.updatedReplicas: Invalid value: 2: cannot be greater than status.replicas"
  ],
  [
    { replicas: 2, readyReplicas: 1, availableReplicas: 2, collisionCount: 1 },
    "status.availableReplicas: Invalid value: 2: cannot be greater than readyReplicas",
    "status.collisionCount: Invalid value: 1: cannot be decremented"
  ]
])
table("apps/v1", "ReplicaSet", {}, {}, [
  [{ replicas: 1, fullyLabeledReplicas: 1 }],
  [{ replicas: 1, readyReplicas: 2 }, "status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas"]
])
table("v1", "ReplicationController", {}, {}, [
  [
    { replicas: 1, fullyLabeledReplicas: 2 },
    "status.fullyLabeledReplicas: Invalid value: 2: cannot be greater than status.replicas"
  ]
])
table("apps/v1", "StatefulSet", {}, { replicas: 1, collisionCount: 1 }, [
  [{ replicas: 1, readyReplicas: 1, availableReplicas: 1, collisionCount: 1 }],
  [
    { replicas: 2, readyReplicas: 1, availableReplicas: 2, collisionCount: 1 },
    "status.availableReplicas: Invalid value: 2: cannot be greater than status.readyReplicas"
  ],
  [{ replicas: 2 }, "status.collisionCount: Invalid value: 0: cannot be decremented"]
])
table("apps/v1", "DaemonSet", {}, {}, [
  [
    { currentNumberScheduled: 1, numberMisscheduled: 0, desiredNumberScheduled: 1, numberReady: -2 },
    "status.numberReady: Invalid value: -2: must be greater than or equal to 0"
  ]
])
table("autoscaling/v2", "HorizontalPodAutoscaler", {}, {}, [
  [{ currentReplicas: -1, desiredReplicas: 0 }, "status.currentReplicas: Invalid value: -1: must be greater than or equal to 0"]
])
table("policy/v1", "PodDisruptionBudget", {}, {}, [
  [
    { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: -1 },
    "status.expectedPods: Invalid value: -1: must be greater than or equal to 0"
  ]
])
table("v1", "Namespace", {}, { phase: "Active" }, [
  [{ phase: "Active" }],
  [{ phase: "Terminating" }, `status.Phase: Invalid value: "Terminating": may only be 'Active' if \`deletionTimestamp\` is empty`]
])
table("v1", "Service", { spec: { type: "ClusterIP" } }, {}, [
  [{ loadBalancer: {} }],
  [
    { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } },
    'status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is "LoadBalancer"'
  ]
])
table("v1", "Service", { spec: { type: "LoadBalancer" } }, {}, [
  [{ loadBalancer: { ingress: [{ ip: "192.0.2.1", ipMode: "VIP" }] } }],
  [
    { loadBalancer: { ingress: [{ hostname: "192.0.2.1", ipMode: "VIP" }] } },
    "status.loadBalancer.ingress[0].ipMode: Forbidden: may not be specified when `ip` is not set",
    'status.loadBalancer.ingress[0].hostname: Invalid value: "192.0.2.1": must be a DNS name, not an IP address'
  ]
])
table("networking.k8s.io/v1", "Ingress", {}, {}, [
  [{ loadBalancer: { ingress: [{ ip: "192.0.2.1", hostname: "a.example.com" }] } }],
  [
    { loadBalancer: { ingress: [{ ip: "nowhere" }] } },
    'status.loadBalancer.ingress[0].ip: Invalid value: "nowhere": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'
  ]
])
table("v1", "ResourceQuota", {}, {}, [
  [{ hard: { pods: "1" }, used: { pods: "0" } }],
  [{ used: { pods: "-1" } }, 'status.used[pods]: Invalid value: "-1": must be greater than or equal to 0']
])

const ended = (name: string, exitCode: number) => ({ name, state: { terminated: { exitCode } } })
const running = (name: string) => ({ name, state: { running: {} } })
const reports = (...containerStatuses: ReadonlyArray<object>) => ({ containerStatuses })
const stays = "status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state"
table("v1", "Pod", { spec: { restartPolicy: "Never", containers: [{ name: "c" }] } }, reports(ended("c", 1)), [
  [reports(ended("c", 2))],
  [reports(running("c")), stays]
])
table("v1", "Pod", { spec: { restartPolicy: "OnFailure", containers: [{ name: "c" }] } }, reports(ended("c", 1)), [
  [reports(running("c"))]
])
table("v1", "Pod", { spec: { restartPolicy: "OnFailure", containers: [{ name: "c" }] } }, reports(ended("c", 0)), [
  [reports(running("c")), stays]
])
table("v1", "Pod", { spec: { resourceClaims: [{ name: "gpu" }] } }, {}, [
  [{ podIPs: [{ ip: "10.0.0.1" }, { ip: "fd00::1" }], conditions: [{ type: "example.com/gate", status: "True" }] }],
  [
    { podIPs: [{ ip: "10.0.0.1" }, { ip: "10.0.0.2" }] },
    'status.podIPs: Invalid value: [{"ip":"10.0.0.1"},{"ip":"10.0.0.2"}]: may specify no more than one IP for each IP family'
  ],
  [
    { resourceClaimStatuses: [{ name: "cpu" }] },
    'status.resourceClaimStatuses[0].name: Invalid value: "cpu": must match the name of an entry in `spec.resourceClaims`'
  ]
])

table("v1", "Pod", { spec: { nodeName: "n" } }, { nominatedNodeName: "n" }, [
  [{ nominatedNodeName: "n" }],
  [{ nominatedNodeName: "m" }, "status.nominatedNodeName: Forbidden: may not be set on pods that are already bound to a node"]
])

const start = "2026-01-02T03:04:05Z"
const end = "2026-01-02T03:05:05Z"
const done = ["SuccessCriteriaMet", "Complete"].map((type) => ({ type, status: "True" }))
table("batch/v1", "Job", { spec: {} }, { startTime: start, active: 1 }, [
  [{ startTime: start, completionTime: end, succeeded: 1, conditions: done }],
  [{ startTime: start, active: 1, ready: 2 }, "status.ready: Invalid value: 2: cannot set more ready pods than active"],
  [
    { startTime: start, completionTime: end },
    `status.completionTime: Invalid value: "${end}": cannot set completionTime when there is no Complete=True condition`
  ],
  [
    { startTime: start, conditions: [{ type: "Failed", status: "True" }] },
    "status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition"
  ],
  [{ active: 1 }, "status.startTime: Required value: startTime cannot be removed for unsuspended job"],
  [
    { startTime: start, uncountedTerminatedPods: { succeeded: ["u"], failed: ["u"] } },
    'status.uncountedTerminatedPods.failed[0]: Duplicate value: "u"'
  ]
])
table("batch/v1", "Job", { spec: {} }, { startTime: start, completionTime: end, conditions: done }, [
  [
    { startTime: start },
    "status.conditions: Invalid value: cannot disable the terminal Complete=True condition",
    "status.conditions: Invalid value: cannot disable the terminal SuccessCriteriaMet=True condition"
  ]
])
