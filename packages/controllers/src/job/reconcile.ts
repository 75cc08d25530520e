/** Brings every Job to its end: makes its pods, counts how they end, and says what became of it. @module */
import { type Job, jobs } from "@tsukube/api/batch-v1"
import { pods } from "@tsukube/api/core-v1"
import { type EventRecorder, runController } from "@tsukube/reconciler"
import { Clock, Data, Effect } from "effect"
import { allSynced, type Controller, type ControllerContext, listen, withKind } from "../controller.ts"
import { makeExpectations } from "../expectations.ts"
import { namespaceOf, queueKeyOf, uidOf } from "../object.ts"
import { ownWrites } from "../own-writes.ts"
import { claimOwned, ownerIndexes } from "../owned.ts"
import { ownerTrigger } from "../pod-trigger.ts"
import { act, type Outcome } from "./act.ts"
import { type Backoff, noBackoff } from "./backoff.ts"
import { type Ending, finished, untilDeadline } from "./ending.ts"
import { makeFinalizers } from "./finalizer.ts"
import { isManagedElsewhere, runOrphans } from "./orphans.ts"
import { trackingFinalizer } from "./pod.ts"
import { record } from "./record.ts"
import { started } from "./suspension.ts"
import { type Situation, tally } from "./tally.ts"

/** A pod could not be made, ended or let go; the pass is tried again. */
class PodsFailed extends Data.Error<{ readonly message: string }> {
  readonly _tag = "PodsFailed"
}

/** Pods change in crowds: their Job is looked at a moment later, once for all of them. */
const gatherMs = 100

const tellEnd = (recorder: EventRecorder, job: Job, { type, reason, message }: Ending): void => {
  const subject = withKind(job, jobs)
  if (type === "Failed") {
    recorder.event(subject, "Warning", reason, message)
    return
  }
  if ((job.status?.succeeded ?? 0) > (job.spec?.completions ?? Number.POSITIVE_INFINITY)) {
    const tooMany = "Too many succeeded pods running after completion count reached"
    recorder.event(subject, "Warning", "TooManySucceededPods", tooMany)
  }
  recorder.event(subject, "Normal", "Completed", "Job completed")
}

/** When the Job is to be looked at again although nothing happens. */
const again = (job: Job, { waitMs }: Outcome, nowMs: number): { readonly afterMs: number } | undefined => {
  const waits = [waitMs, finished(job) === undefined ? untilDeadline(job, nowMs) : undefined].filter((wait) => wait !== undefined)
  return waits.length === 0 ? undefined : { afterMs: Math.max(1, Math.min(...waits)) }
}

const run = (context: ControllerContext, firstBackoffMs: number) =>
  Effect.gen(function* () {
    const { client, informers } = context
    const jobCache = informers.of(jobs)
    const podCache = informers.of(pods, { indexes: ownerIndexes })
    const recorder = yield* context.recorder("job-controller")
    const expectations = makeExpectations()
    const finalizers = makeFinalizers(client, podCache)
    const newest = ownWrites(jobCache)
    const backoffs = new Map<string, Backoff>()

    /** The Job with its pods, adopted and let go as its selector says. */
    const look = (key: string, stored: Job) =>
      Effect.gen(function* () {
        const nowMs = yield* Clock.currentTimeMillis
        // Both asked before the cache is read: what arrives in between only makes the answer too careful.
        const settled = expectations.settled(key, nowMs)
        const released = new Set(finalizers.released)
        const candidates = [...podCache.byIndex("owner", uidOf(stored)), ...podCache.byIndex("orphans", namespaceOf(stored))]
        const own = yield* claimOwned(client, stored, jobs, stored.spec?.selector, candidates, pods, trackingFinalizer)
        const job = { ...stored, status: started(stored, nowMs) }
        const backoff = backoffs.get(key) ?? noBackoff
        return { job, pods: own, released, backoff, settled, nowMs } satisfies Situation
      })

    const reconcile = (key: string) =>
      Effect.gen(function* () {
        const stored = newest.get(key)
        if (stored === undefined) expectations.forget(key)
        if (stored === undefined || isManagedElsewhere(stored) || finished(stored) !== undefined) {
          backoffs.delete(key)
          return undefined
        }
        const situation = yield* look(key, stored)
        const sum = tally(situation)
        const report = (type: "Normal" | "Warning", reason: string, message: string): void =>
          recorder.event(withKind(stored, jobs), type, reason, message)
        const hands = { client, expectations, key, report, release: finalizers.release, firstBackoffMs }
        const outcome = yield* act(hands, situation, sum)
        const pen = { client, newest, finalizers, written: () => void backoffs.set(key, sum.backoff) }
        const recorded = yield* record(pen, stored, situation, sum, outcome)
        if (recorded === undefined) return undefined
        if (recorded.event !== undefined) report("Normal", recorded.event.reason, recorded.event.message)
        if (recorded.ended !== undefined) tellEnd(recorder, recorded.job, recorded.ended)
        const { message } = outcome.failure ?? recorded.failure ?? {}
        if (message !== undefined) return yield* new PodsFailed({ message })
        return again(recorded.job, outcome, situation.nowMs)
      })

    yield* runController({
      name: "job-controller",
      concurrency: 5,
      ready: allSynced(jobCache, podCache),
      reconcile,
      triggers: (enqueue) => {
        const later = (key: string): void => enqueue(key, gatherMs)
        const wake = ownerTrigger({
          cache: jobCache,
          resource: jobs,
          selectorOf: ({ spec }) => spec?.selector,
          expectations,
          enqueue: later
        })
        return listen(
          () =>
            jobCache.on((event) => {
              const isOwnWord =
                event.type === "Update" && event.object.metadata?.generation === event.previous.metadata?.generation
              enqueue(queueKeyOf(event.object), isOwnWord ? gatherMs : 0)
            }),
          () =>
            podCache.on((event) => {
              finalizers.observed(event.object, event.type === "Delete")
              wake(event)
            })
        )
      }
    })
    yield* runOrphans(client, { jobs: jobCache, pods: podCache })
  })

/** The Job controller; `firstBackoffMs` is how long it waits after a failure, twice as long after each more. */
export const makeJobController = (firstBackoffMs: number): Controller => ({
  name: "job-controller",
  run: (context) => run(context, firstBackoffMs)
})

/** Upstream's job-controller. */
export const jobController: Controller = makeJobController(10_000)
