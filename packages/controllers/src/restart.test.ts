/** Controllers that are stopped anywhere and started again end where they would have ended. @module */
import { expect, test } from "bun:test"
import { deployments, replicasets } from "@tsukube/api/apps-v1"
import { pods, services } from "@tsukube/api/core-v1"
import { endpointslices } from "@tsukube/api/discovery-v1"
import { makeInformers } from "@tsukube/client"
import { live } from "@tsukube/testing"
import { Effect, Exit, Scope } from "effect"
import { runControllers } from "./run.ts"
import { eventually, startCluster } from "./testing/cluster.ts"

const namespace = "default"

test(
  "stopped in the middle of everything, ten times, they make nothing twice and leave nothing out",
  live(() =>
    Effect.gen(function* () {
      const { client } = yield* startCluster
      const start = Effect.gen(function* () {
        const scope = yield* Scope.make()
        const run = Effect.gen(function* () {
          yield* runControllers(client, yield* makeInformers(client))
        })
        yield* run.pipe(Effect.provideService(Scope.Scope, scope))
        return scope
      })
      let scope = yield* start
      for (let round = 0; round < 10; round++) {
        const name = `web-${round}`
        const template = { metadata: { labels: { app: name } }, spec: { containers: [{ name: "c", image: "nginx:1" }] } }
        yield* client.create(deployments, {
          metadata: { name, namespace },
          spec: { replicas: 5, selector: { matchLabels: { app: name } }, template }
        })
        yield* client.create(services, {
          metadata: { name, namespace },
          spec: { selector: { app: name }, ports: [{ port: 80 }] }
        })
        if (round > 2) {
          const change = { spec: { replicas: 3 + round, template: { spec: { containers: [{ name: "c", image: "nginx:2" }] } } } }
          yield* client.patch(deployments, { namespace, name: `web-${round - 3}` }, { type: "strategic", body: change })
        }
        if (round > 7) yield* client.delete(deployments, { namespace, name: `web-${round}` }, { propagationPolicy: "Background" })
        yield* Effect.sleep(`${3 * round} millis`)
        yield* Scope.close(scope, Exit.void)
        scope = yield* start
      }
      // Pods never become ready here: every Deployment stands where its surge allows.
      const settled = Effect.gen(function* () {
        const [web, sets, all, slices] = [
          yield* client.list(deployments),
          yield* client.list(replicasets),
          yield* client.list(pods),
          yield* client.list(endpointslices, { namespace, labelSelector: "kubernetes.io/service-name" })
        ]
        const uids = web.items.map(({ metadata }) => metadata?.uid)
        return {
          deployments: web.items.length,
          unobserved: web.items.filter(({ status, metadata }) => status?.observedGeneration !== metadata?.generation).length,
          // Whether a template that was replaced at once ever got a replica set is a matter of luck; the current one has one.
          wrong: web.items.filter(({ metadata, spec }) => {
            const image = spec?.template.spec?.containers[0]?.image
            const own = sets.items.filter((set) => set.metadata?.ownerReferences?.[0]?.uid === metadata?.uid)
            return own.filter((set) => set.spec?.template?.spec?.containers[0]?.image === image).length !== 1
          }).length,
          strays: sets.items.filter(({ metadata }) => !uids.includes(metadata?.ownerReferences?.[0]?.uid)).length,
          pods: all.items.length - sets.items.reduce((sum, { spec }) => sum + (spec?.replicas ?? 0), 0),
          slices: slices.items.filter(({ metadata }) => metadata?.labels?.["kubernetes.io/service-name"]?.startsWith("web-"))
            .length
        }
      })
      // Every Deployment has one replica set of its template; no pod too many or too few.
      const wanted = { deployments: 8, unobserved: 0, wrong: 0, strays: 0, pods: 0, slices: 10 }
      const state = yield* eventually("rest", settled, (found) => JSON.stringify(found) === JSON.stringify(wanted))
      expect(state).toEqual(wanted)
      yield* Scope.close(scope, Exit.void)
    })
  )
)
