import { expect, test } from "bun:test"
import { services } from "@tsukube/api/core-v1"
import { servicecidrs } from "@tsukube/api/networking-v1"
import { Effect } from "effect"
import { runControllers } from "../run.ts"
import { eventually, startCluster } from "../testing/cluster.ts"
import { serviceCidrFinalizer } from "./plan.ts"

test("a new range becomes ready, gives addresses, and stays while they are held", async () => {
  const program = Effect.gen(function* () {
    const { client, informers } = yield* startCluster
    yield* runControllers(client, informers, { only: ["service-cidr-controller"] })
    yield* client.create(servicecidrs, { metadata: { name: "more" }, spec: { cidrs: ["10.200.0.0/28"] } })
    const condition = Effect.map(client.get(servicecidrs, { name: "more" }), ({ metadata, status }) => ({
      finalizers: metadata?.finalizers,
      ready: status?.conditions?.find(({ type }) => type === "Ready")?.status
    }))
    yield* eventually("the range is ready", condition, ({ ready }) => ready === "True")
    expect((yield* condition).finalizers).toEqual([serviceCidrFinalizer])
    const spec = { clusterIP: "10.200.0.5", ports: [{ port: 80 }] }
    yield* client.create(services, { metadata: { name: "in-it", namespace: "default" }, spec })
    yield* client.delete(servicecidrs, { name: "more" })
    yield* eventually("the range waits", condition, ({ ready }) => ready === "False")
    yield* client.delete(services, { namespace: "default", name: "in-it" })
    const names = Effect.map(client.list(servicecidrs), ({ items }) => items.map(({ metadata }) => metadata?.name))
    yield* eventually("the range is gone", names, (all) => !all.includes("more"))
  })
  await Effect.runPromise(Effect.scoped(program))
})
