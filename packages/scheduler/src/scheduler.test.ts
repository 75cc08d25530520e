/** The loop against a real API server in memory. @module */
import { describe, expect, test } from "bun:test"
import { events, nodes, type Pod, pods } from "@tsukube/api/core-v1"
import { priorityclasses } from "@tsukube/api/scheduling-v1"
import { live } from "@tsukube/testing"
import { Effect, Scope } from "effect"
import { defaultPlugins } from "./default-plugins.ts"
import { definePlugin, type Plugin } from "./plugin.ts"
import { runScheduler } from "./scheduler.ts"
import { addNode, eventually, nodeOf, refusalOf, startCluster } from "./testing/cluster.ts"

const namespace = "default"

const pod = (name: string, cpu = "100m", more: Partial<NonNullable<Pod["spec"]>> = {}): Pod => ({
  metadata: { name, namespace },
  spec: { containers: [{ name: "c", image: "i", resources: { requests: { cpu } } }], ...more }
})

describe("the scheduler", () => {
  test(
    "places what fits, says why the rest waits, and places it when there is room",
    live(() =>
      Effect.gen(function* () {
        const { client, informers } = yield* startCluster
        yield* runScheduler(client, informers)
        yield* client.create(pods, pod("early"))
        const alone = yield* eventually(
          "refusal",
          refusalOf(client, "early"),
          (condition) => condition?.reason === "Unschedulable"
        )
        expect(alone).toMatchObject({ status: "False", message: "no nodes available to schedule pods" })
        yield* addNode(client, "a", { cpu: "1" })
        yield* eventually("placement", nodeOf(client, "early"), (name) => name === "a")
        yield* client.create(pods, pod("large", "950m"))
        const large = yield* eventually(
          "refusal",
          refusalOf(client, "large"),
          (condition) => condition?.reason === "Unschedulable"
        )
        expect(large?.message).toBe(
          "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod."
        )
        yield* client.delete(pods, { namespace, name: "early" }, { gracePeriodSeconds: 0 })
        yield* eventually("placement", nodeOf(client, "large"), (name) => name === "a")
        const said = yield* eventually("events", client.list(events), ({ items }) =>
          items.some(({ message }) => message?.includes("default/large to a"))
        )
        expect(said.items.map(({ reason, message }) => `${reason}: ${message}`)).toContain(
          "Scheduled: Successfully assigned default/early to a"
        )
        const failed = said.items.find(({ reason }) => reason === "FailedScheduling")
        expect(failed).toMatchObject({ type: "Warning", reportingComponent: "default-scheduler" })
      })
    )
  )

  test(
    "never gives out more than there is, however many pods come at once",
    live(() =>
      Effect.gen(function* () {
        const { client, informers } = yield* startCluster
        for (const name of ["a", "b", "c"]) yield* addNode(client, name, { cpu: "2" })
        yield* runScheduler(client, informers)
        yield* Effect.forEach(
          Array.from({ length: 80 }, (_, index) => `p${index}`),
          (name) => client.create(pods, pod(name)),
          {
            concurrency: 20
          }
        )
        const all = yield* eventually("60 placed", client.list(pods), ({ items }) => {
          const settled = items.filter(
            ({ spec, status }) => spec?.nodeName || status?.conditions?.some(({ reason }) => reason === "Unschedulable")
          )
          return settled.length === 80
        })
        const counts = Map.groupBy(all.items, ({ spec }) => spec?.nodeName ?? "")
        expect(["a", "b", "c", ""].map((name) => counts.get(name)?.length)).toEqual([20, 20, 20, 20])
      })
    )
  )

  test(
    "leaves the pods of other schedulers and gated pods alone",
    live(() =>
      Effect.gen(function* () {
        const { client, informers } = yield* startCluster
        yield* addNode(client, "a")
        yield* runScheduler(client, informers)
        yield* client.create(pods, pod("foreign", "100m", { schedulerName: "mine" }))
        yield* client.create(pods, pod("gated", "100m", { schedulingGates: [{ name: "wait" }] }))
        yield* client.create(pods, pod("own"))
        yield* eventually("own", nodeOf(client, "own"), (name) => name === "a")
        expect([yield* nodeOf(client, "foreign"), yield* nodeOf(client, "gated")]).toEqual([undefined, undefined])
        yield* client.patch(pods, { namespace, name: "gated" }, { type: "merge", body: { spec: { schedulingGates: [] } } })
        yield* eventually("ungated", nodeOf(client, "gated"), (name) => name === "a")
        yield* runScheduler(client, informers, { schedulerName: "mine" })
        yield* eventually("foreign", nodeOf(client, "foreign"), (name) => name === "a")
      })
    )
  )

  test(
    "goes on after a restart with what the API server knows",
    live(() =>
      Effect.gen(function* () {
        const { client, informers } = yield* startCluster
        yield* addNode(client, "a", { cpu: "1" })
        const first = yield* Scope.make()
        yield* runScheduler(client, informers).pipe(Effect.provideService(Scope.Scope, first))
        yield* client.create(pods, pod("one", "600m"))
        yield* eventually("one", nodeOf(client, "one"), (name) => name === "a")
        yield* Scope.close(first, yield* Effect.exit(Effect.void))
        yield* client.create(pods, pod("two", "600m"))
        yield* client.create(pods, pod("three", "300m"))
        yield* runScheduler(client, informers)
        yield* eventually("three", nodeOf(client, "three"), (name) => name === "a")
        yield* eventually("two waits", refusalOf(client, "two"), (condition) => condition?.reason === "Unschedulable")
      })
    )
  )

  test(
    "removes less important pods for a more important one",
    live(() =>
      Effect.gen(function* () {
        const { client, informers } = yield* startCluster
        yield* addNode(client, "a", { cpu: "1" })
        yield* runScheduler(client, informers)
        yield* client.create(priorityclasses, { metadata: { name: "high" }, value: 1000 })
        yield* client.create(pods, pod("low", "800m"))
        yield* eventually("low", nodeOf(client, "low"), (name) => name === "a")
        yield* client.create(pods, pod("important", "500m", { priorityClassName: "high" }))
        const low = { namespace, name: "low" }
        const victim = yield* eventually(
          "victim",
          client.get(pods, low),
          ({ metadata }) => metadata?.deletionTimestamp !== undefined
        )
        expect(victim.status?.conditions?.find(({ type }) => type === "DisruptionTarget")?.reason).toBe("PreemptionByScheduler")
        const waiting = yield* client.get(pods, { namespace, name: "important" })
        expect(waiting.status?.nominatedNodeName).toBe("a")
        yield* client.delete(pods, low, { gracePeriodSeconds: 0 })
        yield* eventually("important", nodeOf(client, "important"), (name) => name === "a")
      })
    )
  )

  test(
    "asks plugins for permission and gives back what they reserved",
    live(() =>
      Effect.gen(function* () {
        const { client, informers } = yield* startCluster
        for (const name of ["a", "b"]) yield* addNode(client, name)
        const calls: Array<string> = []
        let allow = false
        const gate: Plugin = definePlugin({
          name: "Gate",
          reserve: ({ pod: { metadata } }) => {
            calls.push(`reserve ${metadata?.name}`)
            return undefined
          },
          unreserve: ({ pod: { metadata } }) => calls.push(`unreserve ${metadata?.name}`),
          permit: () => (allow ? { allow } : { deny: "not yet" }),
          preBind: async ({ pod: { metadata } }) => {
            calls.push(`preBind ${metadata?.name}`)
          }
        })
        yield* runScheduler(client, informers, { plugins: [...defaultPlugins, gate] })
        yield* client.create(pods, pod("p"))
        yield* eventually("denied", refusalOf(client, "p"), (condition) => condition?.message === "not yet")
        allow = true
        // Any change may have been what the plugin waited for: it named no events of its own.
        yield* client.patch(nodes, { name: "a" }, { type: "merge", body: { metadata: { labels: { changed: "yes" } } } })
        yield* eventually("placed", nodeOf(client, "p"), (name) => name !== undefined)
        // However often it was refused, what was reserved was given back each time.
        expect(calls.slice(-2)).toEqual(["reserve p", "preBind p"])
        const refused = calls.slice(0, -2)
        expect(refused.length).toBeGreaterThan(0)
        expect(refused).toEqual(refused.map((_, i) => (i % 2 === 0 ? "reserve p" : "unreserve p")))
      })
    )
  )
})
