/** Keeps the rules of aggregated ClusterRoles. @module */
import { clusterroles } from "@tsukube/api/rbac-v1"
import { runController } from "@tsukube/reconciler"
import { Effect } from "effect"
import { type Controller, type ControllerContext, listen } from "../controller.ts"
import { unlessGone } from "../failure.ts"
import { nameOf } from "../object.ts"
import { aggregatedRules } from "./plan.ts"

const run = ({ client, informers }: ControllerContext) =>
  Effect.suspend(() => {
    const cache = informers.of(clusterroles)
    return runController({
      name: "clusterrole-aggregation-controller",
      ready: cache.synced,
      reconcile: (name) =>
        Effect.gen(function* () {
          const role = cache.get(name)
          const rules = role === undefined ? undefined : aggregatedRules(role, cache.list())
          if (role === undefined || rules === undefined) return undefined
          const body = { metadata: { resourceVersion: role.metadata?.resourceVersion }, rules }
          yield* unlessGone(client.patch(clusterroles, { name }, { type: "merge", body }))
          return undefined
        }),
      // Any role may be part of any aggregated one; there are few of those.
      triggers: (enqueue) =>
        listen(() =>
          cache.on(({ object }) => {
            for (const role of cache.list()) if (role.aggregationRule !== undefined) enqueue(nameOf(role))
            if (object.aggregationRule !== undefined) enqueue(nameOf(object))
          })
        )
    })
  })

/** Upstream's clusterrole-aggregation-controller. */
export const clusterRoleAggregation: Controller = { name: "clusterrole-aggregation-controller", run }
