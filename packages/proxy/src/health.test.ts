import { expect, test } from "bun:test"
import { createServer } from "node:http"
import { live } from "@tsukube/testing"
import { Effect } from "effect"
import { conntrackArguments, staleFlows } from "./conntrack.ts"
import { healthAnswer, healthCheckedServices, serveAnswers, serviceAnswer } from "./health.ts"
import { emptyState, proxyState } from "./state.ts"
import { node, states } from "./testing/clusters.ts"
import { service, slice } from "./testing/objects.ts"

const well = { syncedAtMs: 1000, waitingSinceMs: undefined, nodeEligible: true }

test("healthy means synced once and nothing waiting for long; only healthz asks whether the node may be used", () => {
  const status = (path: string, more: object) => healthAnswer(path, { ...well, ...more }, 100_000, 60_000).status
  expect(status("/healthz", {})).toBe(200)
  expect(status("/healthz", { syncedAtMs: undefined })).toBe(503)
  expect(status("/healthz", { waitingSinceMs: 50_000 })).toBe(200)
  expect(status("/healthz", { waitingSinceMs: 30_000 })).toBe(503)
  expect([status("/healthz", { nodeEligible: false }), status("/livez", { nodeEligible: false })]).toEqual([503, 200])
  expect(status("/other", {})).toBe(404)
})

test("a load balancer is told about ready endpoints on this node", () => {
  const services = healthCheckedServices(states["external-local"]!)
  expect([...services]).toEqual([[30999, { namespace: "default", name: "web", localEndpoints: 1 }]])
  expect(serviceAnswer(services.get(30999)!, true)).toEqual({
    status: 200,
    body: { service: { namespace: "default", name: "web" }, localEndpoints: 1, serviceProxyHealthy: true }
  })
  expect(serviceAnswer(services.get(30999)!, false).status).toBe(503)
  expect(serviceAnswer({ ...services.get(30999)!, localEndpoints: 0 }, true).status).toBe(503)
})

test(
  "answers are served until the scope ends, and a taken port is an error",
  live(
    Effect.fnUntraced(function* () {
      const port = yield* Effect.scoped(
        Effect.gen(function* () {
          const taken = yield* serveAnswers((path) => ({ status: 200, body: { path } }), 0, "127.0.0.1")
          const answer = yield* Effect.promise(() => fetch(`http://127.0.0.1:${taken}/x?y`))
          expect(yield* Effect.promise(() => answer.json())).toEqual({ path: "/x" })
          expect(
            (yield* Effect.flip(Effect.scoped(serveAnswers(() => ({ status: 200, body: {} }), taken, "127.0.0.1"))))._tag
          ).toBe("ListenError")
          return taken
        })
      )
      const again = createServer()
      yield* Effect.promise(() => new Promise<void>((resolve) => again.listen(port, "127.0.0.1", resolve)))
      again.close()
    })
  )
)

test("UDP connections are forgotten when their endpoint goes, and when the first endpoint comes", () => {
  const dns = (addresses: ReadonlyArray<string>) =>
    proxyState(
      [service("dns", { type: "NodePort", ports: [{ port: 53, protocol: "UDP", nodePort: 30053 }] })],
      [slice("dns", addresses, { protocol: "UDP" })],
      node
    )
  const both = dns(["10.0.0.1", "10.0.0.2"])
  expect(staleFlows(both, dns(["10.0.0.2"])).map((flow) => conntrackArguments(flow).join(" "))).toEqual([
    "-D -p udp --orig-dst 10.96.0.10 --orig-port-dst 53 --dst-nat 10.0.0.1",
    "-D -p udp --orig-port-dst 30053 --dst-nat 10.0.0.1"
  ])
  expect(staleFlows(both, emptyState)).toHaveLength(4)
  expect(staleFlows(emptyState, both)).toEqual([{ destination: "10.96.0.10", port: 53 }, { port: 30053 }])
  expect(staleFlows(both, both)).toEqual([])
  expect(staleFlows(states["cluster-ip"]!, emptyState)).toEqual([])
})
