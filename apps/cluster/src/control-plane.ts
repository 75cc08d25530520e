/** API server, controllers and scheduler of a cluster, in this process. @module */
import type { Resource } from "@tsukube/api"
import { Apiserver, type ApiserverOptions, layer as layerApiserver } from "@tsukube/apiserver"
import { makeClient, makeInformers } from "@tsukube/client"
import { all, runControllers } from "@tsukube/controllers"
import { leaderElection } from "@tsukube/reconciler"
import { runScheduler } from "@tsukube/scheduler"
import type { Store, StoreError } from "@tsukube/store"
import { Context, Effect, Layer, Schedule, type Scope } from "effect"
import { accountOf } from "./controller-accounts.ts"

/** Builds the API server over the store of the context. */
export const makeApiserver = (options: ApiserverOptions): Effect.Effect<Apiserver, StoreError, Store | Scope.Scope> =>
  Effect.map(Layer.build(layerApiserver(options)), (context) => Context.get(context, Apiserver))

export interface LoopOptions {
  readonly apiserver: Apiserver
  readonly clusterCidr: string
  /** What the API server serves. */
  readonly resources: ReadonlyArray<Resource>
  /** The authority's certificate, published to every namespace. */
  readonly rootCa: string
  /** Names this process among others on the same store; undefined when there can be no others. */
  readonly identity: string | undefined
}

/**
 * Runs controllers and scheduler. Where other processes may serve the same store, each of the two runs only while this process holds
 * its Lease, as upstream's do.
 */
export const runLoops = ({
  apiserver,
  clusterCidr,
  resources,
  rootCa,
  identity
}: LoopOptions): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    // What all of them share: caches of everything, and the Lease. What one of them writes, it writes under an account of its own.
    const controllers = makeClient(
      apiserver.fetchAs({ name: "system:kube-controller-manager", groups: ["system:authenticated"] })
    )
    const scheduler = makeClient(apiserver.fetchAs({ name: "system:kube-scheduler", groups: ["system:authenticated"] }))
    const loops = [
      {
        name: "kube-controller-manager",
        client: controllers,
        run: Effect.gen(function* () {
          const informers = yield* makeInformers(controllers)
          const options = { rootCa, resources, clusterCidrs: [clusterCidr] }
          for (const controller of all) {
            const client = makeClient(apiserver.fetchAs(accountOf(controller.name)))
            yield* runControllers(client, informers, options, [controller])
          }
        })
      },
      {
        name: "kube-scheduler",
        client: scheduler,
        run: Effect.gen(function* () {
          yield* runScheduler(scheduler, yield* makeInformers(scheduler))
        })
      }
    ]
    for (const { name, client, run } of loops) {
      if (identity === undefined) {
        yield* run
        continue
      }
      const lease = { namespace: "kube-system", name }
      const whileLeading = leaderElection({ client, lease, identity })(Effect.scoped(Effect.andThen(run, Effect.never)))
      // Whoever loses the lease becomes a candidate again.
      yield* whileLeading.pipe(
        Effect.tapError((error) => Effect.logWarning(error.message)),
        Effect.retry(Schedule.spaced("2 seconds")),
        Effect.forkScoped
      )
    }
  })
