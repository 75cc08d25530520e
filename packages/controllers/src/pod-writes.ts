/** Makes and ends pods, remembering what the caches do not show yet, and tells about it. @module */
import { type Pod, pods } from "@tsukube/api/core-v1"
import type { Client, ClientError } from "@tsukube/client"
import { Clock, Effect } from "effect"
import type { Expectations } from "./expectations.ts"
import { isAlreadyExists, isNamespaceTerminating, isNotFound } from "./failure.ts"
import { nameOf, namespaceOf, uidOf } from "./object.ts"

/** A failed create or delete, as events and conditions tell it. */
export interface Failure {
  readonly reason: "FailedCreate" | "FailedDelete"
  readonly message: string
}

type Report = (type: "Normal" | "Warning", reason: string, message: string) => void

/** How a controller's events word what it did. */
export interface PodWords {
  readonly created: (name: string) => string
  readonly notCreated: (name: string, message: string) => string
  readonly deleted: (name: string) => string
  readonly notDeleted: (name: string, message: string) => string
}

const usualWords: PodWords = {
  created: (name) => `Created pod: ${name}`,
  notCreated: (_, message) => `Error creating: ${message}`,
  deleted: (name) => `Deleted pod: ${name}`,
  notDeleted: (_, message) => `Error deleting: ${message}`
}

/** What the writes of one pass need. */
export interface PodHands {
  readonly client: Client
  readonly expectations: Expectations
  readonly key: string
  readonly report: Report
  /** Default: those of most controllers. */
  readonly words?: PodWords
}

/** Makes a pod; a failure is returned, and told as an event. */
export const createPod = (
  { client, expectations, key, report, words = usualWords }: PodHands,
  pod: Pod
): Effect.Effect<Failure | undefined> =>
  Effect.gen(function* () {
    expectations.willCreate(key)
    const created = yield* Effect.result(client.create(pods, pod)).pipe(
      Effect.onInterrupt(() => Effect.sync(() => expectations.created(key, undefined, 0)))
    )
    const nowMs = yield* Clock.currentTimeMillis
    if (created._tag === "Success") {
      expectations.created(key, uidOf(created.success), nowMs)
      report("Normal", "SuccessfulCreate", words.created(nameOf(created.success)))
      return undefined
    }
    expectations.created(key, undefined, nowMs)
    if (isNamespaceTerminating(created.failure)) return undefined
    // A pod whose name is given may be there already, when the cache is late.
    if (!isAlreadyExists(created.failure))
      report("Warning", "FailedCreate", words.notCreated(nameOf(pod), created.failure.message))
    return { reason: "FailedCreate", message: created.failure.message }
  })

/** Acts on all in batches of 1, 2, 4 …, up to the first batch with a failure. */
export const inBatches = <A>(
  items: ReadonlyArray<A>,
  act: (item: A) => Effect.Effect<Failure | undefined>
): Effect.Effect<Failure | undefined> =>
  Effect.gen(function* () {
    for (let start = 0, batch = 1; start < items.length; start += batch, batch *= 2) {
      const results = yield* Effect.forEach(items.slice(start, start + batch), act, { concurrency: "unbounded" })
      const failure = results.find((result) => result !== undefined)
      if (failure !== undefined) return failure
    }
    return undefined
  })

/** Makes pods in batches: a template that is refused costs one request, not hundreds. */
export const createPods = (hands: PodHands, wanted: ReadonlyArray<Pod>): Effect.Effect<Failure | undefined> =>
  inBatches(wanted, (pod) => createPod(hands, pod))

/** Ends a pod; a failure is returned, and told as an event. */
export const deletePod = (
  { client, expectations, key, report, words = usualWords }: PodHands,
  pod: Pod
): Effect.Effect<Failure | undefined> =>
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
      report("Normal", "SuccessfulDelete", words.deleted(nameOf(pod)))
      return undefined
    }
    expectations.gone(key, uid)
    if (isNotFound(failed)) return undefined
    report("Warning", "FailedDelete", words.notDeleted(nameOf(pod), failed.message))
    return { reason: "FailedDelete", message: failed.message }
  })
