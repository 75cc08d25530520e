/** The workloads of upstream's scheduler_perf, rebuilt from their names and published shapes, with their CI thresholds. @module */
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod } from "@tsukube/api/core-v1"
import type { CSINode } from "@tsukube/api/storage-v1"
import type { PlanInput } from "@tsukube/scheduler"

/** One workload. */
export interface Workload {
  readonly name: string
  /** Pods a second that upstream's CI asks for. */
  readonly threshold: number
  /** The cluster before anything is scheduled. */
  readonly cluster: Omit<PlanInput, "pods">
  /** Scheduled before the clock runs. */
  readonly before: ReadonlyArray<Pod>
  readonly measured: ReadonlyArray<Pod>
  /** Happens once in so many measured pods. */
  readonly churn?: { readonly every: number; readonly pod: (index: number) => Pod; readonly node?: (index: number) => Node }
}

type Spec = Partial<NonNullable<Pod["spec"]>>

const zones = ["zone1", "zone2", "zone3"]

/** Nodes as scheduler_perf makes them. */
export const makeNodes = (count: number, more: (index: number) => Partial<Node> = () => ({})): ReadonlyArray<Node> =>
  Array.from({ length: count }, (_, index) => {
    const name = `node-${index}`
    const labels = { "kubernetes.io/hostname": name, "topology.kubernetes.io/zone": zones[index % zones.length]! }
    return { metadata: { name, labels }, status: { allocatable: { cpu: "4", memory: "32Gi", pods: "110" } }, ...more(index) }
  })

/** Pods of one template; each a JSON object of its own, as a watch would bring it. */
export const makePods = (
  prefix: string,
  count: number,
  spec: Spec | ((index: number) => Spec) = {},
  labels: Record<string, string> = {},
  namespace: string | ((index: number) => string) = "default"
): ReadonlyArray<Pod> => {
  const template = (index: number): Pod => ({
    metadata: {
      name: `${prefix}-${index}`,
      uid: `${prefix}-${index}`,
      namespace: typeof namespace === "string" ? namespace : namespace(index),
      labels
    },
    spec: {
      containers: [
        { name: "pause", image: "registry.k8s.io/pause:3.10", resources: { requests: { cpu: "100m", memory: "500Mi" } } }
      ],
      ...(typeof spec === "function" ? spec(index) : spec)
    }
  })
  return Array.from({ length: count }, (_, index) => JSON.parse(JSON.stringify(template(index))) as Pod)
}

const asking = (requests: Record<string, string>): Spec => ({
  containers: [{ name: "pause", image: "pause", resources: { requests } }]
})

const term = (color: string, topologyKey: string, namespaceSelector?: object) => ({
  topologyKey,
  labelSelector: { matchLabels: { color } },
  ...(namespaceSelector === undefined ? { namespaces: ["sched-0", "sched-1"] } : { namespaceSelector })
})
const zone = "topology.kubernetes.io/zone"
const hostname = "kubernetes.io/hostname"
const requiring = (kind: "podAffinity" | "podAntiAffinity", each: ReturnType<typeof term>): Spec => ({
  affinity: { [kind]: { requiredDuringSchedulingIgnoredDuringExecution: [each] } }
})
const preferring = (kind: "podAffinity" | "podAntiAffinity", each: ReturnType<typeof term>): Spec => ({
  affinity: { [kind]: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: each }] } }
})
const spreading = (whenUnsatisfiable: "DoNotSchedule" | "ScheduleAnyway", more: object = {}, topologyKey = zone): Spec => ({
  topologySpreadConstraints: [
    { maxSkew: 5, topologyKey, whenUnsatisfiable, labelSelector: { matchLabels: { color: "blue" } }, ...more }
  ]
})

const manyNamespaces = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`ns-${index}`, { team: "devops" }]))
const inMany = (index: number): string => `ns-${index % 100}`
const devops = { matchLabels: { team: "devops" } }

const claimed = (count: number, source: (index: number) => Partial<NonNullable<PersistentVolume["spec"]>>) => {
  const persistentVolumes = Array.from({ length: count }, (_, index): PersistentVolume => {
    const spec = { capacity: { storage: "1Gi" }, accessModes: ["ReadOnlyMany" as const], ...source(index) }
    return { metadata: { name: `pv-${index}` }, spec, status: { phase: "Bound" } }
  })
  const persistentVolumeClaims = Array.from(
    { length: count },
    (_, index): PersistentVolumeClaim => ({
      metadata: { name: `pvc-${index}`, namespace: "default", annotations: { "pv.kubernetes.io/bind-completed": "true" } },
      spec: { volumeName: `pv-${index}`, accessModes: ["ReadOnlyMany"], resources: { requests: { storage: "1Gi" } } },
      status: { phase: "Bound" }
    })
  )
  return { persistentVolumes, persistentVolumeClaims }
}

const withClaim = (index: number): Spec => ({ volumes: [{ name: "vol", persistentVolumeClaim: { claimName: `pvc-${index}` } }] })
/** Nodes that attach 39 volumes of the driver, and that have handed the built-in one over to it. */
const csiNodes = (count: number): ReadonlyArray<CSINode> =>
  Array.from({ length: count }, (_, index) => ({
    metadata: {
      name: `node-${index}`,
      annotations: { "storage.alpha.kubernetes.io/migrated-plugins": "kubernetes.io/aws-ebs" }
    },
    spec: { drivers: [{ name: "ebs.csi.aws.com", nodeID: `node-${index}`, allocatable: { count: 39 } }] }
  }))

const pinned = (index: number): Spec => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: [`node-${index % 15_000}`] }] }]
      }
    }
  }
})

/** All workloads, made when they are asked for: together they would fill the memory. */
export const workloads: ReadonlyArray<() => Workload> = [
  ...(
    [
      [10_000, 680],
      [50_000, 810]
    ] as const
  ).map(([count, threshold]) => () => ({
    name: `SchedulingBasic/5000Nodes_${count}Pods`,
    threshold,
    cluster: { nodes: makeNodes(5000) },
    before: makePods("init", 1000),
    measured: makePods("pod", count)
  })),
  () => ({
    name: "SchedulingNodeAffinity/5000Nodes_10000Pods",
    threshold: 220,
    cluster: { nodes: makeNodes(5000) },
    before: makePods("init", 5000),
    measured: makePods("pod", 10_000, {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: zone, operator: "In", values: ["zone1", "zone2"] }] }]
          }
        }
      }
    })
  }),
  () => ({
    name: "SchedulingPodAffinity/5000Nodes_5000Pods",
    threshold: 35,
    cluster: { nodes: makeNodes(5000) },
    before: makePods("init", 5000, requiring("podAffinity", term("blue", zone)), { color: "blue" }, "sched-0"),
    measured: makePods("pod", 5000, requiring("podAffinity", term("blue", zone)), { color: "blue" }, "sched-1")
  }),
  () => ({
    name: "SchedulingPodAntiAffinity/5000Nodes_2000Pods",
    threshold: 60,
    cluster: { nodes: makeNodes(5000) },
    before: makePods("init", 1000, requiring("podAntiAffinity", term("green", hostname)), { color: "green" }, "sched-0"),
    measured: makePods("pod", 2000, requiring("podAntiAffinity", term("green", hostname)), { color: "green" }, "sched-1")
  }),
  () => ({
    name: "SchedulingPodMatchingAntiAffinity/5000Nodes_5000Pods",
    threshold: 595,
    cluster: { nodes: makeNodes(5000) },
    before: makePods("init", 1000, requiring("podAntiAffinity", term("green", hostname)), { color: "green" }, "sched-0"),
    measured: makePods("pod", 5000, {}, { color: "green" }, "sched-1")
  }),
  ...(
    [
      ["podAffinity", "SchedulingPreferredPodAffinity", "red"],
      ["podAntiAffinity", "SchedulingPreferredPodAntiAffinity", "yellow"]
    ] as const
  ).map(([kind, name, color]) => () => ({
    name: `${name}/5000Nodes_5000Pods`,
    threshold: 90,
    cluster: { nodes: makeNodes(5000) },
    before: makePods("init", 5000, preferring(kind, term(color, hostname)), { color }, "sched-0"),
    measured: makePods("pod", 5000, preferring(kind, term(color, hostname)), { color }, "sched-1")
  })),
  () => ({
    name: "SchedulingRequiredPodAntiAffinityWithNSSelector/6000Nodes_2000Pods",
    threshold: 24,
    cluster: { nodes: makeNodes(6000), namespaces: manyNamespaces },
    before: makePods("init", 4000, requiring("podAntiAffinity", term("green", hostname, devops)), { color: "green" }, inMany),
    measured: makePods("pod", 2000, requiring("podAntiAffinity", term("green", hostname, devops)), { color: "green" }, inMany)
  }),
  () => ({
    name: "SchedulingPreferredAntiAffinityWithNSSelector/5000Nodes_2000Pods",
    threshold: 55,
    cluster: { nodes: makeNodes(5000), namespaces: manyNamespaces },
    before: makePods("init", 4000, preferring("podAntiAffinity", term("green", hostname, devops)), { color: "green" }, inMany),
    measured: makePods("pod", 2000, preferring("podAntiAffinity", term("green", hostname, devops)), { color: "green" }, inMany)
  }),
  () => ({
    name: "SchedulingRequiredPodAffinityWithNSSelector/5000Nodes_2000Pods",
    threshold: 35,
    cluster: { nodes: makeNodes(5000), namespaces: manyNamespaces },
    before: makePods("init", 4000, requiring("podAffinity", term("blue", zone, devops)), { color: "blue" }, inMany),
    measured: makePods("pod", 2000, requiring("podAffinity", term("blue", zone, devops)), { color: "blue" }, inMany)
  }),
  () => ({
    name: "MixedSchedulingBasePod/5000Nodes_5000Pods",
    threshold: 140,
    cluster: { nodes: makeNodes(5000) },
    before: [
      ...makePods("base", 2000),
      ...makePods("near", 2000, requiring("podAffinity", term("blue", zone)), { color: "blue" }, "sched-0"),
      ...makePods("far", 2000, requiring("podAntiAffinity", term("green", hostname)), { color: "green" }, "sched-0"),
      ...makePods("likes", 2000, preferring("podAffinity", term("red", hostname)), { color: "red" }, "sched-0"),
      ...makePods("avoids", 2000, preferring("podAntiAffinity", term("yellow", hostname)), { color: "yellow" }, "sched-0")
    ],
    measured: makePods("pod", 5000, {}, {}, "sched-1")
  }),
  ...(
    [
      ["TopologySpreading", "DoNotSchedule", 460],
      ["PreferredTopologySpreading", "ScheduleAnyway", 340]
    ] as const
  ).map(([name, when, threshold]) => () => ({
    name: `${name}/5000Nodes_5000Pods`,
    threshold,
    cluster: { nodes: makeNodes(5000) },
    before: makePods("init", 5000),
    measured: makePods("pod", 5000, spreading(when), { color: "blue" })
  })),
  () => ({
    name: "DefaultTopologySpreading/5000Nodes_50000Pods",
    threshold: 160,
    cluster: {
      nodes: makeNodes(5000),
      services: [{ metadata: { name: "blue", namespace: "default" }, spec: { selector: { color: "blue" } } }]
    },
    before: makePods("init", 5000),
    measured: makePods("pod", 50_000, {}, { color: "blue" })
  }),
  () => ({
    name: "SchedulingWithNodeInclusionPolicy/5000Nodes",
    threshold: 270,
    cluster: {
      nodes: makeNodes(5000, (index) => (index < 1000 ? { spec: { taints: [{ key: "foo", effect: "NoSchedule" }] } } : {}))
    },
    before: [],
    measured: makePods("pod", 4000, spreading("DoNotSchedule", { maxSkew: 1, nodeTaintsPolicy: "Honor" }, hostname), {
      color: "blue"
    })
  }),
  () => ({
    name: "PreemptionAsync/5000Nodes",
    threshold: 570,
    cluster: { nodes: makeNodes(5000) },
    before: makePods("low", 20_000, asking({ cpu: "900m", memory: "500Mi" })),
    measured: makePods("pod", 5000),
    churn: {
      every: 114,
      pod: (index) => makePods(`high${index}`, 1, { ...asking({ cpu: "3", memory: "500Mi" }), priority: 10 })[0]!
    }
  }),
  ...(
    [
      [100, "100Init", 590],
      [20_000, "20kInit", 600]
    ] as const
  ).map(([init, name, threshold]) => () => ({
    name: `Unschedulable/5kNodes/${name}/10kPods`,
    threshold,
    cluster: { nodes: makeNodes(5000) },
    before: makePods("large", init, asking({ cpu: "9", memory: "500Mi" })),
    measured: makePods("pod", 10_000)
  })),
  () => ({
    name: "SchedulingWithMixedChurn/5000Nodes_10000Pods",
    threshold: 710,
    cluster: { nodes: makeNodes(5000) },
    before: [],
    measured: makePods("pod", 10_000),
    churn: {
      every: 710,
      pod: (index) => makePods(`churn${index}`, 1, { ...asking({ cpu: "9" }), priority: 10 })[0]!,
      node: (index) => ({ ...makeNodes(1)[0]!, metadata: { name: `churn-${index}` } })
    }
  }),
  () => ({
    name: "SchedulingWhileGated/1Node_10000GatedPods",
    threshold: 910,
    cluster: { nodes: makeNodes(1, () => ({ status: { allocatable: { cpu: "90000", memory: "900Ti", pods: "90000" } } })) },
    before: makePods("gated", 10_000, { schedulingGates: [{ name: "foo" }] }),
    measured: makePods("pod", 20_000)
  }),
  () => ({
    name: "SchedulingDeletedPodsWithFinalizers/5000Node_5000DeletingPods",
    threshold: 830,
    cluster: { nodes: makeNodes(5000) },
    before: makePods("gone", 5000).map((pod) => ({
      ...pod,
      metadata: { ...pod.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" }
    })),
    measured: makePods("pod", 10_000)
  }),
  () => ({
    name: "SchedulingWithExtendedResource/5000pods_5000nodes",
    threshold: 180,
    cluster: {
      nodes: makeNodes(5000, () => ({ status: { allocatable: { cpu: "4", memory: "32Gi", pods: "110", "foo.com/bar": "1" } } }))
    },
    before: [],
    measured: makePods("pod", 5000, asking({ cpu: "100m", memory: "500Mi", "foo.com/bar": "1" }))
  }),
  () => ({
    name: "SchedulingDaemonset/15000Nodes",
    threshold: 1100,
    cluster: { nodes: makeNodes(15_000) },
    before: [],
    measured: makePods("pod", 30_000, pinned)
  }),
  () => ({
    name: "SchedulingSecrets/5000Nodes_10000Pods",
    threshold: 790,
    cluster: { nodes: makeNodes(5000) },
    before: makePods("init", 5000, { volumes: [{ name: "secret", secret: { secretName: "secret" } }] }),
    measured: makePods("pod", 10_000, { volumes: [{ name: "secret", secret: { secretName: "secret" } }] })
  }),
  () => ({
    name: "SchedulingInTreePVs/5000Nodes_2000Pods",
    threshold: 290,
    cluster: { nodes: makeNodes(5000), ...claimed(2000, (index) => ({ awsElasticBlockStore: { volumeID: `vol-${index}` } })) },
    before: [],
    measured: makePods("pod", 2000, withClaim)
  }),
  ...(
    [
      ["SchedulingMigratedInTreePVs", (volumeID: string) => ({ awsElasticBlockStore: { volumeID } })],
      ["SchedulingCSIPVs", (volumeHandle: string) => ({ csi: { driver: "ebs.csi.aws.com", volumeHandle } })]
    ] as const
  ).map(([name, source]) => () => ({
    name: `${name}/5000Nodes_5000Pods`,
    threshold: 100,
    cluster: { nodes: makeNodes(5000), csiNodes: csiNodes(5000), ...claimed(5000, (index) => source(`vol-${index}`)) },
    before: [],
    measured: makePods("pod", 5000, withClaim)
  }))
]
