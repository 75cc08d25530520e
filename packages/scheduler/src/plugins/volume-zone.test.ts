/** VolumeZone: volumes with zone labels. @module */
import { describe, expect, test } from "bun:test"
import type { Node } from "@tsukube/api/core-v1"
import { claim, type Labels, node, outcome, using, volume } from "../testing/cases.ts"

describe("VolumeZone", () => {
  const zone = "topology.kubernetes.io/zone"
  const region = "topology.kubernetes.io/region"
  const oldZone = "failure-domain.beta.kubernetes.io/zone"
  const zoned = [node("a", { [zone]: "a", [region]: "r" }), node("b", { [zone]: "b", [region]: "r" })]
  const refused = (count: number): string => `${count} node(s) had no available volume zone`
  const cases: ReadonlyArray<readonly [name: string, nodes: ReadonlyArray<Node>, labels: Labels, expected: string]> = [
    ["no labels", zoned, {}, "a"],
    ["zone b", zoned, { [zone]: "b" }, "b"],
    ["a zone of nobody", zoned, { [zone]: "z" }, refused(2)],
    ["one of several zones", zoned, { [zone]: "z__b" }, "b"],
    ["zone and region hold together", zoned, { [zone]: "b", [region]: "elsewhere" }, refused(2)],
    ["the former name of the label on the volume", zoned, { [oldZone]: "b" }, "b"],
    ["the former name on the node", [node("b", { [oldZone]: "b" })], { [zone]: "b" }, "b"],
    ["nodes without zones take every volume", [node("bare")], { [zone]: "z" }, "bare"]
  ]
  for (const [name, nodes, labels, expected] of cases)
    test(name, () =>
      expect(
        outcome({
          nodes,
          pods: [using("x")],
          persistentVolumeClaims: [claim("x", { volumeName: "v" }, "Bound")],
          persistentVolumes: [volume("v", {}, labels)]
        })
      ).toBe(expected)
    )
})
