/** Namespaces, ownership and nodes against a real API server in memory. @module */
import { describe, expect, test } from "bun:test"
import type { KubernetesObject, Resource } from "@tsukube/api"
import { leases } from "@tsukube/api/coordination-v1"
import {
  configmaps,
  type Namespace,
  type Node,
  namespaces,
  nodes,
  type Pod,
  pods,
  secrets,
  serviceaccounts
} from "@tsukube/api/core-v1"
import type { Client } from "@tsukube/client"
import { live } from "@tsukube/testing"
import { Effect } from "effect"
import type { ControllerOptions } from "./controller.ts"
import { runControllers } from "./run.ts"
import { eventually, startCluster } from "./testing/cluster.ts"

const start = (options: ControllerOptions = {}) =>
  Effect.gen(function* () {
    const { client, informers } = yield* startCluster
    yield* runControllers(client, informers, options)
    return client
  })

const isGone = <T extends KubernetesObject>(client: Client, resource: Resource<T>, key: { namespace?: string; name: string }) =>
  client.get(resource, key).pipe(
    Effect.as(false),
    Effect.catch((error) => Effect.succeed(error._tag === "StatusError" && error.code === 404))
  )

const pod = (name: string, namespace: string, more: Partial<NonNullable<Pod["spec"]>> = {}, owner?: KubernetesObject): Pod => ({
  metadata: {
    name,
    namespace,
    ...(owner === undefined
      ? {}
      : {
          ownerReferences: [
            {
              apiVersion: "v1",
              kind: "ConfigMap",
              name: owner.metadata?.name ?? "",
              uid: owner.metadata?.uid ?? "",
              blockOwnerDeletion: true
            }
          ]
        })
  },
  spec: { containers: [{ name: "c", image: "i" }], ...more }
})

describe("namespaces", () => {
  test(
    "get a service account and the root certificate, again when they are deleted",
    live(() =>
      Effect.gen(function* () {
        const client = yield* start({ rootCa: "PEM" })
        yield* client.create(namespaces, { metadata: { name: "a" } })
        const account = { namespace: "a", name: "default" }
        const first = yield* eventually("account", client.get(serviceaccounts, account), () => true)
        yield* client.delete(serviceaccounts, account)
        yield* eventually(
          "account again",
          client.get(serviceaccounts, account),
          ({ metadata }) => metadata?.uid !== first.metadata?.uid
        )
        const root = { namespace: "a", name: "kube-root-ca.crt" }
        yield* eventually("root", client.get(configmaps, root), ({ data }) => data?.["ca.crt"] === "PEM")
        yield* client.patch(configmaps, root, { type: "merge", body: { data: { "ca.crt": "forged" } } })
        yield* eventually("root again", client.get(configmaps, root), ({ data }) => data?.["ca.crt"] === "PEM")
      })
    )
  )

  test(
    "are emptied and then go; what waits for a finalizer holds them, and the conditions say so",
    live(() =>
      Effect.gen(function* () {
        const client = yield* start({ rootCa: "PEM" })
        yield* client.create(namespaces, { metadata: { name: "a" } })
        yield* eventually("account", client.get(serviceaccounts, { namespace: "a", name: "default" }), () => true)
        for (let index = 0; index < 5; index++) yield* client.create(secrets, { metadata: { name: `s${index}`, namespace: "a" } })
        yield* client.create(pods, pod("p", "a"))
        yield* client.create(configmaps, { metadata: { name: "held", namespace: "a", finalizers: ["example.com/hold"] } })
        yield* client.delete(namespaces, { name: "a" })
        const stuck = yield* eventually(
          "conditions",
          client.get(namespaces, { name: "a" }),
          ({ status }: Namespace) =>
            status?.conditions?.find(({ type }) => type === "NamespaceFinalizersRemaining")?.status === "True"
        )
        expect(stuck.status?.phase).toBe("Terminating")
        expect(stuck.status?.conditions?.find(({ type }) => type === "NamespaceContentRemaining")?.message).toBe(
          "Some resources are remaining: configmaps has 1 resource instances"
        )
        yield* client.patch(
          configmaps,
          { namespace: "a", name: "held" },
          { type: "merge", body: { metadata: { finalizers: null } } }
        )
        yield* eventually("gone", isGone(client, namespaces, { name: "a" }), (gone) => gone)
      })
    )
  )
})

describe("ownership", () => {
  const owner = { namespace: "default", name: "owner" }
  const setUp = Effect.gen(function* () {
    const client = yield* start()
    const made = yield* client.create(configmaps, { metadata: owner })
    yield* client.create(pods, pod("one", "default", {}, made))
    yield* client.create(pods, pod("two", "default", {}, made))
    return client
  })

  test(
    "dependents go after their owner with Background, before it with Foreground, and stay with Orphan",
    live(() =>
      Effect.gen(function* () {
        for (const propagationPolicy of ["Background", "Foreground"] as const) {
          const client = yield* setUp
          yield* client.delete(configmaps, owner, { propagationPolicy })
          yield* eventually("dependents gone", client.list(pods), ({ items }) => items.length === 0)
          yield* eventually("owner gone", isGone(client, configmaps, owner), (gone) => gone)
        }
        const client = yield* setUp
        yield* client.delete(configmaps, owner, { propagationPolicy: "Orphan" })
        yield* eventually("owner gone", isGone(client, configmaps, owner), (gone) => gone)
        const left = yield* client.list(pods)
        expect(left.items.map(({ metadata }) => metadata?.ownerReferences ?? [])).toEqual([[], []])
      })
    )
  )

  test(
    "a foreground deletion waits for a dependent that is held, and an owner with another uid is no owner",
    live(() =>
      Effect.gen(function* () {
        const client = yield* setUp
        yield* client.patch(
          pods,
          { namespace: "default", name: "one" },
          { type: "merge", body: { metadata: { finalizers: ["example.com/hold"] } } }
        )
        yield* client.delete(configmaps, owner, { propagationPolicy: "Foreground" })
        yield* eventually("two gone", isGone(client, pods, { namespace: "default", name: "two" }), (gone) => gone)
        const waiting = yield* client.get(configmaps, owner)
        expect(waiting.metadata?.finalizers).toEqual(["foregroundDeletion"])
        yield* client.patch(
          pods,
          { namespace: "default", name: "one" },
          { type: "merge", body: { metadata: { finalizers: null } } }
        )
        yield* eventually("owner gone", isGone(client, configmaps, owner), (gone) => gone)
        const other = yield* client.create(configmaps, { metadata: owner })
        yield* client.create(pods, pod("stray", "default", {}, { metadata: { name: "owner", uid: "not-this-one" } }))
        yield* client.create(pods, pod("child", "default", {}, other))
        yield* eventually("stray gone", isGone(client, pods, { namespace: "default", name: "stray" }), (gone) => gone)
        expect((yield* client.get(pods, { namespace: "default", name: "child" })).metadata?.deletionTimestamp).toBeUndefined()
      })
    )
  )

  test(
    "one of two owners going only takes its reference along",
    live(() =>
      Effect.gen(function* () {
        const client = yield* setUp
        const second = yield* client.create(secrets, { metadata: { name: "second", namespace: "default" } })
        const key = { namespace: "default", name: "one" }
        const one = yield* client.get(pods, key)
        const reference = { apiVersion: "v1", kind: "Secret", name: "second", uid: second.metadata?.uid ?? "" }
        const ownerReferences = [...(one.metadata?.ownerReferences ?? []), reference]
        yield* client.patch(pods, key, { type: "merge", body: { metadata: { ownerReferences } } })
        yield* client.delete(configmaps, owner, { propagationPolicy: "Background" })
        const kept = yield* eventually(
          "released",
          client.get(pods, key),
          ({ metadata }) => metadata?.ownerReferences?.length === 1
        )
        expect(kept.metadata?.ownerReferences?.[0]?.kind).toBe("Secret")
      })
    )
  )
})

describe("nodes", () => {
  const node = (name: string, status = "True"): Node => ({
    metadata: { name },
    status: { conditions: [{ type: "Ready", status, lastHeartbeatTime: "2026-01-01T00:00:00Z" }] }
  })
  const register = (client: Client, name: string) =>
    Effect.gen(function* () {
      const made = yield* client.create(nodes, node(name))
      yield* client.updateStatus(nodes, { ...made, status: node(name).status! })
    })

  test(
    "that go silent become Unknown, are tainted, and lose the pods that do not put up with it",
    live(() =>
      Effect.gen(function* () {
        const client = yield* start({ nodeMonitorGraceMs: 400 })
        for (const name of ["quiet", "alive"]) yield* register(client, name)
        yield* client.create(namespaces, { metadata: { name: "kube-node-lease" } }).pipe(Effect.ignore)
        yield* Effect.forkScoped(
          Effect.forever(
            Effect.gen(function* () {
              const renewTime = new Date().toISOString().replace("Z", "000Z")
              const lease = { metadata: { name: "alive", namespace: "kube-node-lease" }, spec: { renewTime } }
              yield* client.create(leases, lease).pipe(
                Effect.catch(() =>
                  client.patch(
                    leases,
                    { namespace: "kube-node-lease", name: "alive" },
                    { type: "merge", body: { spec: { renewTime } } }
                  )
                ),
                Effect.ignore
              )
              yield* Effect.sleep("50 millis")
            })
          )
        )
        const tolerations = [{ operator: "Exists" as const }]
        const running = { status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] } }
        for (const [name, spec] of [
          [
            "short",
            {
              tolerations: [
                {
                  key: "node.kubernetes.io/unreachable",
                  operator: "Exists" as const,
                  effect: "NoExecute" as const,
                  tolerationSeconds: 0
                }
              ]
            }
          ],
          ["patient", { tolerations }]
        ] as const) {
          yield* client.create(pods, pod(name, "default", { nodeName: "quiet", ...spec }))
          yield* client.patch(pods, { namespace: "default", name }, { type: "merge", body: running }, { subresource: "status" })
        }
        const silent = yield* eventually(
          "taints",
          client.get(nodes, { name: "quiet" }),
          ({ spec }) => (spec?.taints ?? []).length === 2
        )
        expect(silent.spec?.taints?.map(({ key, effect }) => `${key}:${effect}`).sort()).toEqual([
          "node.kubernetes.io/unreachable:NoExecute",
          "node.kubernetes.io/unreachable:NoSchedule"
        ])
        expect(silent.status?.conditions?.find(({ type }) => type === "Ready")).toMatchObject({
          status: "Unknown",
          reason: "NodeStatusUnknown",
          message: "Kubelet stopped posting node status."
        })
        yield* eventually(
          "eviction",
          client.get(pods, { namespace: "default", name: "short" }),
          ({ metadata, status }) =>
            metadata?.deletionTimestamp !== undefined &&
            (status?.conditions ?? []).some(({ type }) => type === "DisruptionTarget")
        )
        const patient = yield* eventually(
          "not ready",
          client.get(pods, { namespace: "default", name: "patient" }),
          ({ status }) => status?.conditions?.find(({ type }) => type === "Ready")?.status === "False"
        )
        expect(patient.metadata?.deletionTimestamp).toBeUndefined()
        expect((yield* client.get(nodes, { name: "alive" })).spec?.taints ?? []).toEqual([])
      })
    )
  )

  test(
    "get subnets of their own, and give them back",
    live(() =>
      Effect.gen(function* () {
        const client = yield* start({ clusterCidrs: ["10.244.0.0/22", "fd00::/62"] })
        yield* Effect.forEach(["a", "b", "c", "d"], (name) => client.create(nodes, node(name)), { concurrency: "unbounded" })
        const all = yield* eventually("subnets", client.list(nodes), ({ items }) =>
          items.every(({ spec }) => spec?.podCIDRs?.length === 2)
        )
        expect(all.items.map(({ spec }) => spec?.podCIDR).sort()).toEqual([
          "10.244.0.0/24",
          "10.244.1.0/24",
          "10.244.2.0/24",
          "10.244.3.0/24"
        ])
        yield* client.create(nodes, node("e"))
        const free = all.items[2]!
        yield* client.delete(nodes, { name: free.metadata!.name! })
        yield* eventually("reuse", client.get(nodes, { name: "e" }), ({ spec }) => spec?.podCIDR === free.spec?.podCIDR)
      })
    )
  )
})
