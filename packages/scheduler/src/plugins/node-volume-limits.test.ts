/** NodeVolumeLimits: how many volumes of a driver a node attaches. @module */
import { describe, expect, test } from "bun:test"
import type { Pod } from "@tsukube/api/core-v1"
import type { CSINode, VolumeAttachment } from "@tsukube/api/storage-v1"
import { claim, node, on, outcome, pod, using, volume } from "../testing/cases.ts"

describe("NodeVolumeLimits", () => {
  const limit = (name: string, counts: Readonly<Record<string, number | undefined>>): CSINode => ({
    metadata: { name },
    spec: {
      drivers: Object.entries(counts).map(([driver, count]) => ({
        name: driver,
        nodeID: name,
        ...(count === undefined ? {} : { allocatable: { count } })
      }))
    }
  })
  const named = (name: string, ...claims: ReadonlyArray<string>): Pod => ({
    ...using(...claims),
    metadata: { name, uid: name, namespace: "default" }
  })
  const holding = (...claims: ReadonlyArray<string>): Pod => on("a", named(`holds-${claims.join("-")}`, ...claims))
  const drivers = { x: "csi", y: "csi", z: "other" }
  const persistentVolumeClaims = [
    ...Object.keys(drivers).map((name) => claim(name, { volumeName: `v${name}` }, "Bound")),
    claim("new")
  ]
  const persistentVolumes = Object.entries(drivers).map(([name, driver]) =>
    volume(`v${name}`, { csi: { driver, volumeHandle: name } })
  )
  const late = { metadata: { name: "late" }, provisioner: "csi", volumeBindingMode: "WaitForFirstConsumer" as const }
  const built = (name: string, ...plugins: ReadonlyArray<string>): CSINode => {
    const node = limit(name, { "ebs.csi.aws.com": 1 })
    const annotations = { "storage.alpha.kubernetes.io/migrated-plugins": plugins.join() }
    return { ...node, metadata: { ...node.metadata, annotations } }
  }
  const ebs = (name: string, ...ids: ReadonlyArray<string>): Pod =>
    pod(name, { volumes: ids.map((volumeID) => ({ name: volumeID, awsElasticBlockStore: { volumeID } })) })
  const attachment = (persistentVolumeName: string, nodeName = "a"): VolumeAttachment => ({
    metadata: { name: persistentVolumeName },
    spec: { attacher: "csi", nodeName, source: { persistentVolumeName } }
  })
  const refused = "1 node(s) exceed max volume count"
  const cases: ReadonlyArray<
    readonly [
      name: string,
      csiNodes: ReadonlyArray<CSINode>,
      held: ReadonlyArray<Pod | VolumeAttachment>,
      wanted: Pod,
      expected: string
    ]
  > = [
    ["no volumes", [limit("a", { csi: 0 })], [], named("p"), "a"],
    ["room for one", [limit("a", { csi: 1 })], [], named("p", "x"), "a"],
    ["no room", [limit("a", { csi: 0 })], [], named("p", "x"), refused],
    ["two wanted, room for one", [limit("a", { csi: 1 })], [], named("p", "x", "y"), refused],
    ["one there already, room for one", [limit("a", { csi: 1 })], [holding("y")], named("p", "x"), refused],
    ["the same volume is attached once", [limit("a", { csi: 1 })], [holding("x")], named("p", "x"), "a"],
    ["each driver counts alone", [limit("a", { csi: 1, other: 1 })], [holding("x")], named("p", "z"), "a"],
    ["another driver's limit", [limit("a", { csi: 5, other: 0 })], [], named("p", "z"), refused],
    ["a driver without a limit", [limit("a", { csi: undefined })], [], named("p", "x", "y"), "a"],
    ["a node that says nothing of its drivers", [], [], named("p", "x", "y"), "a"],
    ["a volume that is still to be made counts", [limit("a", { csi: 1 })], [holding("x")], named("p", "new"), refused],
    ["a volume of a pod that is gone is still attached", [limit("a", { csi: 1 })], [attachment("vx")], named("p", "y"), refused],
    ["the very volume that is still attached", [limit("a", { csi: 1 })], [attachment("vx")], named("p", "x"), "a"],
    ["attached to another node", [limit("a", { csi: 1 })], [attachment("vx", "b")], named("p", "y"), "a"],
    [
      "a built-in volume whose driver was handed over",
      [built("a", "kubernetes.io/aws-ebs")],
      [on("a", ebs("q", "v1"))],
      ebs("p", "v2"),
      refused
    ],
    ["the same volume, written otherwise", [built("a", "kubernetes.io/aws-ebs")], [], ebs("p", "v1", "aws://zone/v1"), "a"],
    [
      "a built-in volume whose driver was not",
      [built("a", "kubernetes.io/gce-pd")],
      [on("a", ebs("q", "v1"))],
      ebs("p", "v2"),
      "a"
    ],
    ["more there than allowed does not concern pods without volumes", [limit("a", { csi: 0 })], [holding("x")], named("p"), "a"]
  ]
  for (const [name, csiNodes, held, wanted, expected] of cases)
    test(name, () =>
      expect(
        outcome({
          nodes: [node("a")],
          pods: [...held.filter((each): each is Pod => !("attacher" in (each.spec ?? {}))), wanted],
          volumeAttachments: held.filter((each): each is VolumeAttachment => "attacher" in (each.spec ?? {})),
          persistentVolumeClaims,
          persistentVolumes,
          storageClasses: [late],
          csiNodes
        })
      ).toBe(expected)
    )
})
