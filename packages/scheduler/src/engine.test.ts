/** The fast cycle equals the slow and obvious one, on random clusters, pods and events. @module */
import { describe, expect, test } from "bun:test"
import { type Decision, filterNodes, type Nominated, schedule, scoreNodes } from "./cycle.ts"
import { defaultPlugins } from "./default-plugins.ts"
import { Engine } from "./engine.ts"
import type { Plugin } from "./plugin.ts"
import { podInfo, Snapshot } from "./snapshot.ts"
import { Maker } from "./testing/random-cluster.ts"
import { referenceAffinity } from "./testing/reference-affinity.ts"
import { referenceSpread } from "./testing/reference-spread.ts"

/** Default plugins with the counting ones in their slow form, and nothing shared. */
const reference: ReadonlyArray<Plugin> = defaultPlugins.map((plugin) => {
  if (plugin.name === "InterPodAffinity") return referenceAffinity
  return plugin.name === "PodTopologySpread" ? referenceSpread : plugin
})

const cases = Number(process.env["SCHEDULER_CASES"] ?? 10_000)
const podsPerCluster = 25

const groupOf: Snapshot["groupOf"] = ({ labels }) =>
  labels["app"] === "none" ? undefined : { signature: `app=${labels["app"]}`, matches: (other) => other["app"] === labels["app"] }

const totalsOf = (nodes: ReadonlyArray<{ readonly name: string }>, totals: ArrayLike<number>): unknown =>
  Object.fromEntries(nodes.map(({ name }, index) => [name, totals[index]] as const).sort(([a], [b]) => (a < b ? -1 : 1)))

const applyEvent = (maker: Maker, snapshot: Snapshot, nodeCount: number, placed: Array<string>): void => {
  const event = maker.below(12)
  const name = `n${maker.below(nodeCount)}`
  if (event === 0) snapshot.setNode(maker.node(name))
  else if (event === 1 && snapshot.nodes.size > 1) snapshot.removeNode(name)
  else if (event <= 4 && placed.length > 0) snapshot.removePod(placed.splice(maker.below(placed.length), 1)[0]!)
  else if (event === 5) snapshot.setNamespace(maker.pick(["default", "other"]), { team: maker.pick(["red", "blue"]) })
}

const check = (seed: number): void => {
  const maker = new Maker(seed)
  const snapshot = new Snapshot()
  snapshot.groupOf = groupOf
  const nodeCount = 2 + maker.below(7)
  for (let index = 0; index < nodeCount; index++) snapshot.setNode(maker.node(`n${index}`))
  const engine = new Engine(snapshot, defaultPlugins)
  const placed: Array<string> = []
  const nominated: Array<Nominated> = []
  for (let round = 0; round < podsPerCluster; round++) {
    applyEvent(maker, snapshot, nodeCount, placed)
    const info = podInfo(maker.pod())
    const { feasible } = filterNodes(info, snapshot, reference)
    const expected = totalsOf(feasible, scoreNodes(info, feasible, snapshot, reference))
    const ranked = engine.rank(info)
    if (ranked !== undefined) expect([seed, round, totalsOf(ranked.nodes, ranked.totals)]).toEqual([seed, round, expected])
    const live = maker.maybe(0.3) ? nominated : []
    const slow = schedule(info, snapshot, reference, () => 0, live)
    const fast = engine.schedule(info, () => maker.random(), live)
    expectAlike(slow, fast, [seed, round], live.length === 0)
    if (fast.type === "placed") {
      const best = Math.max(...Object.values(expected as Record<string, number>))
      const own = (expected as Record<string, number>)[fast.nodeName]
      if (live.length === 0) expect([seed, round, own]).toEqual([seed, round, best])
      snapshot.addPod(info, fast.nodeName)
      placed.push(info.uid)
    } else if (fast.nominatedNode !== undefined && nominated.length < 3) nominated.push({ info, nodeName: fast.nominatedNode })
  }
}

const expectAlike = (slow: Decision, fast: Decision, where: unknown, countsNodes: boolean): void => {
  const essence = (decision: Decision) =>
    decision.type === "placed"
      ? countsNodes && decision.feasible
      : [decision.message, decision.nominatedNode, [...decision.plugins].sort()]
  expect([where, essence(fast)]).toEqual([where, essence(slow)])
}

describe("the fast cycle", () => {
  test(`finds the same nodes and gives the same scores as the slow one in ${cases} random cases`, () => {
    for (let seed = 1; seed <= cases / podsPerCluster; seed++) check(seed)
  }, 300_000)
})
