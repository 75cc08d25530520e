/** Deletes Jobs, and their pods with them, a while after they have finished. @module */
import { jobs } from "@tsukube/api/batch-v1"
import { runController } from "@tsukube/reconciler"
import { Clock, Effect } from "effect"
import { type Controller, type ControllerContext, listen } from "../controller.ts"
import { unlessGone } from "../failure.ts"
import { queueKeyOf, splitKey, uidOf } from "../object.ts"
import { untilExpiry } from "./plan.ts"

const run = ({ client, informers }: ControllerContext) => {
  const cache = informers.of(jobs)

  const reconcile = (key: string) =>
    Effect.gen(function* () {
      const cached = cache.get(key)
      const afterMs = cached === undefined ? undefined : untilExpiry(cached, yield* Clock.currentTimeMillis)
      if (afterMs === undefined) return undefined
      if (afterMs > 0) return { afterMs }
      // The time to live may have been changed a moment ago: nothing is deleted by what a late cache says.
      const fresh = yield* unlessGone(client.get(jobs, splitKey(key)))
      if (fresh === undefined || untilExpiry(fresh, yield* Clock.currentTimeMillis) !== 0) return undefined
      const options = { propagationPolicy: "Foreground", preconditions: { uid: uidOf(fresh) } } as const
      yield* unlessGone(client.delete(jobs, splitKey(key), options))
      return undefined
    })

  return runController({
    name: "ttl-after-finished-controller",
    concurrency: 5,
    ready: cache.synced,
    reconcile,
    triggers: (enqueue) => listen(() => cache.on(({ object }) => enqueue(queueKeyOf(object))))
  })
}

/** Upstream's ttl-after-finished-controller. */
export const ttlAfterFinishedController: Controller = { name: "ttl-after-finished-controller", run }
