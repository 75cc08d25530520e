import { afterAll, expect, test } from "bun:test"
import { makeMemory, Store } from "@tsukube/store"
import { eventually } from "@tsukube/testing"
import { Effect, Layer } from "effect"
import { makeLeases } from "./kubernetes-leases.ts"
import type { Serving } from "./serving.ts"
import { type Answer, type Running, startServer } from "./testing/server.ts"

const store = Layer.succeed(Store, makeMemory())
const place = (address: string, port = 6443) => ({ advertise: { address, port } })
const running: Array<Running> = []
const start = async (address: string, port?: number): Promise<Running> => {
  const server = await startServer(place(address, port), store)
  running.push(server)
  return server
}
afterAll(async () => {
  for (const server of running) await server.close()
})

const endpoints = "/api/v1/namespaces/default/endpoints/kubernetes"
const slices = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
const addressesOf = async (server: Running): Promise<string> => {
  const { subsets = [] } = await server.json("GET", endpoints)
  return subsets.flatMap(({ addresses, ports }: Answer) => addresses.map(({ ip }: Answer) => `${ip}:${ports[0].port}`)).join(" ")
}

test("every server that is alive is an endpoint of the kubernetes Service, and none that ended", async () => {
  const first = await start("192.0.2.1")
  expect(await addressesOf(first)).toBe("192.0.2.1:6443")
  const second = await start("192.0.2.2")
  expect(await addressesOf(first)).toBe("192.0.2.1:6443 192.0.2.2:6443")
  const third = await start("192.0.2.1", 7443)
  expect(await addressesOf(first)).toBe("192.0.2.1:6443 192.0.2.2:6443 192.0.2.1:7443")
  const listed = await first.json("GET", slices)
  const shown = listed.items.map(
    ({ metadata, endpoints, ports }: Answer) => `${metadata.name} ${endpoints.length} ${ports[0].port}`
  )
  expect(shown).toEqual(["kubernetes 2 6443", "kubernetes-7443 1 7443"])
  await third.close()
  running.splice(running.indexOf(third), 1)
  expect(await addressesOf(first)).toBe("192.0.2.1:6443 192.0.2.2:6443")
  expect((await first.json("GET", slices)).items).toHaveLength(1)
  // One that is about to end is taken out before it stops answering.
  second.apiserver.drain()
  await eventually(async () => (await addressesOf(first)) === "192.0.2.1:6443")
  expect(await addressesOf(first)).toBe("192.0.2.1:6443")
})

test("a server that was killed is left out when its lease has run out", async () => {
  const memory = makeMemory()
  let now = 1_000_000
  const written: Array<Answer> = []
  const serving = {
    cache: { store: memory, bucket: () => ({ range: () => [] }) },
    now: () => now
  } as unknown as Serving
  const write = async (object: Answer): Promise<void> => void written.push(object)
  const one = makeLeases(serving, { address: "192.0.2.1", port: 1 }, write)
  const two = makeLeases(serving, { address: "192.0.2.2", port: 1 }, write)
  const shown = (): string =>
    written
      .findLast(({ kind }) => kind === "Endpoints")
      .subsets.flatMap(({ addresses }: Answer) => addresses.map(({ ip }: Answer) => ip))
      .join(" ")
  await Effect.runPromise(two.renew)
  await Effect.runPromise(one.renew)
  expect(shown()).toBe("192.0.2.1 192.0.2.2")
  // Two never renews again.
  for (let i = 0; i < 3; i++) {
    now += 5000
    await Effect.runPromise(one.renew)
  }
  expect(shown()).toBe("192.0.2.1")
})
