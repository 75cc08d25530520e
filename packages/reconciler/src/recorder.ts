/** Tells people what a component did to an object, as Kubernetes Events, without ever getting in its way. @module */
import type { KubernetesObject } from "@tsukube/api"
import { type Event, events, type ObjectReference } from "@tsukube/api/core-v1"
import type { Client, ClientError } from "@tsukube/client"
import { Clock, Effect, Queue, Schedule, type Scope } from "effect"
import { EventCorrelator, type Occurrence, type Sighting } from "./event-correlation.ts"

/** Reports events; they are written in the background, soon, but nobody promises that they are. */
export interface EventRecorder {
  /**
   * Reports that something happened to `object` (an object, or a reference when the event is about a part of it). Returns at
   * once and never fails. Equal events become one with a count; too many about one object are dropped.
   *
   * @param reason one word in CamelCase, for machines
   * @param message a sentence, for people
   * @param action what was done or tried, when it differs from the reason
   */
  readonly event: (
    object: KubernetesObject | ObjectReference,
    type: "Normal" | "Warning",
    reason: string,
    message: string,
    action?: string
  ) => void
}

/** Who reports. */
export interface RecorderOptions {
  /** Who reports, such as `kubelet` or `deployment-controller`. */
  readonly component: string
  /** On which node, for components that run on one. */
  readonly host?: string
}

/** Events that wait to be written; while the API server is away, later ones are dropped. */
const queueLimit = 1000
/** While there is no answer at all a write is tried for about two minutes; a refused one is given up. */
const retries = Schedule.max([Schedule.jittered(Schedule.spaced("10 seconds")), Schedule.recurs(12)])

/** A recorder that writes through this client until the scope closes; what is queued then is lost. */
export const makeRecorder = (client: Client, options: RecorderOptions): Effect.Effect<EventRecorder, never, Scope.Scope> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const correlator = new EventCorrelator()
    const queue = yield* Queue.dropping<Occurrence & { readonly nowMs: number }>(queueLimit)
    yield* Queue.take(queue).pipe(
      Effect.flatMap((occurrence) => {
        const sighting = correlator.see(occurrence, occurrence.nowMs, clock.currentTimeNanosUnsafe())
        return sighting === undefined ? Effect.void : write(client, options, occurrence, sighting)
      }),
      Effect.forever,
      Effect.forkScoped
    )
    return {
      event: (object, type, reason, message, action) => {
        const occurrence = { involvedObject: referenceTo(object), type, reason, message, nowMs: clock.currentTimeMillisUnsafe() }
        Queue.offerUnsafe(queue, action === undefined ? occurrence : { ...occurrence, action })
      }
    }
  })

/** A reference to the object as Events and other objects hold it. */
export const referenceTo = (object: KubernetesObject | ObjectReference): ObjectReference => {
  if (!("metadata" in object)) return object
  const { apiVersion, kind, metadata } = object
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(metadata?.namespace === undefined ? {} : { namespace: metadata.namespace }),
    ...(metadata?.name === undefined ? {} : { name: metadata.name }),
    ...(metadata?.uid === undefined ? {} : { uid: metadata.uid }),
    ...(apiVersion === undefined ? {} : { apiVersion }),
    ...(metadata?.resourceVersion === undefined ? {} : { resourceVersion: metadata.resourceVersion })
  }
}

const write = (client: Client, options: RecorderOptions, occurrence: Occurrence, sighting: Sighting): Effect.Effect<void> => {
  const event = eventOf(options, occurrence, sighting)
  const create = client.create(events, event)
  const key = { namespace: event.metadata.namespace!, name: sighting.name }
  const { count, lastTimestamp, message } = event
  const raise = client.patch(events, key, { type: "strategic", body: { count, lastTimestamp, message } })
  // An event that has expired meanwhile begins again, with the count it had.
  const put = sighting.count === 1 ? create : Effect.catchIf(raise, isNotFound, () => create)
  return put.pipe(
    Effect.retry({ schedule: retries, while: (error) => error._tag === "TransportError" }),
    Effect.catch((error) =>
      isEndOfNamespace(error)
        ? Effect.void
        : Effect.logWarning(`event ${occurrence.reason} of ${occurrence.involvedObject.name} was not written: ${error.message}`)
    ),
    Effect.asVoid
  )
}

const eventOf = ({ component, host = "" }: RecorderOptions, occurrence: Occurrence, sighting: Sighting): Event => ({
  metadata: { name: sighting.name, namespace: occurrence.involvedObject.namespace || "default" },
  involvedObject: occurrence.involvedObject,
  reason: occurrence.reason,
  message: sighting.message,
  source: host === "" ? { component } : { component, host },
  firstTimestamp: timestampOf(sighting.firstMs),
  lastTimestamp: timestampOf(sighting.lastMs),
  count: sighting.count,
  type: occurrence.type,
  ...(occurrence.action === undefined ? {} : { action: occurrence.action }),
  reportingComponent: component,
  reportingInstance: host
})

const timestampOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`

const isNotFound = (error: ClientError): boolean => error._tag === "StatusError" && error.code === 404

/** Events about the last moments of a namespace have nowhere to go any more. */
const isEndOfNamespace = (error: ClientError): boolean =>
  error._tag === "StatusError" &&
  (error.code === 404 || (error.status.details?.causes ?? []).some(({ reason }) => reason === "NamespaceTerminating"))
