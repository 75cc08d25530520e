import { expect, test } from "bun:test"
import { nodes } from "@tsukube/api/core-v1"
import { Apiserver, layer } from "@tsukube/apiserver"
import { makeClient, makeInformers } from "@tsukube/client"
import { layerMemory } from "@tsukube/store"
import { eventually, live } from "@tsukube/testing"
import { Context, Effect, Fiber, Layer } from "effect"
import { nodeLeases } from "./node.ts"

test(
  "a node waits for its subnet, says how it is reached, and hears of others",
  live(
    Effect.fnUntraced(function* () {
      const context = yield* Layer.build(layer().pipe(Layer.provide(layerMemory)))
      const client = makeClient(Context.get(context, Apiserver).fetchAs({ name: "admin", groups: ["system:masters"] }))
      const informers = yield* makeInformers(client)
      const [a, b] = ["a", "b"].map((nodeName) => nodeLeases({ client, informers, nodeName }))
      const waiting = yield* Effect.forkChild(a!.subnet)
      yield* client.create(nodes, { metadata: { name: "a" } })
      yield* client.create(nodes, { metadata: { name: "b" }, spec: { podCIDR: "10.244.2.0/24", podCIDRs: ["10.244.2.0/24"] } })
      expect(yield* b!.subnet).toBe("10.244.2.0/24")
      expect(waiting.pollUnsafe()).toBeUndefined()
      yield* client.patch(
        nodes,
        { name: "a" },
        { type: "merge", body: { spec: { podCIDR: "10.244.1.0/24", podCIDRs: ["10.244.1.0/24"] } } }
      )
      expect(yield* Fiber.join(waiting)).toBe("10.244.1.0/24")

      let calls = 0
      const off = a!.on(() => {
        calls++
      })
      const before = calls
      yield* b!.publish({ publicIp: "172.30.0.12", backend: "vxlan", mac: "0a:58:0a:f4:02:00" })
      yield* Effect.promise(() => eventually(() => a!.leases().length === 1))
      expect(a!.leases()).toEqual([
        { node: "b", subnet: "10.244.2.0/24", publicIp: "172.30.0.12", backend: "vxlan", mac: "0a:58:0a:f4:02:00" }
      ])
      expect(calls).toBe(before + 1)
      // Nothing new: nothing is written.
      const { metadata } = yield* client.get(nodes, { name: "b" })
      yield* b!.publish({ publicIp: "172.30.0.12", backend: "vxlan", mac: "0a:58:0a:f4:02:00" })
      expect((yield* client.get(nodes, { name: "b" })).metadata?.resourceVersion).toBe(metadata!.resourceVersion!)
      // A backend without a tunnel takes the hardware address away.
      yield* b!.publish({ publicIp: "172.30.0.12", backend: "host-gw" })
      yield* Effect.promise(() => eventually(() => a!.leases()[0]?.backend === "host-gw"))
      expect(a!.leases()[0]).not.toHaveProperty("mac")
      yield* client.delete(nodes, { name: "b" })
      yield* Effect.promise(() => eventually(() => a!.leases().length === 0))
      expect((yield* Effect.flip(b!.publish({ publicIp: "172.30.0.12", backend: "vxlan" })))._tag).toBe("LeaseError")
      off()
    })
  )
)
