/** Tables of good and bad cases for the plugins that look at volumes, devices, strategies and wishes. @module */
import { describe, expect, test } from "bun:test"
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod } from "@tsukube/api/core-v1"
import { makePlanner, type PlanInput, plan } from "./embed.ts"
import type { Plugin } from "./plugin.ts"
import { pluginFactories } from "./plugin-registry.ts"

type Spec = Partial<NonNullable<Pod["spec"]>>
type Labels = Record<string, string>

const node = (name: string, labels: Labels = {}, allocatable: Labels = {}, spec: Node["spec"] = {}): Node => ({
  metadata: { name, labels: { "kubernetes.io/hostname": name, ...labels } },
  spec,
  status: { allocatable: { cpu: "4", memory: "8Gi", pods: "110", ...allocatable } }
})
const pod = (name: string, spec: Spec = {}, labels: Labels = {}): Pod => ({
  metadata: { name, uid: name, namespace: "default", labels },
  spec: { containers: [{ name: "c" }], ...spec }
})
const on = (nodeName: string, each: Pod): Pod => ({ ...each, spec: { containers: [], ...each.spec, nodeName } })
const cpu = (amount: string, more: Labels = {}): Spec => ({
  containers: [{ name: "c", resources: { requests: { cpu: amount, ...more } } }]
})

/** Where the last pod goes, or the first sentence of why nowhere. */
const outcome = (input: PlanInput, plugins?: ReadonlyArray<Plugin>): string => {
  const { decision } = plan(input, plugins === undefined ? {} : { plugins }).at(-1)!
  return decision.type === "placed"
    ? decision.nodeName
    : (decision.message.split(". ")[0] ?? "").replace(/^.*available: /, "").replace(/\.$/, "")
}

const claim = (
  name: string,
  more: Partial<NonNullable<PersistentVolumeClaim["spec"]>> = {},
  status = "Pending"
): PersistentVolumeClaim => ({
  metadata: {
    name,
    namespace: "default",
    ...(status === "Bound" ? { annotations: { "pv.kubernetes.io/bind-completed": "yes" } } : {})
  },
  spec: { accessModes: ["ReadWriteOnce"], storageClassName: "late", resources: { requests: { storage: "1Gi" } }, ...more },
  status: { phase: status as "Pending" | "Bound" | "Lost" }
})
const volume = (
  name: string,
  more: Partial<NonNullable<PersistentVolume["spec"]>> = {},
  labels: Labels = {}
): PersistentVolume => ({
  metadata: { name, labels },
  spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], storageClassName: "late", ...more }
})
const only = (nodeName: string): Partial<NonNullable<PersistentVolume["spec"]>> => ({
  nodeAffinity: {
    required: {
      nodeSelectorTerms: [{ matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [nodeName] }] }]
    }
  }
})
const using = (...names: ReadonlyArray<string>): Pod =>
  pod("p", { volumes: names.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } })) })
const late = {
  metadata: { name: "late" },
  provisioner: "kubernetes.io/no-provisioner",
  volumeBindingMode: "WaitForFirstConsumer" as const
}
const made = { ...late, provisioner: "csi.example.com" }
const nodes = [node("a", { zone: "a" }), node("b", { zone: "b" })]
const capacity = (zone: string, amount: string) => ({
  metadata: { name: zone },
  storageClassName: "late",
  capacity: amount,
  nodeTopology: { matchLabels: { zone } }
})
const driver = { metadata: { name: "csi.example.com" }, spec: { storageCapacity: true } }

describe("VolumeBinding", () => {
  const cases: ReadonlyArray<readonly [name: string, input: Omit<PlanInput, "nodes">, expected: string]> = [
    ["no such claim", { pods: [using("x")] }, 'persistentvolumeclaim "x" not found'],
    [
      "lost",
      { pods: [using("x")], persistentVolumeClaims: [claim("x", { volumeName: "v" }, "Lost")] },
      'persistentvolumeclaim "x" bound to non-existent persistentvolume "v"'
    ],
    [
      "immediate and unbound",
      { pods: [using("x")], persistentVolumeClaims: [claim("x", { storageClassName: "now" })] },
      "pod has unbound immediate PersistentVolumeClaims"
    ],
    [
      "bound to a volume of one node",
      {
        pods: [using("x")],
        persistentVolumeClaims: [claim("x", { volumeName: "v" }, "Bound")],
        persistentVolumes: [volume("v", only("b"))]
      },
      "b"
    ],
    [
      "bound, volume elsewhere",
      {
        pods: [using("x")],
        persistentVolumeClaims: [claim("x", { volumeName: "v" }, "Bound")],
        persistentVolumes: [volume("v", only("z"))]
      },
      "2 node(s) didn't match PersistentVolume's node affinity"
    ],
    [
      "bound, volume gone",
      { pods: [using("x")], persistentVolumeClaims: [claim("x", { volumeName: "v" }, "Bound")] },
      "2 node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"
    ],
    [
      "a ready volume on one node",
      {
        pods: [using("x")],
        persistentVolumeClaims: [claim("x")],
        persistentVolumes: [volume("v", only("b"))],
        storageClasses: [late]
      },
      "b"
    ],
    [
      "a ready volume that is too small",
      {
        pods: [using("x")],
        persistentVolumeClaims: [claim("x")],
        persistentVolumes: [volume("v", { capacity: { storage: "1Mi" } })],
        storageClasses: [late]
      },
      "2 node(s) didn't find available persistent volumes to bind"
    ],
    [
      "a ready volume of somebody else",
      {
        pods: [using("x")],
        persistentVolumeClaims: [claim("x")],
        persistentVolumes: [volume("v", { claimRef: { namespace: "default", name: "y" } })],
        storageClasses: [late]
      },
      "2 node(s) didn't find available persistent volumes to bind"
    ],
    [
      "one volume for two claims",
      {
        pods: [using("x", "y")],
        persistentVolumeClaims: [claim("x"), claim("y")],
        persistentVolumes: [volume("v")],
        storageClasses: [late]
      },
      "2 node(s) didn't find available persistent volumes to bind"
    ],
    ["to be made, anywhere", { pods: [using("x")], persistentVolumeClaims: [claim("x")], storageClasses: [made] }, "a"],
    [
      "to be made, in one zone",
      {
        pods: [using("x")],
        persistentVolumeClaims: [claim("x")],
        storageClasses: [{ ...made, allowedTopologies: [{ matchLabelExpressions: [{ key: "zone", values: ["b"] }] }] }]
      },
      "b"
    ],
    [
      "to be made, space in one zone",
      {
        pods: [using("x")],
        persistentVolumeClaims: [claim("x")],
        storageClasses: [made],
        csiDrivers: [driver],
        capacities: [capacity("a", "1Mi"), capacity("b", "2Gi")]
      },
      "b"
    ],
    [
      "to be made, no space",
      {
        pods: [using("x")],
        persistentVolumeClaims: [claim("x")],
        storageClasses: [made],
        csiDrivers: [driver],
        capacities: [capacity("a", "1Mi")]
      },
      "2 node(s) did not have enough free storage"
    ]
  ]
  for (const [name, input, expected] of cases) test(name, () => expect(outcome({ nodes, ...input })).toBe(expected))

  test("what one pod was promised the next does not get", () => {
    const second = { ...using("y"), metadata: { name: "q", namespace: "default" } }
    const input = {
      nodes,
      pods: [using("x"), second],
      persistentVolumeClaims: [claim("x"), claim("y")],
      persistentVolumes: [volume("v")],
      storageClasses: [late]
    }
    expect(outcome(input)).toBe("2 node(s) didn't find available persistent volumes to bind")
  })
})

describe("VolumeZone, VolumeRestrictions, NodeVolumeLimits", () => {
  const zone = "topology.kubernetes.io/zone"
  const zoned = [node("a", { [zone]: "a" }), node("b", { [zone]: "b" })]
  const bound = (modes: NonNullable<PersistentVolumeClaim["spec"]>["accessModes"] = ["ReadWriteOnce"]) => [
    claim("x", { volumeName: "v", accessModes: modes ?? [] }, "Bound")
  ]
  const disk = (name: string, readOnly: boolean): Pod =>
    pod(name, { volumes: [{ name: "d", gcePersistentDisk: { pdName: "disk", readOnly } }] })
  const csi = { csi: { driver: "csi", volumeHandle: "h" } }
  const csiNode = (name: string, count: number) => ({
    metadata: { name },
    spec: { drivers: [{ name: "csi", nodeID: name, allocatable: { count } }] }
  })
  const cases: ReadonlyArray<readonly [name: string, input: PlanInput, expected: string]> = [
    [
      "a volume of zone b",
      {
        nodes: zoned,
        pods: [using("x")],
        persistentVolumeClaims: bound(),
        persistentVolumes: [volume("v", {}, { [zone]: "b" })]
      },
      "b"
    ],
    [
      "a volume of two zones",
      {
        nodes: zoned,
        pods: [using("x")],
        persistentVolumeClaims: bound(),
        persistentVolumes: [volume("v", {}, { [zone]: "z__b" })]
      },
      "b"
    ],
    [
      "a volume of no zone here",
      {
        nodes: zoned,
        pods: [using("x")],
        persistentVolumeClaims: bound(),
        persistentVolumes: [volume("v", {}, { [zone]: "z" })]
      },
      "2 node(s) had no available volume zone"
    ],
    [
      "a disk in use",
      { nodes: [node("a")], pods: [on("a", disk("x", false)), disk("p", false)] },
      "1 node(s) had no available disk"
    ],
    ["a disk read by both", { nodes: [node("a")], pods: [on("a", disk("x", true)), disk("p", true)] }, "a"],
    [
      "a claim for one pod only, in use",
      {
        nodes,
        pods: [on("a", { ...using("x"), metadata: { name: "q", namespace: "default" } }), using("x")],
        persistentVolumeClaims: bound(["ReadWriteOncePod"]),
        persistentVolumes: [volume("v")]
      },
      "2 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"
    ],
    [
      "a claim for one pod only, free",
      { nodes, pods: [using("x")], persistentVolumeClaims: bound(["ReadWriteOncePod"]), persistentVolumes: [volume("v")] },
      "a"
    ],
    [
      "room for a volume on one node",
      {
        nodes,
        pods: [using("x")],
        persistentVolumeClaims: bound(),
        persistentVolumes: [volume("v", csi)],
        csiNodes: [csiNode("a", 0), csiNode("b", 1)]
      },
      "b"
    ],
    [
      "no room for a volume",
      {
        nodes,
        pods: [using("x")],
        persistentVolumeClaims: bound(),
        persistentVolumes: [volume("v", csi)],
        csiNodes: [csiNode("a", 0), csiNode("b", 0)]
      },
      "2 node(s) exceed max volume count"
    ]
  ]
  for (const [name, input, expected] of cases) test(name, () => expect(outcome(input)).toBe(expected))
})

describe("DynamicResources", () => {
  const device = (name: string, model: string) => ({
    name,
    attributes: { model: { string: model } },
    capacity: { memory: { value: "8Gi" } }
  })
  const slice = (nodeName: string, ...devices: ReadonlyArray<ReturnType<typeof device>>) => ({
    metadata: { name: nodeName },
    spec: { driver: "gpu.example.com", nodeName, pool: { name: nodeName, generation: 1, resourceSliceCount: 1 }, devices }
  })
  const resourceClaim = (name: string, expression?: string, count = 1) => ({
    metadata: { name, namespace: "default" },
    spec: {
      devices: {
        requests: [
          {
            name: "gpu",
            exactly: {
              deviceClassName: "gpu",
              count,
              ...(expression === undefined ? {} : { selectors: [{ cel: { expression } }] })
            }
          }
        ]
      }
    }
  })
  const deviceClasses = [
    { metadata: { name: "gpu" }, spec: { selectors: [{ cel: { expression: 'device.driver == "gpu.example.com"' } }] } }
  ]
  const wants = (name: string, claimName: string): Pod =>
    pod(name, { resourceClaims: [{ name: "r", resourceClaimName: claimName }] })
  const resourceSlices = [slice("a", device("g0", "small")), slice("b", device("g0", "large"))]
  const here = { nodes, deviceClasses, resourceSlices }
  const cases: ReadonlyArray<readonly [name: string, input: PlanInput, expected: string]> = [
    ["any device", { ...here, pods: [wants("p", "x")], resourceClaims: [resourceClaim("x")] }, "a"],
    [
      "by attribute",
      {
        ...here,
        pods: [wants("p", "x")],
        resourceClaims: [resourceClaim("x", 'device.attributes["gpu.example.com"].model == "large"')]
      },
      "b"
    ],
    [
      "by capacity",
      {
        ...here,
        pods: [wants("p", "x")],
        resourceClaims: [resourceClaim("x", 'device.capacity["gpu.example.com"].memory.compareTo(quantity("16Gi")) >= 0')]
      },
      "2 cannot allocate all claims"
    ],
    [
      "too many",
      { ...here, pods: [wants("p", "x")], resourceClaims: [resourceClaim("x", undefined, 2)] },
      "2 cannot allocate all claims"
    ],
    [
      "the second takes the other one",
      { ...here, pods: [wants("p", "x"), wants("q", "y")], resourceClaims: [resourceClaim("x"), resourceClaim("y")] },
      "b"
    ],
    [
      "the third gets none",
      {
        ...here,
        pods: ["x", "y", "z"].map((name) => wants(name, name)),
        resourceClaims: ["x", "y", "z"].map((name) => resourceClaim(name))
      },
      "2 cannot allocate all claims"
    ],
    ["no such claim", { ...here, pods: [wants("p", "x")] }, 'resourceclaim "x" not found'],
    [
      "no such class",
      { nodes, pods: [wants("p", "x")], resourceClaims: [resourceClaim("x")] },
      'resourceclaim "x": request gpu: device class gpu does not exist'
    ],
    [
      "a selector that cannot be read",
      { ...here, pods: [wants("p", "x")], resourceClaims: [resourceClaim("x", "device.color ==")] },
      `resourceclaim "x": request gpu: CEL expression: undefined field 'color'`
    ]
  ]
  for (const [name, input, expected] of cases) test(name, () => expect(outcome(input)).toBe(expected))
})

describe("NodeResourcesFit strategies", () => {
  const made = (args: object): ReadonlyArray<Plugin> => [pluginFactories["NodeResourcesFit"]!(args as Record<string, unknown>)]
  const shape = [
    { utilization: 0, score: 0 },
    { utilization: 50, score: 10 },
    { utilization: 100, score: 0 }
  ]
  const input = {
    nodes: [node("empty"), node("half"), node("full")],
    pods: [
      on("half", pod("x", cpu("1500m", { memory: "1Gi" }))),
      on("full", pod("y", cpu("3", { memory: "7Gi" }))),
      pod("p", cpu("500m", { memory: "100Mi" }))
    ]
  }
  const cases: ReadonlyArray<readonly [strategy: object, expected: string]> = [
    [{}, "empty"],
    [{ type: "MostAllocated" }, "full"],
    [{ type: "RequestedToCapacityRatio", requestedToCapacityRatio: { shape }, resources: [{ name: "cpu", weight: 1 }] }, "half"]
  ]
  for (const [scoringStrategy, expected] of cases)
    test(JSON.stringify(scoringStrategy), () => expect(outcome(input, made({ scoringStrategy }))).toBe(expected))

  test("ignored resources are not looked at", () => {
    const wants = { nodes: [node("a")], pods: [pod("p", cpu("1", { "example.com/x": "1" }))] }
    expect(outcome(wants, made({}))).toBe("1 Insufficient example.com/x")
    expect(outcome(wants, made({ ignoredResources: ["example.com/x"] }))).toBe("a")
    expect(outcome(wants, made({ ignoredResourceGroups: ["example.com"] }))).toBe("a")
  })
})

describe("PodTopologySpread", () => {
  const zoned = [node("a1", { zone: "a" }), node("a2", { zone: "a" }), node("b1", { zone: "b" })]
  const spread = (more: object = {}): Spec => ({
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: "zone",
        whenUnsatisfiable: "DoNotSchedule",
        labelSelector: { matchLabels: { app: "web" } },
        ...more
      }
    ]
  })
  const web = (name: string, spec: Spec = {}, labels: Labels = {}): Pod => pod(name, spec, { app: "web", ...labels })
  const tainted = node("c1", { zone: "c" }, {}, { taints: [{ key: "k", effect: "NoSchedule" }] })
  const skewed = "didn't match pod topology spread constraints"
  const cases: ReadonlyArray<readonly [name: string, input: PlanInput, expected: string]> = [
    ["the emptier zone", { nodes: zoned, pods: [on("a1", web("x")), web("p", spread())] }, "b1"],
    [
      "minDomains: zones that are missing count as empty",
      { nodes: zoned, pods: [on("a1", web("x")), on("b1", web("y")), web("p", spread({ minDomains: 3 }))] },
      `3 node(s) ${skewed}`
    ],
    [
      "nodeTaintsPolicy Ignore: the tainted zone counts",
      { nodes: [...zoned, tainted], pods: [on("a1", web("x")), on("b1", web("y")), web("p", spread())] },
      `1 node(s) had untolerated taint(s), 3 node(s) ${skewed}`
    ],
    [
      "nodeTaintsPolicy Honor: it does not",
      {
        nodes: [...zoned, tainted],
        pods: [on("a1", web("x")), on("b1", web("y")), web("p", spread({ nodeTaintsPolicy: "Honor" }))]
      },
      "a2"
    ],
    [
      "nodeAffinityPolicy Honor: other zones do not count",
      { nodes: zoned, pods: [on("a1", web("x")), web("p", { ...spread(), nodeSelector: { zone: "a" } })] },
      "a2"
    ],
    [
      "nodeAffinityPolicy Ignore: they do",
      {
        nodes: zoned,
        pods: [on("a1", web("x")), web("p", { ...spread({ nodeAffinityPolicy: "Ignore" }), nodeSelector: { zone: "a" } })]
      },
      `1 node(s) didn't match Pod's node affinity/selector, 2 node(s) ${skewed}`
    ],
    [
      "matchLabelKeys: only pods of the same version",
      {
        nodes: zoned,
        pods: [
          on("b1", web("x", {}, { version: "1" })),
          on("a1", web("y", {}, { version: "2" })),
          web("p", spread({ matchLabelKeys: ["version"] }), { version: "2" })
        ]
      },
      "b1"
    ]
  ]
  for (const [name, input, expected] of cases) test(name, () => expect(outcome(input)).toBe(expected))
})

describe("InterPodAffinity", () => {
  const zoned = [node("a", { zone: "a" }), node("b", { zone: "b" })]
  const affine = (kind: "podAffinity" | "podAntiAffinity", more: object = {}): Spec => ({
    affinity: {
      [kind]: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { topologyKey: "zone", labelSelector: { matchLabels: { app: "web" } }, ...more }
        ]
      }
    }
  })
  const other = {
    ...on("b", pod("x", {}, { app: "web", version: "1" })),
    metadata: { name: "x", uid: "x", namespace: "other", labels: { app: "web", version: "1" } }
  }
  const namespaces = { other: { team: "red" } }
  const near = "2 node(s) didn't match pod affinity rules"
  const cases: ReadonlyArray<readonly [name: string, input: PlanInput, expected: string]> = [
    ["other namespaces do not count", { nodes: zoned, pods: [other, pod("p", affine("podAffinity"))] }, near],
    ["named ones do", { nodes: zoned, pods: [other, pod("p", affine("podAffinity", { namespaces: ["other"] }))] }, "b"],
    [
      "selected ones do",
      {
        nodes: zoned,
        namespaces,
        pods: [other, pod("p", affine("podAffinity", { namespaceSelector: { matchLabels: { team: "red" } } }))]
      },
      "b"
    ],
    [
      "others are not selected",
      {
        nodes: zoned,
        namespaces,
        pods: [other, pod("p", affine("podAffinity", { namespaceSelector: { matchLabels: { team: "blue" } } }))]
      },
      near
    ],
    [
      "an empty selector means all",
      { nodes: zoned, pods: [other, pod("p", affine("podAffinity", { namespaceSelector: {} }))] },
      "b"
    ],
    [
      "matchLabelKeys: another version",
      {
        nodes: zoned,
        pods: [other, pod("p", affine("podAffinity", { namespaces: ["other"], matchLabelKeys: ["version"] }), { version: "2" })]
      },
      near
    ],
    [
      "mismatchLabelKeys: away from other versions only",
      {
        nodes: zoned,
        pods: [
          on("a", pod("y", {}, { app: "web", version: "2" })),
          pod("p", affine("podAntiAffinity", { mismatchLabelKeys: ["version"] }), { app: "web", version: "1" })
        ]
      },
      "b"
    ]
  ]
  for (const [name, input, expected] of cases) test(name, () => expect(outcome(input)).toBe(expected))
})

describe("the planner", () => {
  test("takes back what happened since a fork", () => {
    const planner = makePlanner({ nodes: [node("a")], pods: [] })
    planner.snapshot.fork()
    expect(planner.place(pod("x", cpu("3"))).type).toBe("placed")
    expect(planner.decide(pod("y", cpu("2"))).type).toBe("refused")
    planner.snapshot.fork()
    planner.snapshot.setNode(node("b"))
    expect(planner.decide(pod("y", cpu("2")))).toMatchObject({ nodeName: "b" })
    planner.snapshot.commit()
    expect(planner.decide(pod("y", cpu("2")))).toMatchObject({ nodeName: "b" })
    planner.snapshot.revert()
    expect(planner.decide(pod("y", cpu("4")))).toMatchObject({ nodeName: "a" })
    expect([...planner.snapshot.nodes.keys()]).toEqual(["a"])
  })

  test("explains every node, and counts how many more fit", () => {
    const planner = makePlanner({ nodes: [node("a"), node("b", {}, { cpu: "1" })], pods: [] })
    const { nodes: told } = planner.explain(pod("x", cpu("2")))
    expect(told).toMatchObject([
      { name: "a", fits: true },
      { name: "b", fits: false, plugin: "NodeResourcesFit", reasons: ["Insufficient cpu"] }
    ])
    expect(planner.howManyMore(pod("x", cpu("500m")))).toBe(10)
    expect(planner.howManyMore(pod("x", cpu("500m")), 3)).toBe(3)
    expect(planner.snapshot.nodes.get("a")?.pods.size).toBe(0)
  })

  const term = (more: object) =>
    ({ affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [more] } } }) as unknown as Spec
  const bad: ReadonlyArray<readonly [spec: Spec, message: string]> = [
    [cpu("-1"), 'spec.containers[0].resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
    [cpu("lots"), "spec.containers[0].resources.requests[cpu]: Invalid value"],
    [
      term({ topologyKey: "" }),
      "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value"
    ],
    [
      term({ topologyKey: "zone", labelSelector: { matchExpressions: [{ key: "a", operator: "Near" }] } }),
      "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: Invalid value"
    ],
    [
      { topologySpreadConstraints: [{ maxSkew: 0, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule" }] },
      "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero"
    ],
    [{ containers: "none" } as unknown as Spec, 'spec.containers: Invalid value: "none": must be a list']
  ]
  for (const [spec, message] of bad) {
    test(`refuses ${JSON.stringify(spec).slice(0, 60)}`, () => {
      const { decision } = plan({ nodes, pods: [pod("p", spec)] })[0]!
      expect(decision.type).toBe("invalid")
      expect(decision.type === "invalid" && decision.message).toContain(message)
    })
  }

  test("says which node cannot be read, and lives with 10,000 taints", () => {
    expect(() => plan({ nodes: [node("a", {}, { cpu: "-1" })], pods: [] })).toThrow(
      "nodes[0].status.allocatable[cpu]: Invalid value"
    )
    const taints = Array.from({ length: 10_000 }, (_, index) => ({ key: `k${index}`, effect: "NoSchedule" as const }))
    expect(outcome({ nodes: [node("a", {}, {}, { taints })], pods: [pod("p")] })).toBe("1 node(s) had untolerated taint(s)")
    expect(
      outcome({
        nodes,
        pods: [
          pod("p", {
            nodeSelector: { zone: "a" },
            ...{
              affinity: {
                nodeAffinity: {
                  requiredDuringSchedulingIgnoredDuringExecution: {
                    nodeSelectorTerms: [{ matchExpressions: [{ key: "zone", operator: "In", values: ["b"] }] }]
                  }
                }
              }
            }
          })
        ]
      })
    ).toBe("2 node(s) didn't match Pod's node affinity/selector")
  })
})
