/** Workloads and what watches over them: Jobs, StatefulSets, autoscalers, disruption budgets, quotas. */
import { table } from "./table.ts"

const pod = { containers: [{ name: "c", image: "x:1" }], restartPolicy: "Never" }
const template = { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "x:1" }] } }
const selector = { matchLabels: { a: "b" } }
const job = { template: { spec: pod } }

table("batch/v1/Job", {
  minimal: { spec: job },
  defaults: { "spec.completions": 1, "spec.parallelism": 1, "spec.backoffLimit": 6, "spec.completionMode": "NonIndexed" },
  maximal: {
    spec: {
      ...job,
      completionMode: "Indexed",
      completions: 5,
      parallelism: 2,
      backoffLimitPerIndex: 1,
      maxFailedIndexes: 2,
      managedBy: "example.com/m",
      ttlSecondsAfterFinished: 1,
      podFailurePolicy: {
        rules: [
          { action: "FailIndex", onExitCodes: { containerName: "c", operator: "In", values: [1, 42] } },
          { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget" }] }
        ]
      },
      successPolicy: { rules: [{ succeededIndexes: "0,2-3", succeededCount: 2 }] }
    }
  },
  bad: [
    [{ "spec.backoffLimit": -1 }, "spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0"],
    [{ "spec.backoffLimitPerIndex": 1 }, "spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode"],
    [
      { "spec.completionMode": "Indexed", "spec.completions": undefined, "spec.parallelism": 1 },
      "spec.completions: Required value: when completion mode is Indexed"
    ],
    [{ "spec.managedBy": "m" }, 'spec.managedBy: Invalid value: "m": must be a domain-prefixed path (such as "acme.io/foo")'],
    [
      { "spec.podFailurePolicy": { rules: [{ action: "Ignore" }] } },
      "spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required"
    ],
    [
      { "spec.podFailurePolicy": { rules: [{ action: "FailJob", onExitCodes: { operator: "In", values: [0] } }] } },
      "spec.podFailurePolicy.rules[0].onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In operator"
    ],
    [{ "spec.successPolicy": { rules: [{ succeededCount: 1 }] } }, "spec.successPolicy: Invalid value: …"],
    [
      { "spec.podReplacementPolicy": "Odd" },
      'spec.podReplacementPolicy: Unsupported value: "Odd": supported values: "Failed", "TerminatingOrFailed"'
    ]
  ],
  frozen: [
    [{ "spec.managedBy": "example.com/n" }, 'spec.managedBy: Invalid value: "example.com/n": field is immutable'],
    [{ "spec.completions": 6 }, "spec.completions: Invalid value: 6: can only be modified in tandem with spec.parallelism"]
  ]
})

table("batch/v1/CronJob", {
  minimal: { spec: { schedule: "@hourly", jobTemplate: { spec: job } } },
  defaults: {
    "spec.concurrencyPolicy": "Allow",
    "spec.suspend": false,
    "spec.successfulJobsHistoryLimit": 3,
    "spec.failedJobsHistoryLimit": 1
  },
  maximal: {
    spec: {
      schedule: "0-30/5 8,20 ? jan-mar MON-fri",
      timeZone: "Europe/Berlin",
      concurrencyPolicy: "Forbid",
      startingDeadlineSeconds: 1,
      jobTemplate: { spec: job }
    }
  },
  bad: [
    [{ "spec.schedule": "" }, "spec.schedule: Required value"],
    [{ "spec.schedule": "60 * * * *" }, 'spec.schedule: Invalid value: "60 * * * *": end of range (60) above maximum (59): 60'],
    [{ "spec.schedule": "* * 0 * *" }, 'spec.schedule: Invalid value: "* * 0 * *": beginning of range (0) below minimum (1): 0'],
    [
      { "spec.schedule": "5-1 * * * *" },
      'spec.schedule: Invalid value: "5-1 * * * *": beginning of range (5) beyond end of range (1): 5-1'
    ],
    [
      { "spec.schedule": "*/0 * * * *" },
      'spec.schedule: Invalid value: "*/0 * * * *": step of range should be a positive number: */0'
    ],
    [
      { "spec.schedule": "TZ=UTC 0 * * * *" },
      'spec.schedule: Invalid value: "TZ=UTC 0 * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead'
    ],
    [{ "spec.timeZone": "Local" }, "spec.timeZone: Invalid value: …"],
    [{ "spec.timeZone": "Mars/Base" }, 'spec.timeZone: Invalid value: "Mars/Base": unknown time zone Mars/Base'],
    [{ "metadata.name": "a".repeat(53) }, `metadata.name: Invalid value: "${"a".repeat(53)}": must be no more than 52 characters`]
  ]
})

table("apps/v1/StatefulSet", {
  minimal: { spec: { selector, template } },
  defaults: { "spec.podManagementPolicy": "OrderedReady", "spec.updateStrategy.type": "RollingUpdate", "spec.replicas": 1 },
  maximal: {
    spec: {
      selector,
      // Claims are volumes without being listed among them.
      template: {
        ...template,
        spec: { containers: [{ name: "c", image: "x:1", volumeMounts: [{ name: "d", mountPath: "/d" }] }] }
      },
      serviceName: "s",
      ordinals: { start: 3 },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: "Delete", whenScaled: "Retain" },
      volumeClaimTemplates: [
        { metadata: { name: "d" }, spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } } }
      ]
    }
  },
  bad: [
    [
      { "spec.template.spec.containers.0.volumeMounts": [{ name: "e", mountPath: "/e" }] },
      'spec.template.spec.containers[0].volumeMounts[0].name: Not found: "e"'
    ],
    [{ "spec.ordinals": { start: -1 } }, "spec.ordinals.start: Invalid value: -1: must be greater than or equal to 0"],
    [
      { "spec.persistentVolumeClaimRetentionPolicy": { whenDeleted: "Odd" } },
      'spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: "Odd": supported values: "Retain", "Delete"'
    ],
    [
      { "spec.updateStrategy": { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0 } } },
      "spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: 0: cannot be 0"
    ]
  ],
  frozen: [[{ "spec.serviceName": "t" }, "spec: Forbidden: updates to statefulset spec for fields other than…"]]
})

const scaler = { maxReplicas: 3, scaleTargetRef: { kind: "Deployment", name: "d", apiVersion: "apps/v1" } }
const at = "spec.metrics[0]"
table("autoscaling/v2/HorizontalPodAutoscaler", {
  minimal: { spec: scaler },
  defaults: { "spec.minReplicas": 1, "spec.metrics[0].resource.name": "cpu" },
  maximal: {
    spec: {
      ...scaler,
      metrics: [
        { type: "Resource", resource: { name: "cpu", target: { type: "AverageValue", averageValue: "1" } } },
        { type: "Pods", pods: { metric: { name: "m" }, target: { type: "AverageValue", averageValue: "1" } } },
        { type: "External", external: { metric: { name: "q", selector }, target: { type: "Value", value: "5" } } },
        {
          type: "Object",
          object: {
            describedObject: { kind: "Ingress", name: "i" },
            metric: { name: "r" },
            target: { type: "Value", value: "5" }
          }
        },
        {
          type: "ContainerResource",
          containerResource: { container: "c", name: "memory", target: { type: "Utilization", averageUtilization: 50 } }
        }
      ],
      behavior: {
        scaleDown: {
          stabilizationWindowSeconds: 60,
          selectPolicy: "Min",
          policies: [{ type: "Pods", value: 1, periodSeconds: 30 }]
        }
      }
    }
  },
  bad: [
    [
      { "spec.maxReplicas": 0 },
      "spec.maxReplicas: Required value: must be set and greater than 0",
      "spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`"
    ],
    [
      { "spec.metrics": [{ type: "Resource" }] },
      `${at}.resource: Required value: must populate information for the given metric source`
    ],
    [
      { "spec.metrics": [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization" } } }] },
      `${at}.resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization`
    ],
    [
      { "spec.metrics": [{ type: "Pods", pods: { metric: { name: "m" }, target: { type: "Value", value: "1" } } }] },
      `${at}.pods.target.averageValue: Required value: must specify a positive target averageValue`
    ],
    [
      { "spec.behavior": { scaleUp: { stabilizationWindowSeconds: 4000 } } },
      "spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 4000: must be less than or equal to 3600"
    ],
    [
      { "spec.behavior": { scaleDown: { policies: [{ type: "Pods", value: 0, periodSeconds: 5 }] } } },
      "spec.behavior.scaleDown.policies[0].value: Invalid value: 0: must be greater than zero"
    ]
  ]
})
table("autoscaling/v1/HorizontalPodAutoscaler", {
  minimal: { spec: { ...scaler, targetCPUUtilizationPercentage: 50 } },
  bad: [
    [
      { "spec.targetCPUUtilizationPercentage": 0 },
      "spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater than 0"
    ]
  ]
})

table("v1/ResourceQuota", {
  minimal: { spec: {} },
  maximal: { spec: { hard: { pods: "5", "requests.cpu": "1", "count/deployments.apps": "3" }, scopes: ["NotTerminating"] } },
  bad: [
    [
      { "spec.hard": { wood: "1" } },
      'spec.hard[wood]: Invalid value: "wood": must be a standard resource type or fully qualified',
      'spec.hard[wood]: Invalid value: "wood": must be a standard resource for quota'
    ],
    [{ "spec.hard": { pods: "-1" } }, 'spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0'],
    [
      { "spec.scopes": ["Terminating", "NotTerminating"] },
      'spec.scopes: Invalid value: ["Terminating","NotTerminating"]: conflicting scopes'
    ],
    [
      { "spec.scopes": ["BestEffort"], "spec.hard": { cpu: "1" } },
      'spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource'
    ]
  ]
})

const service = { ports: [{ port: 80 }] }
table("v1/Service", {
  minimal: { spec: service },
  defaults: { "spec.type": "ClusterIP", "spec.sessionAffinity": "None", "spec.internalTrafficPolicy": "Cluster" },
  maximal: {
    spec: {
      ...service,
      type: "LoadBalancer",
      clusterIP: "10.0.0.1",
      clusterIPs: ["10.0.0.1", "fd00::1"],
      ipFamilies: ["IPv4", "IPv6"],
      ipFamilyPolicy: "RequireDualStack",
      loadBalancerClass: "example.com/lb",
      loadBalancerSourceRanges: ["10.0.0.0/8"],
      trafficDistribution: "PreferSameZone",
      sessionAffinity: "ClientIP"
    }
  },
  bad: [
    [{ "spec.ipFamilies": ["IPv4", "IPv4"] }, 'spec.ipFamilies[1]: Duplicate value: "IPv4"'],
    [
      { "spec.trafficDistribution": "Far" },
      'spec.trafficDistribution: Unsupported value: "Far": supported values: "PreferClose", "PreferSameZone", "PreferSameNode"'
    ],
    [
      { "spec.loadBalancerClass": "example.com/x" },
      "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'"
    ],
    [
      { "spec.clusterIP": "10.0.0.1", "spec.clusterIPs": ["10.0.0.2"] },
      'spec.clusterIPs: Invalid value: ["10.0.0.2"]: first value must match `clusterIP`'
    ],
    [
      { "spec.externalTrafficPolicy": "Local" },
      'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services'
    ]
  ],
  frozen: [
    [
      { "spec.clusterIP": "10.0.0.2", "spec.clusterIPs": ["10.0.0.2", "fd00::1"] },
      'spec.clusterIPs[0]: Invalid value: ["10.0.0.2","fd00::1"]: may not change once set'
    ],
    [
      { "spec.loadBalancerClass": "example.com/other" },
      'spec.loadBalancerClass: Invalid value: "example.com/other": may not change once set'
    ]
  ]
})

const volume = { accessModes: ["ReadWriteOnce"], capacity: { storage: "1Gi" } }
table("v1/PersistentVolume", {
  minimal: { spec: { ...volume, hostPath: { path: "/x" } } },
  defaults: { "spec.persistentVolumeReclaimPolicy": "Retain", "spec.volumeMode": "Filesystem" },
  maximal: {
    spec: {
      ...volume,
      csi: { driver: "d.example.com", volumeHandle: "h", nodeStageSecretRef: { name: "s", namespace: "n" } },
      storageClassName: "c",
      volumeAttributesClassName: "v"
    }
  },
  bad: [
    [{ "spec.hostPath": undefined }, "spec: Required value: must specify a volume type"],
    [{ "spec.nfs": { server: "s", path: "/p" } }, "spec.nfs: Forbidden: may not specify more than 1 volume type"],
    [{ "spec.hostPath": undefined, "spec.csi": { driver: "d.example.com" } }, "spec.csi.volumeHandle: Required value"],
    [
      { "spec.hostPath": { path: "/" }, "spec.persistentVolumeReclaimPolicy": "Recycle" },
      "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'"
    ]
  ],
  frozen: [
    [
      { "spec.csi.volumeHandle": "other" },
      "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation…"
    ]
  ]
})
const claim = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } }
table("v1/PersistentVolumeClaim", {
  minimal: { spec: claim },
  defaults: { "spec.volumeMode": "Filesystem", "status.phase": "Pending" },
  maximal: { spec: { ...claim, selector, storageClassName: "c", dataSource: { kind: "PersistentVolumeClaim", name: "o" } } },
  bad: [
    [
      { "spec.accessModes": ["ReadWriteOncePod", "ReadOnlyMany"] },
      "spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes"
    ],
    [
      { "spec.dataSource": { kind: "Thing", name: "x" } },
      "spec.dataSource: Invalid value: \"Thing\": must be 'PersistentVolumeClaim' when referencing the default apiGroup"
    ]
  ],
  frozen: [
    [
      { "spec.storageClassName": "d" },
      "spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
    ]
  ]
})

const ingress = { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.0/8" } }] }] }
table("networking.k8s.io/v1/NetworkPolicy", {
  minimal: { spec: { podSelector: {} } },
  defaults: { "spec.policyTypes": ["Ingress"] },
  maximal: {
    spec: {
      ...ingress,
      ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] } }, { podSelector: selector }] }],
      egress: [{ ports: [{ port: 80, endPort: 90, protocol: "TCP" }] }]
    }
  },
  bad: [
    [
      { "spec.ingress": [{ from: [{ ipBlock: { cidr: "10.0.0.0/8", except: ["11.0.0.0/16"] } }] }] },
      'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`'
    ]
  ]
})
