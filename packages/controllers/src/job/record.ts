/** Writes down what a pass has come to, in the order that counts every pod once. @module */
import { type Job, type JobStatus, jobs } from "@tsukube/api/batch-v1"
import type { Client, ClientError } from "@tsukube/client"
import { Effect } from "effect"
import { sameMeaning } from "../canonical.ts"
import { unlessGone } from "../failure.ts"
import { uidOf } from "../object.ts"
import type { OwnWrites } from "../own-writes.ts"
import type { Outcome } from "./act.ts"
import type { Ending } from "./ending.ts"
import type { Finalizers } from "./finalizer.ts"
import { enter, finish, settle, withoutZeros } from "./ledger.ts"
import { type Suspension, suspension } from "./suspension.ts"
import { isOpen, type Situation, type Tally } from "./tally.ts"

/** What is worth telling afterwards. */
export interface Recorded {
  /** The Job as it was written last. */
  readonly job: Job
  readonly event?: Suspension["event"] | undefined
  /** How it ended, in the pass in which it ended. */
  readonly ended?: Ending | undefined
  /** A finalizer could not be taken. */
  readonly failure?: ClientError | undefined
}

/** What it writes through. */
export interface Pen {
  readonly client: Client
  readonly newest: OwnWrites<Job>
  readonly finalizers: Finalizers
  /** Called once the ended pods are written down. */
  readonly written: () => void
}

/** Writes the status where it says something new; undefined when the Job is gone. */
const write = ({ client, newest }: Pen, job: Job, status: JobStatus): Effect.Effect<Job | undefined, ClientError> => {
  const wanted = withoutZeros(status)
  if (sameMeaning(job.status ?? {}, wanted)) return Effect.succeed(job)
  return Effect.tap(unlessGone(client.updateStatus(jobs, { ...job, status: wanted })), (now) =>
    Effect.sync(() => (now === undefined ? undefined : newest.wrote(now)))
  )
}

/**
 * Writes ended pods down, takes their finalizers, counts them, and says last of all that the Job has ended. `stored` is the
 * Job as the API server has it. The answer is undefined when the Job is gone.
 */
export const record = (
  pen: Pen,
  stored: Job,
  situation: Situation,
  sum: Tally,
  outcome: Outcome
): Effect.Effect<Recorded | undefined, ClientError> =>
  Effect.gen(function* () {
    const { job, pods, nowMs } = situation
    const { active, ready, terminating, ending } = outcome
    const { status, release, isAll } = enter(situation, sum, ending)
    const { status: rested, event }: Suspension =
      ending === undefined && outcome.isManaged ? suspension(job, status, nowMs) : { status }
    const noted = yield* write(pen, stored, { ...rested, active, ready, terminating })
    if (noted === undefined) return undefined
    pen.written()
    const results = yield* Effect.forEach(release, (pod) => Effect.result(pen.finalizers.release(pod)), { concurrency: 32 })
    const gone = new Set(release.filter((_, at) => results[at]?._tag === "Success").map(uidOf))
    const tracked = pods.filter((pod) => isOpen(situation, pod)).map(uidOf)
    const counted = settle(noted.status ?? {}, new Set(tracked.filter((uid) => !gone.has(uid))))
    const last = ending !== undefined && isAll ? finish(job, counted, ending, nowMs) : undefined
    const now = yield* write(pen, noted, last ?? counted)
    if (now === undefined) return undefined
    const failure = results.find((result) => result._tag === "Failure")?.failure
    return { job: now, event, ended: last === undefined ? undefined : ending, failure }
  })
