/** Controllers of StatefulSets and DaemonSets that are stopped anywhere and started again. @module */
import { expect, test } from "bun:test"
import { controllerrevisions, daemonsets, statefulsets } from "@tsukube/api/apps-v1"
import { nodes, type Pod, pods } from "@tsukube/api/core-v1"
import { makeInformers } from "@tsukube/client"
import { live } from "@tsukube/testing"
import { Effect, Exit, Scope } from "effect"
import { runControllers } from "../run.ts"
import { eventually, startCluster } from "../testing/cluster.ts"
import { runPods } from "../testing/running-nodes.ts"

const namespace = "default"
const only = ["daemonset-controller", "statefulset-controller", "serviceaccount-controller"]
const template = (app: string, image: string) => ({ metadata: { labels: { app } }, spec: { containers: [{ name: "c", image }] } })

test(
  "stopped in the middle of everything, they make no pod twice and no revision twice, and bring every rollout to its end",
  live(() =>
    Effect.gen(function* () {
      const cluster = yield* startCluster
      const { client } = cluster
      yield* runPods(cluster)
      const start = Effect.gen(function* () {
        const scope = yield* Scope.make()
        const run = Effect.flatMap(makeInformers(client), (informers) => runControllers(client, informers, { only }))
        yield* run.pipe(Effect.provideService(Scope.Scope, scope))
        return scope
      })
      let scope = yield* start
      for (const name of ["node-1", "node-2", "node-3"]) {
        yield* client.create(nodes, { metadata: { name } })
        yield* client.patch(nodes, { name }, { type: "merge", body: { spec: { taints: null } } })
      }
      for (const app of ["web", "log"]) {
        const spec = { selector: { matchLabels: { app } }, template: template(app, "0") }
        const metadata = { namespace, name: app }
        if (app === "log") yield* client.create(daemonsets, { metadata, spec })
        else yield* client.create(statefulsets, { metadata, spec: { ...spec, replicas: 4, serviceName: app } })
      }
      const most = new Map<string, number>()
      const count = (items: ReadonlyArray<Pod>): void => {
        for (const app of ["web", "log"]) {
          const own = items.filter(({ metadata }) => metadata?.labels?.["app"] === app).length
          most.set(app, Math.max(most.get(app) ?? 0, own))
        }
      }
      for (let round = 1; round <= 8; round++) {
        for (const [resource, app] of [
          [statefulsets, "web"],
          [daemonsets, "log"]
        ] as const) {
          const body = { spec: { template: template(app, String(round)) } }
          yield* client.patch(resource as typeof daemonsets, { namespace, name: app }, { type: "strategic", body })
        }
        yield* Effect.sleep(`${5 * round} millis`)
        yield* Scope.close(scope, Exit.void)
        count((yield* client.list(pods, { namespace })).items)
        scope = yield* start
      }
      const all = yield* eventually("all are of the last template", client.list(pods, { namespace }), ({ items }) => {
        count(items)
        return (
          items.length === 7 &&
          items.every(({ spec, metadata }) => spec?.containers[0]?.image === "8" && metadata?.deletionTimestamp === undefined)
        )
      })
      expect(
        all.items
          .filter(({ metadata }) => metadata?.labels?.["app"] === "log")
          .map(({ spec }) => spec?.nodeName)
          .sort()
      ).toEqual(["node-1", "node-2", "node-3"])
      expect([most.get("web"), most.get("log")]).toEqual([4, 3])
      const { items } = yield* client.list(controllerrevisions, { namespace })
      const texts = items.map(({ metadata, data }) => `${metadata?.ownerReferences?.[0]?.kind} ${JSON.stringify(data)}`)
      expect(new Set(texts).size).toBe(texts.length)
      const set = yield* eventually(
        "complete",
        client.get(statefulsets, { namespace, name: "web" }),
        ({ status }) => status?.currentRevision === status?.updateRevision
      )
      expect(set.status).toMatchObject({ collisionCount: 0, replicas: 4 })
      yield* Scope.close(scope, Exit.void)
    })
  )
)
