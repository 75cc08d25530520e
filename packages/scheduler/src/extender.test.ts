/** Extenders over real HTTP: they refuse nodes, rank them, choose victims, bind, and may fail. @module */
import { afterAll, beforeEach, describe, expect, test } from "bun:test"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { type Node, type Pod, pods } from "@tsukube/api/core-v1"
import { live } from "@tsukube/testing"
import { Effect } from "effect"
import { defaultPlugins } from "./default-plugins.ts"
import { type PlanInput, snapshotOf } from "./embed.ts"
import { scheduleExtended } from "./extended-cycle.ts"
import { httpExtender } from "./extender.ts"
import { podInfo } from "./pod-info.ts"
import { runScheduler } from "./scheduler.ts"
import { cpu, node, on, pod } from "./testing/cases.ts"
import { addNode, eventually, nodeOf, refusalOf, startCluster } from "./testing/cluster.ts"

type Json = Readonly<Record<string, unknown>>
interface Args {
  readonly Pod: Pod
  readonly Nodes?: { readonly items: ReadonlyArray<Node> } | null
  readonly NodeNames?: ReadonlyArray<string> | null
}
/** What the extender answers, by verb; set by each test. */
let answers: Readonly<Record<string, (body: never) => unknown>> = {}
/** What it was asked. */
let asked: Array<readonly [verb: string, body: Json]> = []

const server = createServer(async (request, response) => {
  const parts: Array<Buffer> = []
  for await (const part of request) parts.push(part as Buffer)
  const verb = (request.url ?? "").replace("/ext/", "")
  const body = JSON.parse(Buffer.concat(parts).toString()) as Json
  asked.push([verb, body])
  const answer = answers[verb]
  if (answer === undefined) response.statusCode = 500
  response.end(JSON.stringify((await answer?.(body as never)) ?? {}))
})
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
afterAll(() => server.close())
beforeEach(() => {
  answers = {}
  asked = []
})
const urlPrefix = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ext/`

const decide = (input: PlanInput, wanted: Pod, ...settings: ReadonlyArray<object>) =>
  scheduleExtended(
    podInfo(wanted),
    snapshotOf(input),
    defaultPlugins,
    settings.map((each) => httpExtender({ urlPrefix, ...each })),
    () => 0,
    []
  )
const ab = { nodes: [node("a"), node("b")], pods: [] }
const namesOf = ({ Nodes, NodeNames }: Args): ReadonlyArray<string> =>
  NodeNames ?? (Nodes?.items ?? []).map(({ metadata }) => metadata?.name ?? "")

describe("filter", () => {
  test("gets whole nodes, or their names when it knows nodes itself", async () => {
    answers = { filter: ({ Nodes }: Args) => ({ Nodes: { items: Nodes?.items.slice(1) }, FailedNodes: { a: "not today" } }) }
    expect(await decide(ab, pod("p"), { filterVerb: "filter" })).toMatchObject({ type: "placed", nodeName: "b" })
    expect(asked[0]?.[1]).toMatchObject({ Pod: { metadata: { name: "p" } }, Nodes: { items: ab.nodes }, NodeNames: null })
    answers = { filter: ({ NodeNames }: Args) => ({ NodeNames: NodeNames?.slice(1) }) }
    expect(await decide(ab, pod("p"), { filterVerb: "filter", nodeCacheCapable: true })).toMatchObject({ nodeName: "b" })
    expect(asked[1]?.[1]).toMatchObject({ Nodes: null, NodeNames: ["a", "b"] })
  })

  test("says why, and where removing pods helps not at all", async () => {
    answers = {
      filter: () => ({ nodenames: [], failedNodes: { a: "not today" }, failedAndUnresolvableNodes: { b: "never" } })
    }
    const refused = await decide({ ...ab, pods: [on("a", pod("x")), on("b", pod("y"))] }, pod("p", { priority: 5 }), {
      filterVerb: "filter",
      nodeCacheCapable: true
    })
    expect(refused).toMatchObject({ type: "refused", plugins: new Set([urlPrefix]) })
    expect(refused.type === "refused" && refused.message).toStartWith("0/2 nodes are available: 1 never, 1 not today.")
    expect(refused.type === "refused" && refused.nodes.get("b")?.resolvable).toBe(false)
  })

  test("each is asked about what the ones before it left", async () => {
    answers = {
      one: (args: Args) => ({ NodeNames: namesOf(args).filter((name) => name !== "a") }),
      two: (args: Args) => ({ NodeNames: namesOf(args) })
    }
    await decide(ab, pod("p"), { filterVerb: "one", nodeCacheCapable: true }, { filterVerb: "two", nodeCacheCapable: true })
    expect(asked.map(([verb, body]) => [verb, body["NodeNames"]])).toEqual([
      ["one", ["a", "b"]],
      ["two", ["b"]]
    ])
  })

  test("an error stops the pod, unless the extender may be ignored", async () => {
    await expect(decide(ab, pod("p"), { filterVerb: "broken" })).rejects.toThrow("failed broken with extender at URL")
    expect(await decide(ab, pod("p"), { filterVerb: "broken", ignorable: true })).toMatchObject({ type: "placed" })
    answers = { filter: () => ({ Error: "out of order" }) }
    await expect(decide(ab, pod("p"), { filterVerb: "filter" })).rejects.toThrow("out of order")
    const away = { urlPrefix: "http://127.0.0.1:1", filterVerb: "filter" }
    await expect(decide(ab, pod("p"), away)).rejects.toThrow()
    expect(await decide(ab, pod("p"), { ...away, ignorable: true })).toMatchObject({ type: "placed" })
  })

  test("is asked only about pods with its resources", async () => {
    const gpus = { nodes: [node("a", {}, { "example.com/gpu": "1" })], pods: [] }
    const settings = { filterVerb: "filter", managedResources: ["example.com/gpu"] }
    answers = { filter: () => ({ NodeNames: [] }) }
    expect(await decide(gpus, pod("p", cpu("1")), settings)).toMatchObject({ type: "placed" })
    expect(asked).toEqual([])
    expect(await decide(gpus, pod("p", cpu("1", { "example.com/gpu": "1" })), settings)).toMatchObject({ type: "refused" })
  })
})

describe("prioritize", () => {
  const points = (name: string) => (args: Args) => namesOf(args).map((Host) => ({ Host, Score: Host === name ? 10 : 0 }))
  test("its points count by its weight", async () => {
    answers = { forA: points("a"), forB: points("b") }
    const settings = (a: number, b: number) => [
      { prioritizeVerb: "forA", weight: a },
      { prioritizeVerb: "forB", weight: b, nodeCacheCapable: true }
    ]
    expect(await decide(ab, pod("p"), ...settings(1, 2))).toMatchObject({ nodeName: "b" })
    expect(await decide(ab, pod("p"), ...settings(2, 1))).toMatchObject({ nodeName: "a" })
  })
  test("one that fails and may be ignored has nothing to say", async () => {
    answers = { forB: points("b") }
    expect(
      await decide(ab, pod("p"), { prioritizeVerb: "broken", weight: 9, ignorable: true }, { prioritizeVerb: "forB" })
    ).toMatchObject({
      nodeName: "b"
    })
  })
})

describe("preempt", () => {
  const full = { ...ab, pods: [on("a", pod("x", { ...cpu("4"), priority: 1 })), on("b", pod("y", { ...cpu("4"), priority: 5 }))] }
  const important = pod("p", { ...cpu("1"), priority: 9 })
  const outcome = async (...settings: ReadonlyArray<object>): Promise<string> => {
    const decision = await decide(full, important, ...settings)
    return decision.type === "placed"
      ? decision.type
      : `${decision.nominatedNode}: ${decision.victims?.map(({ uid }) => uid).join(" ")}`
  }
  test("may leave some of the nodes", async () => {
    answers = { preempt: () => ({ NodeNameToMetaVictims: { b: { Pods: [{ UID: "y" }], NumPDBViolations: 0 } } }) }
    expect(await outcome({ preemptVerb: "preempt" })).toBe("b: y")
    expect(asked[0]?.[1]).toMatchObject({
      NodeNameToVictims: {
        a: { Pods: [{ metadata: { name: "x" } }], NumPDBViolations: 0 },
        b: { Pods: [{ metadata: { name: "y" } }] }
      },
      NodeNameToMetaVictims: null
    })
  })
  test("gets uids when it knows nodes itself", async () => {
    answers = { preempt: ({ NodeNameToMetaVictims }: Json) => ({ NodeNameToMetaVictims }) as unknown }
    expect(await outcome({ preemptVerb: "preempt", nodeCacheCapable: true })).toBe("a: x")
    expect(asked[0]?.[1]).toMatchObject({ NodeNameToMetaVictims: { a: { Pods: [{ UID: "x" }] }, b: { Pods: [{ UID: "y" }] } } })
  })
  test("may leave none: nobody has to go", async () => {
    answers = { preempt: () => ({ NodeNameToMetaVictims: {} }) }
    expect(await outcome({ preemptVerb: "preempt" })).toBe("undefined: undefined")
  })
  test("an error stops the pod, unless the extender may be ignored", async () => {
    await expect(outcome({ preemptVerb: "broken" })).rejects.toThrow("failed broken")
    expect(await outcome({ preemptVerb: "broken", ignorable: true })).toBe("a: x")
    answers = { preempt: () => ({ NodeNameToMetaVictims: { a: { Pods: [{ UID: "nobody" }] } } }) }
    await expect(outcome({ preemptVerb: "preempt" })).rejects.toThrow("victim nobody is not on node a")
  })
})

describe("bind", () => {
  test(
    "is the extender's work, and its failure gives the node back",
    live(() =>
      Effect.gen(function* () {
        const { client, informers } = yield* startCluster
        yield* addNode(client, "a", { cpu: "1" })
        const services = yield* Effect.context<never>()
        const bindings: Array<string> = []
        let isBroken = true
        answers = {
          bind: async ({ PodName: name, PodNamespace: namespace, PodUID: uid, Node: target }: Record<string, string>) => {
            if (isBroken) return { Error: "out of order" }
            const metadata = { name, namespace, uid }
            const body = { apiVersion: "v1", kind: "Binding", metadata, target: { apiVersion: "v1", kind: "Node", name: target } }
            bindings.push(`${name} ${target}`)
            await Effect.runPromiseWith(services)(
              client.createSubresource(pods, { namespace: namespace!, name: name! }, "binding", body)
            )
            return {}
          }
        }
        const extenders = [httpExtender({ urlPrefix, bindVerb: "bind" })]
        yield* runScheduler(client, informers, { extenders, initialBackoffMs: 10, maxBackoffMs: 20 })
        yield* client.create(pods, {
          metadata: { name: "p", namespace: "default" },
          spec: { containers: [{ name: "c", image: "i", resources: { requests: { cpu: "1" } } }] }
        })
        yield* eventually("failure", refusalOf(client, "p"), (each) => each?.message?.includes("out of order") === true)
        isBroken = false
        yield* eventually("bound", nodeOf(client, "p"), (name) => name === "a")
        expect(bindings).toEqual(["p a"])
      })
    ),
    20_000
  )
})
