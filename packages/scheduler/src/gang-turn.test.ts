/** Gangs in a running scheduler, against a real API server. @module */
import { describe, expect, test } from "bun:test"
import { type Pod, pods } from "@tsukube/api/core-v1"
import { podgroups } from "@tsukube/api/scheduling-v1alpha2"
import { live } from "@tsukube/testing"
import { Effect } from "effect"
import { pluginsFor } from "./feature-gates.ts"
import { runScheduler } from "./scheduler.ts"
import { addNode, eventually, nodeOf, refusalOf, startClusterWith } from "./testing/cluster.ts"

const namespace = "default"
const member = (name: string, amount: string): Pod => ({
  metadata: { name, namespace },
  spec: {
    schedulingGroup: { podGroupName: "g" },
    containers: [{ name: "c", image: "i", resources: { requests: { cpu: amount } } }]
  }
})
const plugins = pluginsFor({ GenericWorkload: true, GangScheduling: true })

describe("a gang", () => {
  test(
    "waits for its group, its pods and room for all of them, and is bound as a whole",
    live(() =>
      Effect.gen(function* () {
        const { client, informers } = yield* startClusterWith({
          runtimeConfig: { "scheduling.k8s.io/v1alpha2": true },
          featureGates: { GenericWorkload: true }
        })
        yield* addNode(client, "a", { cpu: "2" })
        yield* runScheduler(client, informers, { plugins, initialBackoffMs: 10, maxBackoffMs: 20 })
        yield* client.create(pods, member("x", "2"))
        yield* client.create(podgroups, {
          metadata: { name: "g", namespace },
          spec: { schedulingPolicy: { gang: { minCount: 2 } } }
        })
        yield* client.create(pods, member("y", "2"))
        const conditions = Effect.all([refusalOf(client, "x"), refusalOf(client, "y")])
        const refused = yield* eventually("both refused", conditions, (all) =>
          all.every((each) => each?.reason === "Unschedulable")
        )
        const messages = refused.map((each) => each?.message ?? "").sort()
        expect(messages[0]).toStartWith("0/1 nodes are available: 1 Insufficient cpu.")
        expect(messages[1]).toBe("waiting for minCount pods from a gang to be scheduled")
        expect([yield* nodeOf(client, "x"), yield* nodeOf(client, "y")]).toEqual([undefined, undefined])
        const group = Effect.map(client.get(podgroups, { namespace, name: "g" }), ({ status }) =>
          status?.conditions?.find(({ type }) => type === "PodGroupScheduled")
        )
        yield* eventually("group waits", group, (each) => each?.status === "False" && each.reason === "Unschedulable")
        // A pod without a group takes nothing that the gang would only hold on to.
        yield* client.create(pods, {
          ...member("alone", "1"),
          spec: { containers: [{ name: "c", image: "i", resources: { requests: { cpu: "1" } } }] }
        })
        yield* eventually("alone", nodeOf(client, "alone"), (name) => name === "a")
        yield* addNode(client, "b", { cpu: "2" })
        yield* addNode(client, "c", { cpu: "2" })
        const nodesOf = Effect.all([nodeOf(client, "x"), nodeOf(client, "y")])
        const placed = yield* eventually("both placed", nodesOf, (all) => all.every((each) => each !== undefined))
        expect([...placed].sort()).toEqual(["b", "c"])
        yield* eventually("group has its nodes", group, (each) => each?.status === "True" && each.reason === "Scheduled")
      })
    ),
    30_000
  )
})
