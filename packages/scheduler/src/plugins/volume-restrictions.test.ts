/** VolumeRestrictions: disks for one pod at a time, claims for one pod only. @module */
import { describe, expect, test } from "bun:test"
import type { Volume } from "@tsukube/api/core-v1"
import { makePlanner } from "../embed.ts"
import { claim, node, on, outcome, pod, using, volume } from "../testing/cases.ts"

describe("VolumeRestrictions", () => {
  const disk = (name: string, of: Omit<Volume, "name">) => pod(name, { volumes: [{ name: "d", ...of }] })
  const gce = (pdName: string, readOnly = false) => ({ gcePersistentDisk: { pdName, readOnly } })
  const aws = (volumeID: string) => ({ awsElasticBlockStore: { volumeID } })
  const iscsi = (iqn: string, readOnly = false) => ({ iscsi: { targetPortal: "h", lun: 0, iqn, readOnly } })
  const rbd = (image: string, monitors: ReadonlyArray<string>, readOnly = false) => ({ rbd: { image, monitors, readOnly } })
  const refused = "1 node(s) had no available disk"
  const cases: ReadonlyArray<
    readonly [name: string, held: Omit<Volume, "name">, wanted: Omit<Volume, "name">, expected: string]
  > = [
    ["no disks", { emptyDir: {} }, { emptyDir: {} }, "a"],
    ["a GCE disk in use", gce("x"), gce("x"), refused],
    ["another GCE disk", gce("x"), gce("y"), "a"],
    ["a GCE disk that both only read", gce("x", true), gce("x", true), "a"],
    ["a GCE disk that one of them writes", gce("x", true), gce("x"), refused],
    ["an EBS volume in use", aws("x"), aws("x"), refused],
    ["another EBS volume", aws("x"), aws("y"), "a"],
    ["an iSCSI target in use", iscsi("x"), iscsi("x"), refused],
    ["an iSCSI target that both only read", iscsi("x", true), iscsi("x", true), "a"],
    ["an RBD image by one of its monitors", rbd("i", ["m", "n"]), rbd("i", ["n"]), refused],
    ["an RBD image of other monitors", rbd("i", ["m"]), rbd("i", ["n"]), "a"],
    ["another RBD image", rbd("i", ["m"]), rbd("j", ["m"]), "a"],
    ["an RBD image that both only read", rbd("i", ["m"], true), rbd("i", ["m"], true), "a"]
  ]
  for (const [name, held, wanted, expected] of cases)
    test(name, () => expect(outcome({ nodes: [node("a")], pods: [on("a", disk("x", held)), disk("p", wanted)] })).toBe(expected))

  const exclusive = {
    nodes: [node("a"), node("b")],
    persistentVolumeClaims: [claim("x", { volumeName: "v", accessModes: ["ReadWriteOncePod"] }, "Bound")],
    persistentVolumes: [volume("v", { accessModes: ["ReadWriteOncePod"] })]
  }
  const holder = on("a", { ...using("x"), metadata: { name: "q", uid: "q", namespace: "default" } })
  test("a claim for one pod only, free", () => expect(outcome({ ...exclusive, pods: [using("x")] })).toBe("a"))
  test("a claim for one pod only, in use, is in use everywhere", () =>
    expect(outcome({ ...exclusive, pods: [holder, using("x")] })).toBe(
      "2 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"
    ))
  test("a claim of the same name in another namespace is another one", () => {
    const elsewhere = { ...holder, metadata: { ...holder.metadata, namespace: "other" } }
    expect(outcome({ ...exclusive, nodes: [node("a")], pods: [elsewhere, using("x")] })).toBe("a")
  })
  test("a more important pod may take it over", () => {
    const preemptor = using("x")
    const important = { ...preemptor, spec: { containers: [], ...preemptor.spec, priority: 10 } }
    expect(makePlanner({ ...exclusive, pods: [holder] }).decide(important)).toMatchObject({
      type: "refused",
      nominatedNode: "a",
      victims: [{ uid: "q" }]
    })
  })
})
