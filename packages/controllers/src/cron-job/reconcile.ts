/** Starts the Jobs of every CronJob when they are due, and clears away old ones. @module */
import { controllerOf, isControlledBy, parseCron } from "@tsukube/api"
import { type CronJob, type CronJobStatus, cronjobs, type Job, jobs } from "@tsukube/api/batch-v1"
import type { ObjectReference } from "@tsukube/api/core-v1"
import { runController } from "@tsukube/reconciler"
import { Clock, Effect } from "effect"
import { sameMeaning } from "../canonical.ts"
import { allSynced, type Controller, type ControllerContext, listen, withKind } from "../controller.ts"
import { isAlreadyExists, isNamespaceTerminating, unlessGone } from "../failure.ts"
import { formatTime, isDeleting, nameOf, namespaceOf, queueKeyOf, uidOf } from "../object.ts"
import { ownWrites } from "../own-writes.ts"
import { ownerIndexes } from "../owned.ts"
import { activeReference, jobOf } from "./job.ts"
import { decide, review, type Said, timing } from "./plan.ts"
import { offsetsOf } from "./time-zone.ts"

/** Looks a moment after a run is due: clocks differ a little. */
const lateMs = 100

const utc = (): number => 0

const run = (context: ControllerContext) =>
  Effect.gen(function* () {
    const { client, informers } = context
    const cronCache = informers.of(cronjobs)
    const jobCache = informers.of(jobs, { indexes: ownerIndexes })
    const recorder = yield* context.recorder("cronjob-controller")
    const newest = ownWrites(cronCache)

    const tell = (cronJob: CronJob, { type, reason, message }: Said): void =>
      recorder.event(withKind(cronJob, cronjobs), type, reason, message)

    /** Deletes a Job with its pods; false when that failed. */
    const remove = (cronJob: CronJob, job: Pick<ObjectReference, "name" | "namespace" | "uid">) => {
      const [name, uid] = [job.name ?? "", job.uid ?? ""]
      const options = { propagationPolicy: "Background", preconditions: { uid } } as const
      return unlessGone(client.delete(jobs, { namespace: namespaceOf(cronJob), name }, options)).pipe(
        Effect.map(() => tell(cronJob, { type: "Normal", reason: "SuccessfulDelete", message: `Deleted job ${name}` })),
        Effect.tapError((error) =>
          Effect.sync(() => tell(cronJob, { type: "Warning", reason: "FailedDelete", message: `Deleted job: ${error.message}` }))
        )
      )
    }

    /** The active Jobs without those that are really gone. */
    const withoutMissing = (cronJob: CronJob, active: ReadonlyArray<ObjectReference>, missing: ReadonlyArray<ObjectReference>) =>
      Effect.gen(function* () {
        const gone = new Set<string | undefined>()
        for (const { name = "", uid } of missing) {
          const live = yield* unlessGone(client.get(jobs, { namespace: namespaceOf(cronJob), name }))
          if (live !== undefined && uidOf(live) === uid) continue
          gone.add(uid)
          tell(cronJob, { type: "Normal", reason: "MissingJob", message: `Active job went missing: ${name}` })
        }
        return active.filter(({ uid }) => !gone.has(uid))
      })

    /** Makes the Job of a run. One that is there already was made before a crash, or by somebody else: that one is not ours. */
    const create = (cronJob: CronJob, wanted: Job) =>
      client.create(jobs, wanted).pipe(
        Effect.tap((job) =>
          Effect.sync(() => tell(cronJob, { type: "Normal", reason: "SuccessfulCreate", message: `Created job ${nameOf(job)}` }))
        ),
        Effect.catchIf(isAlreadyExists, () =>
          Effect.map(unlessGone(client.get(jobs, { namespace: namespaceOf(wanted), name: nameOf(wanted) })), (job) =>
            job !== undefined && isControlledBy(job, cronJob) ? job : undefined
          )
        ),
        Effect.tapError((error) =>
          Effect.sync(() => {
            if (isNamespaceTerminating(error)) return
            tell(cronJob, { type: "Warning", reason: "FailedCreate", message: `Error creating job: ${error.message}` })
          })
        )
      )

    const start = (cronJob: CronJob, status: CronJobStatus, dueMs: number) =>
      Effect.gen(function* () {
        const { timeZone, concurrencyPolicy } = cronJob.spec
        const replaced = concurrencyPolicy === "Replace" ? (status.active ?? []) : []
        for (const job of replaced) yield* remove(cronJob, job)
        const job = yield* create(cronJob, jobOf(cronJob, dueMs, timeZone === undefined ? utc : (offsetsOf(timeZone) ?? utc)))
        if (job === undefined) return status
        const active = (status.active ?? []).filter((one) => !replaced.includes(one) && one.uid !== uidOf(job))
        return { ...status, active: [...active, activeReference(job)], lastScheduleTime: formatTime(dueMs) }
      })

    /** Starts what is due; the answer says when to look again. */
    const schedule = (cronJob: CronJob, status: CronJobStatus) =>
      Effect.gen(function* () {
        const idle = { status, again: undefined }
        const { schedule: text, suspend, timeZone } = cronJob.spec
        const offsetAt = offsetsOf(timeZone)
        if (isDeleting(cronJob)) return idle
        if (offsetAt === undefined) {
          const message = `invalid timeZone: ${JSON.stringify(timeZone)}: unknown time zone ${timeZone}`
          tell(cronJob, { type: "Warning", reason: "UnknownTimeZone", message })
          return idle
        }
        if (suspend === true) return idle
        const parsed = parseCron(text)
        if (typeof parsed === "string") {
          const message = `unparseable schedule: ${JSON.stringify(text)} : ${parsed}`
          tell(cronJob, { type: "Warning", reason: "UnparseableSchedule", message })
          return idle
        }
        const nowMs = yield* Clock.currentTimeMillis
        const times = timing(cronJob, parsed, offsetAt, nowMs)
        if (times.nextMs === undefined) {
          const never = "time difference between two schedules is less than 1 second"
          tell(cronJob, { type: "Warning", reason: "InvalidSchedule", message: `invalid schedule: ${text} : ${never}` })
        }
        const { isStarted, said } = decide(cronJob, status, times, nowMs)
        for (const one of said) tell(cronJob, one)
        const after = isStarted && times.dueMs !== undefined ? yield* start(cronJob, status, times.dueMs) : status
        return { status: after, again: times.nextMs === undefined ? undefined : { afterMs: times.nextMs + lateMs - nowMs } }
      })

    const reconcile = (key: string) =>
      Effect.gen(function* () {
        const cronJob = newest.get(key)
        if (cronJob === undefined) return undefined
        const { status: reviewed, said, missing, outdated } = review(cronJob, jobCache.byIndex("owner", uidOf(cronJob)))
        for (const one of said) tell(cronJob, one)
        for (const { metadata } of outdated) yield* remove(cronJob, metadata ?? {})
        const active = yield* withoutMissing(cronJob, reviewed.active ?? [], missing)
        // A Job that can't be made must not hold back what is known of the others.
        const tried = yield* Effect.result(schedule(cronJob, { ...reviewed, active }))
        const status = tried._tag === "Success" ? tried.success.status : { ...reviewed, active }
        if (!sameMeaning(cronJob.status ?? {}, status)) {
          const now = yield* unlessGone(client.updateStatus(cronjobs, { ...cronJob, status }))
          if (now !== undefined) newest.wrote(now)
        }
        return tried._tag === "Success" ? tried.success.again : yield* tried.failure
      })

    yield* runController({
      name: "cronjob-controller",
      concurrency: 5,
      ready: allSynced(cronCache, jobCache),
      reconcile,
      triggers: (enqueue) => {
        const wakeOwner = (job: Job): void => {
          const owner = controllerOf(job)
          if (owner?.kind === cronjobs.kind) enqueue(`${namespaceOf(job)}/${owner.name}`)
        }
        return listen(
          () => cronCache.on(({ object }) => enqueue(queueKeyOf(object))),
          () =>
            jobCache.on((event) => {
              wakeOwner(event.object)
              if (event.type === "Update") wakeOwner(event.previous)
            })
        )
      }
    })
  })

/** Upstream's cronjob-controller. */
export const cronJobController: Controller = { name: "cronjob-controller", run }
