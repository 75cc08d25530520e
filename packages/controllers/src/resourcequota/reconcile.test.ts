import { expect, test } from "bun:test"
import { configmaps, persistentvolumeclaims, pods, resourcequotas } from "@tsukube/api/core-v1"
import { Effect } from "effect"
import { runControllers } from "../run.ts"
import { eventually, startCluster } from "../testing/cluster.ts"

const namespace = "default"

test("a quota is counted when it is new, and again after something went", async () => {
  const program = Effect.gen(function* () {
    const { client, informers } = yield* startCluster
    yield* runControllers(client, informers, { only: ["resourcequota-controller"] })
    yield* client.create(configmaps, { metadata: { name: "before", namespace } })
    yield* client.create(resourcequotas, { metadata: { name: "q", namespace }, spec: { hard: { configmaps: "2" } } })
    const used = Effect.map(client.get(resourcequotas, { namespace, name: "q" }), ({ status }) => status?.used?.["configmaps"])
    yield* eventually("the first count", used, (count) => count === "1")
    yield* client.create(configmaps, { metadata: { name: "after", namespace } })
    expect(yield* used).toBe("2")
    const refused = yield* Effect.flip(client.create(configmaps, { metadata: { name: "many", namespace } }))
    expect(refused.message).toContain("exceeded quota: q, requested: configmaps=1, used: configmaps=2, limited: configmaps=2")
    yield* client.delete(configmaps, { namespace, name: "before" })
    yield* eventually("room again", used, (count) => count === "1")
  })
  await Effect.runPromise(Effect.scoped(program))
})

test("a claim goes with the last pod that uses it", async () => {
  const program = Effect.gen(function* () {
    const { client, informers } = yield* startCluster
    yield* runControllers(client, informers, {
      only: ["persistentvolumeclaim-protection-controller", "serviceaccount-controller"]
    })
    const claim = {
      metadata: { name: "data", namespace },
      spec: { accessModes: ["ReadWriteOnce" as const], resources: { requests: { storage: "1Gi" } } }
    }
    yield* client.create(persistentvolumeclaims, claim)
    const volumes = [{ name: "v", persistentVolumeClaim: { claimName: "data" } }]
    yield* client.create(pods, {
      metadata: { name: "user", namespace },
      spec: { nodeName: "n", containers: [{ name: "c", image: "x" }], volumes }
    })
    yield* client.delete(persistentvolumeclaims, { namespace, name: "data" })
    const there = Effect.map(client.list(persistentvolumeclaims, { namespace }), ({ items }) => items.length)
    expect(yield* there).toBe(1)
    yield* client.delete(pods, { namespace, name: "user" }, { gracePeriodSeconds: 0 })
    yield* eventually("the claim is gone", there, (count) => count === 0)
  })
  await Effect.runPromise(Effect.scoped(program))
})
