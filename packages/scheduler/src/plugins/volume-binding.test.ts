/** VolumeBinding: where volumes are, or can be made. @module */
import { describe, expect, test } from "bun:test"
import type { PlanInput } from "../embed.ts"
import { claim, node, only, outcome, using, volume } from "../testing/cases.ts"

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
