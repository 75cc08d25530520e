/** Disruption budgets and the evictions that go by them, against a real API server in memory. @module */
import { expect, test } from "bun:test"
import { replicasets } from "@tsukube/api/apps-v1"
import { pods } from "@tsukube/api/core-v1"
import { poddisruptionbudgets } from "@tsukube/api/policy-v1"
import { live } from "@tsukube/testing"
import { Effect } from "effect"
import { runControllers } from "../run.ts"
import { eventually, startCluster } from "../testing/cluster.ts"

const namespace = "default"

test(
  "a budget follows its pods, lets evictions through one by one, and fails safe",
  live(() =>
    Effect.gen(function* () {
      const { client, informers } = yield* startCluster
      yield* runControllers(client, informers, {
        only: ["disruption-controller", "replicaset-controller", "serviceaccount-controller"]
      })
      const labels = { app: "web" }
      const selector = { matchLabels: labels }
      const template = { metadata: { labels }, spec: { containers: [{ name: "c", image: "nginx" }] } }
      const metadata = { name: "web", namespace }
      yield* client.create(poddisruptionbudgets, { metadata, spec: { selector, maxUnavailable: "34%" } })
      const status = Effect.map(client.get(poddisruptionbudgets, metadata), (found) => found.status)
      yield* eventually("no pods", status, (now) => now?.observedGeneration === 1 && now.conditions?.[0]?.status === "False")
      yield* client.create(replicasets, { metadata, spec: { replicas: 3, selector, template } })
      yield* eventually("three expected", status, (now) => now?.expectedPods === 3 && now.desiredHealthy === 1)
      const ready = { status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] } }
      const list = Effect.map(client.list(pods, { namespace }), ({ items }) => items)
      const all = yield* eventually("three pods", list, (items) => items.length === 3)
      for (const pod of all) {
        yield* client.patch(
          pods,
          { namespace, name: pod.metadata?.name ?? "" },
          { type: "merge", body: ready },
          { subresource: "status" }
        )
      }
      const full = yield* eventually("two allowed", status, (now) => now?.disruptionsAllowed === 2)
      expect(full).toMatchObject({
        currentHealthy: 3,
        desiredHealthy: 1,
        conditions: [{ reason: "SufficientPods", status: "True" }]
      })
      const victim = { namespace, name: all[0]?.metadata?.name ?? "" }
      yield* client.createSubresource(pods, victim, "eviction", { apiVersion: "policy/v1", kind: "Eviction", metadata: victim })
      yield* eventually(
        "one allowed, nobody waited for",
        status,
        (now) => now?.currentHealthy === 2 && now.disruptionsAllowed === 1 && now.disruptedPods === undefined
      )

      yield* client.create(pods, { metadata: { name: "odd", namespace, labels: { app: "odd" } }, spec: template.spec })
      const job = { apiVersion: "batch/v1", kind: "Job", name: "j", uid: "u", controller: true }
      yield* client.patch(pods, { namespace, name: "odd" }, { type: "merge", body: { metadata: { ownerReferences: [job] } } })
      const odd = { name: "odd", namespace }
      yield* client.create(poddisruptionbudgets, {
        metadata: odd,
        spec: { selector: { matchLabels: { app: "odd" } }, maxUnavailable: 1 }
      })
      const failed = yield* eventually(
        "sync failure",
        Effect.map(client.get(poddisruptionbudgets, odd), (found) => found.status?.conditions?.[0]),
        (condition) => condition?.reason === "SyncFailed"
      )
      expect(failed?.message).toBe("jobs.batch does not implement the scale subresource")
    })
  )
)
