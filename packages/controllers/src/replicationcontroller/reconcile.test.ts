/** ReplicationControllers against a real API server in memory. @module */
import { expect, test } from "bun:test"
import { events, pods, replicationcontrollers } from "@tsukube/api/core-v1"
import { live } from "@tsukube/testing"
import { Effect } from "effect"
import { runControllers } from "../run.ts"
import { eventually, startCluster } from "../testing/cluster.ts"

const namespace = "default"

test(
  "a replication controller makes its pods, adopts what fits, replaces what is gone, and shrinks",
  live(() =>
    Effect.gen(function* () {
      const { client, informers } = yield* startCluster
      yield* runControllers(client, informers, { only: ["replicationcontroller-controller", "serviceaccount-controller"] })
      const template = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "c", image: "nginx" }] } }
      yield* client.create(pods, { metadata: { name: "orphan", namespace, labels: { app: "web" } }, spec: template.spec })
      yield* client.create(replicationcontrollers, { metadata: { name: "web", namespace }, spec: { replicas: 3, template } })
      const get = client.get(replicationcontrollers, { namespace, name: "web" })
      const list = Effect.map(client.list(pods, { namespace }), ({ items }) => items)
      const web = yield* eventually("three", get, ({ status }) => status?.replicas === 3 && status.observedGeneration === 1)
      expect(web.status).toEqual({ replicas: 3, fullyLabeledReplicas: 3, observedGeneration: 1 })
      const all = yield* eventually("three pods", list, (items) => items.length === 3)
      for (const { metadata } of all) {
        expect(metadata?.ownerReferences?.[0]).toMatchObject({ apiVersion: "v1", kind: "ReplicationController", name: "web" })
      }
      expect(all.some(({ metadata }) => metadata?.name === "orphan")).toBe(true)
      yield* client.delete(pods, { namespace, name: "orphan" }, { gracePeriodSeconds: 0 })
      const replaced = (names: ReadonlyArray<string | undefined>) => names.length === 3 && !names.includes("orphan")
      yield* eventually("another", list, (items) => replaced(items.map(({ metadata }) => metadata?.name)))
      yield* client.patch(replicationcontrollers, { namespace, name: "web" }, { type: "merge", body: { spec: { replicas: 1 } } })
      yield* eventually("one", get, ({ status }) => status?.replicas === 1)
      const said = Effect.map(client.list(events, { namespace }), ({ items }) => items)
      yield* eventually("events", said, (items) =>
        items.some(
          ({ reason, source, message }) =>
            reason === "SuccessfulDelete" &&
            source?.component === "replication-controller" &&
            message?.startsWith("Deleted pod: ") === true
        )
      )
    })
  )
)
