/** ImageLocality: nodes that have the images already. @module */
import { describe, expect, test } from "bun:test"
import type { Node } from "@tsukube/api/core-v1"
import { node, pod, scoresOf } from "../testing/cases.ts"

const mebi = 1024 * 1024
const having = (name: string, images: Readonly<Record<string, number>>): Node => {
  const made = node(name)
  const all = Object.entries(images).map(([image, size]) => ({ names: [image], sizeBytes: size * mebi }))
  return { ...made, status: { ...made.status, images: all } }
}
const running = (...images: ReadonlyArray<string>) =>
  pod("p", { containers: images.map((image, index) => ({ name: `c${index}`, image })) })

describe("ImageLocality", () => {
  const none = { a: undefined, b: undefined }
  const cases: ReadonlyArray<
    readonly [
      name: string,
      a: Readonly<Record<string, number>>,
      b: Readonly<Record<string, number>>,
      images: ReadonlyArray<string>,
      expected: Readonly<Record<string, number | undefined>>
    ]
  > = [
    ["nobody has it: not ranked", {}, {}, ["x"], none],
    // One of two nodes: half of 1023 MiB; (511.5 - 23) / (1000 - 23).
    ["one node has it: it counts by the share of nodes that have it", { "x:latest": 1023 }, {}, ["x"], { a: 50, b: 0 }],
    ["all have it", { "x:latest": 1000 }, { "x:latest": 1000 }, ["x"], { a: 100, b: 100 }],
    ["more than 1000 MiB is no better", { "x:latest": 9000 }, { "x:latest": 1000 }, ["x"], { a: 100, b: 100 }],
    ["small images count for nothing", { "x:latest": 40 }, {}, ["x"], { a: 0, b: 0 }],
    ["the tag matters", { "x:1": 1000 }, { "x:2": 1000 }, ["x:2"], { a: 0, b: 48 }],
    ["a registry's port is no tag", { "host:5000/x:latest": 1000 }, {}, ["host:5000/x"], { a: 48, b: 0 }],
    // Two containers: (500 + 500 - 23) / (2000 - 23).
    ["images add up, over as many containers", { "x:latest": 1000, "y:latest": 1000 }, {}, ["x", "y"], { a: 49, b: 0 }],
    ["containers without an image", {}, {}, [""], none]
  ]
  for (const [name, a, b, images, expected] of cases)
    test(name, () =>
      expect(scoresOf("ImageLocality", { nodes: [having("a", a), having("b", b)], pods: [] }, running(...images))).toEqual(
        expected
      )
    )
})
