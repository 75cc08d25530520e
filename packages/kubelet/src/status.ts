/** Writes the statuses of pods to the API server: only what changed, newest last, never back from an end. @module */
import { type Pod, type PodCondition, type PodStatus, pods } from "@tsukube/api/core-v1"
import type { Client, ClientError } from "@tsukube/client"
import { runController } from "@tsukube/reconciler"
import { Effect, type Scope } from "effect"

/** Where workers leave the statuses of their pods. */
export interface Statuses {
  /** Hands over a status; it is written in the background. A newer one replaces one that still waits. */
  readonly publish: (pod: Pod, status: PodStatus) => void
  /** Writes a status now and waits for the answer. */
  readonly write: (pod: Pod, status: PodStatus) => Effect.Effect<void, ClientError>
  /** The pod with what was last published, which the API server may not have told us yet. */
  readonly refreshed: (pod: Pod) => Pod
  readonly forget: (uid: string) => void
}

interface Entry {
  readonly pod: Pod
  readonly status: PodStatus
}

const retryMs = 1000

const isFinal = (phase: string | undefined): boolean => phase === "Succeeded" || phase === "Failed"

/** Statuses of one kubelet's pods; the writer ends with the scope. */
export const makeStatuses = (client: Client, name: string): Effect.Effect<Statuses, never, Scope.Scope> =>
  Effect.gen(function* () {
    const latest = new Map<string, Entry>()
    const written = new Map<string, string>()
    let enqueue: (uid: string) => void = () => {}

    const write = (pod: Pod, status: PodStatus): Effect.Effect<void, ClientError> =>
      Effect.gen(function* () {
        const { uid = "", name: podName = "", namespace = "" } = pod.metadata ?? {}
        const text = JSON.stringify(status)
        if (written.get(uid) === text) return
        const body = { metadata: { uid }, status: patchOf(pod.status, status) }
        const patch = client.patch(pods, { namespace, name: podName }, { type: "strategic", body }, { subresource: "status" })
        yield* patch.pipe(
          Effect.asVoid,
          // The pod is gone, or another one has taken its name: nobody wants this status any more.
          Effect.catchTag("StatusError", (error) => (error.code === 404 || error.code === 409 ? Effect.void : Effect.fail(error)))
        )
        if (latest.has(uid)) written.set(uid, text)
      })

    yield* runController({
      name: `kubelet-status-${name}`,
      concurrency: 4,
      ready: Effect.void,
      triggers: (add) =>
        Effect.sync(() => {
          enqueue = add
        }),
      reconcile: (uid) =>
        Effect.suspend(() => {
          const entry = latest.get(uid)
          if (entry === undefined) return Effect.void
          // While the API server is away there is no hurry, and no use in waiting longer and longer.
          return write(entry.pod, entry.status).pipe(
            Effect.catchTag("TransportError", () => Effect.succeed({ afterMs: retryMs }))
          )
        })
    })

    return {
      write: (pod, status) => {
        latest.set(pod.metadata?.uid ?? "", { pod, status })
        return write(pod, status)
      },
      publish: (pod, status) => {
        const uid = pod.metadata?.uid ?? ""
        const before = latest.get(uid)
        if (isFinal(before?.status.phase) && !isFinal(status.phase)) return
        latest.set(uid, { pod, status })
        if (before === undefined || JSON.stringify(before.status) !== JSON.stringify(status) || written.get(uid) === undefined)
          enqueue(uid)
      },
      refreshed: (pod) => {
        const known = latest.get(pod.metadata?.uid ?? "")
        if (known === undefined) return pod
        const conditions = mergeConditions(pod.status?.conditions ?? [], known.status.conditions ?? [])
        return { ...pod, status: { ...pod.status, ...known.status, conditions } }
      },
      forget: (uid) => {
        latest.delete(uid)
        written.delete(uid)
      }
    }
  })

const mergeConditions = (all: ReadonlyArray<PodCondition>, ours: ReadonlyArray<PodCondition>): ReadonlyArray<PodCondition> => [
  ...all.filter(({ type }) => !ours.some((condition) => condition.type === type)),
  ...ours
]

/** Lists that merge by key need to be told what is gone; everything else is replaced by the patch itself. */
const patchOf = (old: PodStatus | undefined, status: PodStatus): object => {
  const stale = (old?.podIPs ?? []).some(({ ip }) => !(status.podIPs ?? []).some((other) => other.ip === ip))
  return {
    ...status,
    ...(old?.reason !== undefined && status.reason === undefined ? { reason: null, message: null } : {}),
    ...(stale && status.podIPs !== undefined ? { podIPs: [{ $patch: "replace" }, ...status.podIPs] } : {})
  }
}
