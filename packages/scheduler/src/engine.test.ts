/** The fast cycle equals the slow and obvious one, on random clusters, pods and events. @module */
import { describe, expect, test } from "bun:test"
import { Effect } from "effect"
import { type Decision, filterNodes, type Nominated, schedule, scoreNodes } from "./cycle.ts"
import { defaultPlugins } from "./default-plugins.ts"
import { Engine } from "./engine.ts"
import type { Plugin } from "./plugin.ts"
import { podInfo } from "./pod-info.ts"
import { Snapshot } from "./snapshot.ts"
import { Maker } from "./testing/random-cluster.ts"
import { ObjectMaker } from "./testing/random-objects.ts"
import { referenceAffinity } from "./testing/reference-affinity.ts"
import { referenceDevices } from "./testing/reference-devices.ts"
import { referencePreemption } from "./testing/reference-preemption.ts"
import { referenceSpread } from "./testing/reference-spread.ts"

/** What is counted or kept from pod to pod in the real plugins, in a slow form that looks at everything each time. */
const slowForms: Readonly<Record<string, (real: Plugin) => Plugin>> = {
  InterPodAffinity: () => referenceAffinity,
  PodTopologySpread: () => referenceSpread,
  DynamicResources: referenceDevices,
  DefaultPreemption: () => referencePreemption(() => reference),
  // Node by node, without the columns of limits. The other volume plugins keep nothing: theirs is one form for both.
  NodeVolumeLimits: ({ filterMany: _, addPod: __, removePod: ___, ...filter }) => filter
}
/** Nothing is shared and nothing follows a trial: every question is asked anew. */
const reference: ReadonlyArray<Plugin> = defaultPlugins.map((plugin) => slowForms[plugin.name]?.(plugin) ?? plugin)

const cases = Number(process.env["SCHEDULER_CASES"] ?? 10_000)
const podsPerCluster = 25

const groupOf: Snapshot["groupOf"] = ({ labels }) =>
  labels["app"] === "none" ? undefined : { signature: `app=${labels["app"]}`, matches: (other) => other["app"] === labels["app"] }

const totalsOf = (nodes: ReadonlyArray<{ readonly name: string }>, totals: ArrayLike<number>): unknown =>
  Object.fromEntries(nodes.map(({ name }, index) => [name, totals[index]] as const).sort(([a], [b]) => (a < b ? -1 : 1)))

const applyEvent = (
  maker: Maker,
  objects: ObjectMaker | undefined,
  snapshot: Snapshot,
  nodeNames: ReadonlyArray<string>,
  placed: Array<string>
): void => {
  const event = maker.below(12)
  const name = maker.pick(nodeNames)
  if (event === 0) snapshot.setNode(maker.node(name))
  else if (event === 1 && snapshot.nodes.size > 1) snapshot.removeNode(name)
  else if (event <= 4 && placed.length > 0) snapshot.removePod(placed.splice(maker.below(placed.length), 1)[0]!)
  else if (event === 5) snapshot.setNamespace(maker.pick(["default", "other"]), { team: maker.pick(["red", "blue"]) })
  else if (event === 6) objects?.change(nodeNames)
}

const check = (seed: number): void => {
  const maker = new Maker(seed)
  const snapshot = new Snapshot()
  snapshot.groupOf = groupOf
  const nodeNames = Array.from({ length: 2 + maker.below(7) }, (_, index) => `n${index}`)
  for (const name of nodeNames) snapshot.setNode(maker.node(name))
  // Every other cluster has volumes, devices and budgets, too.
  const objects = seed % 2 === 0 ? new ObjectMaker(maker, snapshot) : undefined
  objects?.fill(nodeNames)
  const engine = new Engine(snapshot, defaultPlugins)
  const placed: Array<string> = []
  const nominated: Array<Nominated> = []
  for (let round = 0; round < podsPerCluster; round++) {
    applyEvent(maker, objects, snapshot, nodeNames, placed)
    const made = maker.pod()
    const info = podInfo(objects?.adorn(made) ?? made)
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
      for (const plugin of defaultPlugins)
        expect(plugin.reserve?.(info, fast.nodeName, { snapshot, run: Effect.runPromise })).toBeUndefined()
      snapshot.addPod(info, fast.nodeName)
      placed.push(info.uid)
    } else if (fast.nominatedNode !== undefined && nominated.length < 3) nominated.push({ info, nodeName: fast.nominatedNode })
  }
}

const expectAlike = (slow: Decision, fast: Decision, where: unknown, countsNodes: boolean): void => {
  const essence = (decision: Decision) =>
    decision.type === "placed"
      ? countsNodes && decision.feasible
      : [decision.message, decision.nominatedNode, decision.victims?.map(({ uid }) => uid), [...decision.plugins].sort()]
  expect([where, essence(fast)]).toEqual([where, essence(slow)])
}

describe("the fast cycle", () => {
  test(`finds the same nodes and gives the same scores as the slow one in ${cases} random cases`, () => {
    for (let seed = 1; seed <= cases / podsPerCluster; seed++) check(seed)
  }, 300_000)
})
