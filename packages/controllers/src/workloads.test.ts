/** Deployments, replica sets and endpoints against a real API server in memory. @module */
import { describe, expect, test } from "bun:test"
import { type Deployment, deployments, replicasets } from "@tsukube/api/apps-v1"
import { endpoints, events, type Pod, pods, services } from "@tsukube/api/core-v1"
import { endpointslices } from "@tsukube/api/discovery-v1"
import { clusterroles } from "@tsukube/api/rbac-v1"
import type { Client } from "@tsukube/client"
import { live } from "@tsukube/testing"
import { Effect } from "effect"
import { runControllers } from "./run.ts"
import { eventually, startCluster, type TestCluster } from "./testing/cluster.ts"

const namespace = "default"
const deployment = (image: string, replicas: number): Deployment => ({
  metadata: { name: "web", namespace },
  spec: {
    replicas,
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: { containers: [{ name: "c", image, ports: [{ name: "http", containerPort: 8080 }] }] }
    }
  }
})

/** Makes every pod ready as soon as it appears, with an address of its own; ends deleted ones. */
const playKubelet = ({ client, informers }: TestCluster) =>
  Effect.gen(function* () {
    let address = 0
    const run = Effect.runForkWith(yield* Effect.context<never>())
    const act = (pod: Pod) => {
      const key = { namespace, name: pod.metadata?.name ?? "" }
      if (pod.metadata?.deletionTimestamp !== undefined) return Effect.asVoid(client.delete(pods, key, { gracePeriodSeconds: 0 }))
      const ip = `10.0.0.${++address}`
      const conditions = [{ type: "Ready", status: "True", lastTransitionTime: new Date().toISOString() }]
      const body = { status: { phase: "Running", podIP: ip, podIPs: [{ ip }], conditions } }
      return Effect.asVoid(client.patch(pods, key, { type: "merge", body }, { subresource: "status" }))
    }
    yield* Effect.acquireRelease(
      Effect.sync(() =>
        informers.of(pods).on((event) => {
          const pod = event.object
          if (event.type === "Delete") return
          if (pod.status?.podIP === undefined || pod.metadata?.deletionTimestamp !== undefined) run(Effect.ignore(act(pod)))
        })
      ),
      (off) => Effect.sync(off)
    )
  })

const getWeb = (client: Client) => client.get(deployments, { namespace, name: "web" })
const isRolledOut =
  (replicas: number) =>
  (web: Deployment): boolean =>
    web.status?.availableReplicas === replicas &&
    web.status.updatedReplicas === replicas &&
    web.status.replicas === replicas &&
    web.status.observedGeneration === web.metadata?.generation

/** Revisions of everything: two equal answers a while apart mean that nobody writes any more. */
const quiet = (client: Client) =>
  Effect.gen(function* () {
    const revisions = Effect.gen(function* () {
      const lists = [
        yield* client.list(deployments),
        yield* client.list(replicasets),
        yield* client.list(pods),
        yield* client.list(endpointslices)
      ]
      return JSON.stringify(lists.map(({ items }) => items.map(({ metadata }) => [metadata?.name, metadata?.resourceVersion])))
    })
    let before = yield* revisions
    for (let same = 0; same < 5; ) {
      yield* Effect.sleep("40 millis")
      const after = yield* revisions
      same = after === before ? same + 1 : 0
      before = after
    }
    return before
  })

describe("workloads", () => {
  test(
    "a Deployment is rolled out, updated, scaled, rolled back and left alone",
    live(() =>
      Effect.gen(function* () {
        const cluster = yield* startCluster
        const { client, informers } = cluster
        yield* runControllers(client, informers)
        yield* playKubelet(cluster)
        yield* client.create(deployments, deployment("nginx:1", 3))
        const first = yield* eventually("rollout", getWeb(client), isRolledOut(3))
        expect(first.metadata?.annotations?.["deployment.kubernetes.io/revision"]).toBe("1")
        expect(first.status?.conditions?.map(({ type, reason }) => `${type}:${reason}`).sort()).toEqual([
          "Available:MinimumReplicasAvailable",
          "Progressing:NewReplicaSetAvailable"
        ])
        const image = (name: string) => ({ spec: { template: { spec: { containers: [{ name: "c", image: name }] } } } })
        yield* client.patch(deployments, { namespace, name: "web" }, { type: "strategic", body: image("nginx:2") })
        yield* eventually("update", getWeb(client), isRolledOut(3))
        const running = yield* eventually("pods", client.list(pods), ({ items }) => items.length === 3)
        expect(running.items.every(({ spec }) => spec?.containers[0]?.image === "nginx:2")).toBe(true)
        yield* client.patch(deployments, { namespace, name: "web" }, { type: "merge", body: { spec: { replicas: 7 } } })
        yield* eventually("scale", getWeb(client), isRolledOut(7))
        yield* client.patch(deployments, { namespace, name: "web" }, { type: "strategic", body: image("nginx:1") })
        const back = yield* eventually("undo", getWeb(client), isRolledOut(7))
        expect(back.metadata?.annotations?.["deployment.kubernetes.io/revision"]).toBe("3")
        const sets = yield* client.list(replicasets)
        expect(sets.items.map(({ spec }) => spec?.replicas).sort()).toEqual([0, 7])
        const before = yield* quiet(client)
        expect(yield* quiet(client)).toBe(before)
        const said = yield* client.list(events)
        const messages = said.items.filter(({ reason }) => reason === "ScalingReplicaSet").map(({ message = "" }) => message)
        expect(messages.some((message) => /^Scaled up replica set web-[a-z0-9]+ from 0 to 3$/.test(message))).toBe(true)
        expect(
          said.items.some(({ reason, message }) => reason === "SuccessfulCreate" && message?.startsWith("Created pod: web-"))
        ).toBe(true)
        yield* client.delete(deployments, { namespace, name: "web" }, { propagationPolicy: "Background" })
        yield* eventually("collection", client.list(pods), ({ items }) => items.length === 0)
        yield* eventually("collection", client.list(replicasets), ({ items }) => items.length === 0)
      })
    )
  )

  test(
    "a replica set replaces what is deleted, adopts what fits, lets go what does not, and never makes too many",
    live(() =>
      Effect.gen(function* () {
        const cluster = yield* startCluster
        const { client, informers } = cluster
        yield* runControllers(client, informers)
        yield* playKubelet(cluster)
        const orphan: Pod = {
          metadata: { name: "orphan", namespace, labels: { app: "web" } },
          spec: { containers: [{ name: "c", image: "i" }] }
        }
        yield* client.create(pods, orphan)
        const { spec } = deployment("nginx:1", 0)
        yield* client.create(replicasets, {
          metadata: { name: "web", namespace },
          spec: { replicas: 20, selector: spec!.selector, template: spec!.template }
        })
        let most = 0
        const count = Effect.map(client.list(pods), ({ items }) => {
          most = Math.max(most, items.length)
          return items
        })
        const all = yield* eventually(
          "20 pods",
          count,
          (items) => items.length === 20 && items.every(({ status }) => status?.phase === "Running")
        )
        expect(most).toBe(20)
        expect(all.find(({ metadata }) => metadata?.name === "orphan")?.metadata?.ownerReferences?.[0]?.controller).toBe(true)
        const victim = { namespace, name: all.find(({ metadata }) => metadata?.name !== "orphan")!.metadata!.name! }
        yield* client.patch(pods, victim, { type: "merge", body: { metadata: { labels: { app: "other" } } } })
        const released = yield* eventually(
          "release",
          client.get(pods, victim),
          ({ metadata }) => (metadata?.ownerReferences ?? []).length === 0
        )
        expect(released.metadata?.deletionTimestamp).toBeUndefined()
        yield* eventually("21 pods", client.list(pods), ({ items }) => items.length === 21)
        yield* client.delete(replicasets, { namespace, name: "web" }, { propagationPolicy: "Orphan" })
        const left = yield* eventually(
          "orphans",
          client.list(pods),
          ({ items }) => items.length === 21 && items.every(({ metadata }) => (metadata?.ownerReferences ?? []).length === 0)
        )
        expect(left.items).toHaveLength(21)
      })
    )
  )

  test(
    "a Service has the endpoints of its ready pods, in slices and in Endpoints",
    live(() =>
      Effect.gen(function* () {
        const cluster = yield* startCluster
        const { client, informers } = cluster
        yield* runControllers(client, informers)
        yield* playKubelet(cluster)
        yield* client.create(services, {
          metadata: { name: "web", namespace, labels: { team: "a" } },
          spec: { selector: { app: "web" }, ports: [{ name: "http", port: 80, targetPort: "http" }] }
        })
        const ofWeb = Effect.map(
          client.list(endpointslices, { labelSelector: "kubernetes.io/service-name=web" }),
          ({ items }) => items
        )
        yield* eventually("placeholder", ofWeb, (items) => items.length === 1 && (items[0]?.endpoints ?? []).length === 0)
        yield* client.create(deployments, deployment("nginx:1", 3))
        const slices = yield* eventually(
          "endpoints",
          ofWeb,
          (items) => items[0]?.endpoints?.filter(({ conditions }) => conditions?.ready === true).length === 3
        )
        expect(slices).toHaveLength(1)
        expect(slices[0]?.ports).toEqual([{ name: "http", protocol: "TCP", port: 8080 }])
        expect(slices[0]?.metadata?.labels).toMatchObject({
          team: "a",
          "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"
        })
        const old = yield* eventually(
          "Endpoints",
          client.get(endpoints, { namespace, name: "web" }),
          ({ subsets }) => subsets?.[0]?.addresses?.length === 3
        )
        expect(old.subsets?.[0]?.ports).toEqual([{ name: "http", protocol: "TCP", port: 8080 }])
        yield* client.patch(deployments, { namespace, name: "web" }, { type: "merge", body: { spec: { replicas: 1 } } })
        yield* eventually("shrunk", ofWeb, (items) => items[0]?.endpoints?.length === 1)
        const before = yield* quiet(client)
        expect(yield* quiet(client)).toBe(before)
        yield* client.delete(services, { namespace, name: "web" })
        yield* eventually("gone", ofWeb, (items) => items.length === 0)
        yield* eventually(
          "gone",
          client.list(endpoints, { namespace, fieldSelector: "metadata.name=web" }),
          ({ items }) => items.length === 0
        )
      })
    )
  )
})

describe("what people write by hand", () => {
  test(
    "Endpoints of a Service without a selector get slices, and lose them again",
    live(() =>
      Effect.gen(function* () {
        const { client, informers } = yield* startCluster
        yield* runControllers(client, informers)
        const key = { namespace, name: "outside" }
        yield* client.create(services, { metadata: key, spec: { ports: [{ port: 80 }] } })
        const subset = (...ips: ReadonlyArray<string>) => ({ addresses: ips.map((ip) => ({ ip })), ports: [{ port: 8080 }] })
        yield* client.create(endpoints, { metadata: { ...key, labels: { team: "a" } }, subsets: [subset("192.0.2.10")] })
        const all = Effect.map(
          client.list(endpointslices, { labelSelector: "kubernetes.io/service-name=outside" }),
          ({ items }) => items
        )
        const [slice] = yield* eventually("mirror", all, (items) => items.length === 1)
        expect(slice?.endpoints).toEqual([{ addresses: ["192.0.2.10"], conditions: { ready: true } }])
        expect(slice?.metadata?.labels).toMatchObject({
          team: "a",
          "endpointslice.kubernetes.io/managed-by": "endpointslicemirroring-controller.k8s.io"
        })
        yield* client.patch(endpoints, key, { type: "merge", body: { subsets: [subset("192.0.2.10", "192.0.2.11")] } })
        yield* eventually("change", all, (items) => items[0]?.endpoints?.length === 2)
        yield* client.delete(endpoints, key)
        yield* eventually("end", all, (items) => items.length === 0)
      })
    )
  )

  test(
    "a ClusterRole is put together from those with its labels",
    live(() =>
      Effect.gen(function* () {
        const { client, informers } = yield* startCluster
        yield* runControllers(client, informers)
        const rule = { apiGroups: ["example.com"], resources: ["things"], verbs: ["get"] }
        const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { part: "whole" } }] }
        yield* client.create(clusterroles, { metadata: { name: "whole" }, aggregationRule, rules: [] })
        yield* client.create(clusterroles, { metadata: { name: "part", labels: { part: "whole" } }, rules: [rule] })
        yield* eventually("whole", client.get(clusterroles, { name: "whole" }), ({ rules }) => rules?.length === 1)
        yield* client.delete(clusterroles, { name: "part" })
        yield* eventually("empty", client.get(clusterroles, { name: "whole" }), ({ rules }) => (rules ?? []).length === 0)
      })
    )
  )
})
