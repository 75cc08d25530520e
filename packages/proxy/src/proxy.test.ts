import { describe, expect, test } from "bun:test"
import { nodes, services } from "@tsukube/api/core-v1"
import { endpointslices } from "@tsukube/api/discovery-v1"
import { Apiserver, layer } from "@tsukube/apiserver"
import { makeClient, makeInformers } from "@tsukube/client"
import { createNetns, isRoot, run, which } from "@tsukube/host"
import { layerMemory } from "@tsukube/store"
import { eventually, live, requireTool } from "@tsukube/testing"
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { iptablesBackend } from "./iptables/apply.ts"
import { runProxy } from "./proxy.ts"
import { emptyState } from "./state.ts"
import { slice } from "./testing/objects.ts"

const system = requireTool("proxy: the loop in a network namespace", {
  root: isRoot(),
  iproute2: which("ip") !== undefined,
  iptables: which("iptables-restore") !== undefined
})

/** A client of a fresh API server in this process. */
const startCluster = Effect.gen(function* () {
  const context = yield* Layer.build(layer().pipe(Layer.provide(layerMemory)))
  const apiserver = Context.get(context, Apiserver)
  return makeClient(apiserver.fetchAs({ name: "admin", groups: ["system:masters"] }))
})

describe.skipIf(!system)("as root", () => {
  test(
    "the rules follow the cluster, come back when removed, and are gone in the end",
    live(
      Effect.fnUntraced(function* () {
        const client = yield* startCluster
        const { path: netns } = yield* createNetns(`tsukube-test-${process.pid.toString(36)}-loop`)
        yield* client.create(nodes, { metadata: { name: "node-1", labels: { "topology.kubernetes.io/zone": "west" } } })
        const web = yield* client.create(services, {
          metadata: { namespace: "default", name: "web" },
          spec: { type: "NodePort", ports: [{ port: 80 }] }
        })
        yield* client.create(endpointslices, slice("web", ["10.244.1.2"]))

        const scope = yield* Scope.make()
        yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
        const informers = yield* makeInformers(client)
        const proxy = yield* runProxy({
          informers,
          nodeName: "node-1",
          backend: iptablesBackend({ netns, clusterCidr: "10.244.0.0/16" }),
          netns,
          checkMs: 200,
          health: { port: 0, host: "127.0.0.1" },
          cleanupAtEnd: true
        }).pipe(Scope.provide(scope))
        yield* proxy.synced
        const rules = () => Effect.runPromise(Effect.map(run("iptables-save", [], { netns }), ({ stdout }) => stdout))
        const until = (condition: (text: string) => boolean) =>
          Effect.promise(() => eventually(async () => condition(await rules())))

        const first = yield* Effect.promise(rules)
        expect(first).toContain(`-d ${web.spec!.clusterIP}/32 -p tcp`)
        expect(first).toContain(`--dport ${web.spec!.ports![0]!.nodePort}`)
        expect(first).toContain("--to-destination 10.244.1.2:8080")
        expect(proxy.report()?.full).toBe(true)

        // A new endpoint, then a new Service, then neither.
        const found = yield* client.get(endpointslices, { namespace: "default", name: "web-1" })
        yield* client.update(endpointslices, { ...found, endpoints: [{ addresses: ["10.244.2.3"] }] })
        yield* until((text) => text.includes("10.244.2.3:8080") && !text.includes("10.244.1.2:8080"))
        // The kernel has the rules a moment before the round reports.
        yield* Effect.promise(() => eventually(async () => proxy.report()?.full === false))
        yield* client.create(services, { metadata: { namespace: "default", name: "lonely" }, spec: { ports: [{ port: 81 }] } })
        yield* until((text) => text.includes("default/lonely has no endpoints"))
        yield* client.delete(services, { namespace: "default", name: "lonely" })
        yield* until((text) => !text.includes("lonely"))

        const health = yield* Effect.promise(() => fetch(`http://127.0.0.1:${proxy.healthPort}/healthz`))
        expect([health.status, ((yield* Effect.promise(() => health.json())) as { nodeEligible: boolean }).nodeEligible]).toEqual(
          [200, true]
        )

        // A firewall's restart.
        yield* run("iptables", ["-t", "nat", "-F"], { netns })
        yield* until((text) => text.includes("10.244.2.3:8080") && /PREROUTING .*KUBE-SERVICES/.test(text))

        yield* Scope.close(scope, Exit.void)
        expect(yield* Effect.promise(rules)).not.toContain("KUBE-")
      })
    ),
    30_000
  )
})

test(
  "a round that fails is tried again as a full one, and health tells",
  live(
    Effect.fnUntraced(function* () {
      const client = yield* startCluster
      const calls: Array<boolean> = []
      const proxy = yield* runProxy({
        informers: yield* makeInformers(client),
        nodeName: "node-1",
        // Not a stand-in for a backend of ours: one that its network namespace has been taken from.
        backend: (() => {
          const backend = iptablesBackend({ netns: "/run/netns/tsukube-test-absent" })
          return {
            ...backend,
            sync: (desired, previous) => {
              calls.push(previous === undefined)
              return backend.sync(desired, previous)
            }
          }
        })(),
        health: { port: 0, host: "127.0.0.1" }
      })
      yield* Effect.promise(() => eventually(() => calls.length >= 2))
      expect(calls.every((full) => full)).toBe(true)
      expect(proxy.state()).toBe(emptyState)
      expect(proxy.status().syncedAtMs).toBeUndefined()
      const health = yield* Effect.promise(() => fetch(`http://127.0.0.1:${proxy.healthPort}/healthz`))
      expect(health.status).toBe(503)
    })
  )
)
