/** Makes and ends pods, remembering what the caches do not show yet, and tells about it. @module */
import { type Pod, pods } from "@tsukube/api/core-v1"
import type { Client, ClientError } from "@tsukube/client"
import { Clock, Effect } from "effect"
import type { Expectations } from "./expectations.ts"
import { isNamespaceTerminating, isNotFound } from "./failure.ts"
import { nameOf, namespaceOf, uidOf } from "./object.ts"

/** A failed create or delete, as events and conditions tell it. */
export interface Failure {
  readonly reason: "FailedCreate" | "FailedDelete"
  readonly message: string
}

type Report = (type: "Normal" | "Warning", reason: string, message: string) => void

/** What the writes of one pass need. */
export interface PodHands {
  readonly client: Client
  readonly expectations: Expectations
  readonly key: string
  readonly report: Report
}

const createOne = ({ client, expectations, key, report }: PodHands, pod: Pod): Effect.Effect<Failure | undefined> =>
  Effect.gen(function* () {
    expectations.willCreate(key)
    const created = yield* Effect.result(client.create(pods, pod)).pipe(
      Effect.onInterrupt(() => Effect.sync(() => expectations.created(key, undefined, 0)))
    )
    const nowMs = yield* Clock.currentTimeMillis
    if (created._tag === "Success") {
      expectations.created(key, uidOf(created.success), nowMs)
      report("Normal", "SuccessfulCreate", `Created pod: ${nameOf(created.success)}`)
      return undefined
    }
    expectations.created(key, undefined, nowMs)
    if (isNamespaceTerminating(created.failure)) return undefined
    report("Warning", "FailedCreate", `Error creating: ${created.failure.message}`)
    return { reason: "FailedCreate", message: created.failure.message }
  })

/** Makes pods in batches of 1, 2, 4 …: a template that is refused costs one request, not hundreds. */
export const createPods = (hands: PodHands, wanted: ReadonlyArray<Pod>): Effect.Effect<Failure | undefined> =>
  Effect.gen(function* () {
    for (let start = 0, batch = 1; start < wanted.length; start += batch, batch *= 2) {
      const results = yield* Effect.forEach(wanted.slice(start, start + batch), (pod) => createOne(hands, pod), {
        concurrency: "unbounded"
      })
      const failure = results.find((result) => result !== undefined)
      if (failure !== undefined) return failure
    }
    return undefined
  })

/** Ends a pod; a failure is returned, and told as an event. */
export const deletePod = ({ client, expectations, key, report }: PodHands, pod: Pod): Effect.Effect<Failure | undefined> =>
  Effect.gen(function* () {
    const nowMs = yield* Clock.currentTimeMillis
    const uid = uidOf(pod)
    expectations.willDelete(key, uid, nowMs)
    const where = { namespace: namespaceOf(pod), name: nameOf(pod) }
    const failed = yield* client.delete(pods, where, { preconditions: { uid } }).pipe(
      Effect.as<ClientError | undefined>(undefined),
      Effect.catch((error) => Effect.succeed<ClientError | undefined>(error)),
      Effect.onInterrupt(() => Effect.sync(() => expectations.gone(key, uid)))
    )
    if (failed === undefined) {
      report("Normal", "SuccessfulDelete", `Deleted pod: ${nameOf(pod)}`)
      return undefined
    }
    expectations.gone(key, uid)
    if (isNotFound(failed)) return undefined
    report("Warning", "FailedDelete", `Error deleting: ${failed.message}`)
    return { reason: "FailedDelete", message: failed.message }
  })
