/** A Job controller that is stopped anywhere and started again counts every pod once. */
import { expect, test } from "bun:test"
import { jobs } from "@tsukube/api/batch-v1"
import { pods, serviceaccounts } from "@tsukube/api/core-v1"
import { makeInformers } from "@tsukube/client"
import { live } from "@tsukube/testing"
import { Effect, Exit, Scope } from "effect"
import { runControllers } from "../run.ts"
import { eventually, startCluster } from "../testing/cluster.ts"
import { playNodes } from "../testing/nodes.ts"
import { indexOf } from "./pod.ts"
import { makeJobController } from "./reconcile.ts"

const namespace = "default"
const template = { spec: { restartPolicy: "Never" as const, containers: [{ name: "main", image: "i" }] } }

test(
  "stopped ten times while pods end, it makes none too many, loses none and counts none twice",
  live(() =>
    Effect.gen(function* () {
      const cluster = yield* startCluster
      const { client } = cluster
      yield* client.create(serviceaccounts, { metadata: { name: "default", namespace } })
      /** How the pods of each Job ended; every third fails. */
      const ended = new Map<string, { succeeded: number; failed: number }>()
      let count = 0
      yield* playNodes(cluster, (pod) => {
        const name = pod.metadata?.labels?.["job-name"] ?? ""
        const sum = ended.get(name) ?? { succeeded: 0, failed: 0 }
        const exitCode = count++ % 3 === 0 ? 1 : 0
        ended.set(name, exitCode === 0 ? { ...sum, succeeded: sum.succeeded + 1 } : { ...sum, failed: sum.failed + 1 })
        return exitCode
      })
      const start = Effect.gen(function* () {
        const scope = yield* Scope.make()
        const run = Effect.gen(function* () {
          yield* runControllers(client, yield* makeInformers(client), {}, [makeJobController(1)])
        })
        yield* run.pipe(Effect.provideService(Scope.Scope, scope))
        return scope
      })
      const make = (name: string, indexed: boolean) =>
        client.create(jobs, {
          metadata: { name, namespace },
          spec: {
            parallelism: 7,
            completions: 20,
            template,
            ...(indexed ? { completionMode: "Indexed", backoffLimitPerIndex: 50 } : { backoffLimit: 1000 })
          }
        })
      yield* make("plain", false)
      yield* make("indexed", true)
      for (let round = 0; round < 10; round++) {
        const scope = yield* start
        yield* Effect.sleep(`${40 + 13 * round} millis`)
        yield* Scope.close(scope, Exit.void)
      }
      const last = yield* start
      for (const name of ["plain", "indexed"]) {
        const { status } = yield* eventually("completion", client.get(jobs, { namespace, name }), ({ status: now }) =>
          (now?.conditions ?? []).some(({ type }) => type === "Complete")
        )
        expect({ succeeded: status?.succeeded, failed: status?.failed }).toEqual(ended.get(name) ?? { succeeded: 0, failed: 0 })
      }
      const { items } = yield* client.list(pods, { namespace, labelSelector: "job-name=indexed" })
      const succeeded = items.filter(({ status }) => status?.phase === "Succeeded").map(indexOf)
      expect(new Set(succeeded).size).toBe(succeeded.length)
      expect(items.flatMap(({ metadata }) => metadata?.finalizers ?? [])).toEqual([])
      yield* Scope.close(last, Exit.void)
    })
  )
)
