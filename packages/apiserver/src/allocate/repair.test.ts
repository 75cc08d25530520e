import { expect, test } from "bun:test"
import { layerMemory, Store } from "@tsukube/store"
import { Context, Effect, Layer, Scope } from "effect"
import { type Answer, startServer } from "../testing/server.ts"

const ready = (name: string, cidrs: ReadonlyArray<string>) => ({
  metadata: { name },
  spec: { cidrs },
  status: { conditions: [{ type: "Ready", status: "True", reason: "", message: "", lastTransitionTime: "2026-01-01T00:00:00Z" }] }
})
const cidrPath = "/apis/networking.k8s.io/v1/servicecidrs"
const servicePath = "/api/v1/namespaces/default/services"
const service = (name: string, spec: object = {}) => ({
  metadata: { name },
  spec: { ports: [{ port: 80 }], selector: { a: "b" }, ...spec }
})

test("a ServiceCIDR that is ready gives addresses when the first range is full", async () => {
  const server = await startServer({ serviceCidr: "10.0.0.0/30" })
  // The kubernetes Service has one of the two.
  await server.json("POST", servicePath, service("one"))
  const full = (await (await server.send("POST", servicePath, service("two"))).json()) as Answer
  expect(full.message).toContain("range is full")
  await server.json("POST", cidrPath, { ...ready("more", ["10.1.0.0/30"]), status: undefined })
  expect((await server.send("POST", servicePath, service("two"))).status).toBe(422)
  const made = await server.json("GET", `${cidrPath}/more`)
  await server.json("PUT", `${cidrPath}/more/status`, { ...made, ...ready("more", ["10.1.0.0/30"]), metadata: made.metadata })
  await server.json("GET", cidrPath)
  const two = await server.json("POST", servicePath, service("two"))
  expect(two.spec.clusterIP).toMatch(/^10\.1\.0\.[12]$/)
  await server.json(
    "POST",
    servicePath,
    service("three", { clusterIP: two.spec.clusterIP === "10.1.0.1" ? "10.1.0.2" : "10.1.0.1" })
  )
  await server.close()
})

test("at its start a server gives back what leaked and claims what is held", async () => {
  const context = await Effect.runPromise(Layer.buildWithScope(Layer.fresh(layerMemory), Scope.makeUnsafe()))
  const store = Context.get(context, Store)
  const layer = Layer.succeed(Store, store)
  const first = await startServer({}, layer)
  const held = await first.json("POST", servicePath, service("held", { type: "NodePort" }))
  const lost = await first.json("POST", servicePath, service("lost", { type: "NodePort" }))
  const addresses = "/apis/networking.k8s.io/v1/ipaddresses"
  await first.close()
  // As a crash of something that knows no transactions would leave it.
  await Effect.runPromise(
    store.commit([
      { key: "/registry/core/services/default/lost", value: undefined },
      { key: `/registry/networking.k8s.io/ipaddresses/${held.spec.clusterIP}`, value: undefined },
      { key: `/registry/ranges/nodeports/${held.spec.ports[0].nodePort}`, value: undefined }
    ])
  )
  const second = await startServer({}, layer)
  const names = (await second.json("GET", addresses)).items.map((item: Answer) => item.metadata.name)
  expect(names).toContain(held.spec.clusterIP)
  expect(names).not.toContain(lost.spec.clusterIP)
  const ports = await Effect.runPromise(store.list({ prefix: "/registry/ranges/nodeports/" }))
  expect(ports.entries.map(({ key }) => key)).toEqual([`/registry/ranges/nodeports/${held.spec.ports[0].nodePort}`])
  await second.close()
})
