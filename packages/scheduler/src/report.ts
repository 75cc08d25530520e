/** What the scheduler writes about a pod: its condition when it cannot be placed, and events. @module */
import { type Pod, type PodCondition, pods } from "@tsukube/api/core-v1"
import type { Client, ClientError } from "@tsukube/client"
import type { EventRecorder } from "@tsukube/reconciler"
import { Effect } from "effect"

/** Event messages are cut there. */
const messageLimit = 1024

const shorten = (message: string): string =>
  message.length <= messageLimit ? message : `${message.slice(0, messageLimit - 4)} ...`

const withKind = (pod: Pod): Pod => ({ ...pod, apiVersion: "v1", kind: "Pod" })

/** A pod that could not be placed now. */
export interface Failure {
  readonly reason: "Unschedulable" | "SchedulerError"
  readonly message: string
  readonly nominatedNode?: string
}

const isSame = (pod: Pod, { reason, message, nominatedNode }: Failure): boolean => {
  const current = pod.status?.conditions?.find(({ type }) => type === "PodScheduled")
  return (
    current?.status === "False" &&
    current.reason === reason &&
    current.message === message &&
    (nominatedNode === undefined || pod.status?.nominatedNodeName === nominatedNode)
  )
}

/** Tells why a pod waits: an event each time, and the PodScheduled condition when it says something new. */
export const reportFailure = (
  client: Client,
  recorder: EventRecorder,
  pod: Pod,
  failure: Failure,
  now: string
): Effect.Effect<void, ClientError> =>
  Effect.suspend(() => {
    recorder.event(withKind(pod), "Warning", "FailedScheduling", shorten(failure.message), "Scheduling")
    if (isSame(pod, failure)) return Effect.void
    const current = pod.status?.conditions?.find(({ type }) => type === "PodScheduled")
    const lastTransitionTime = current?.status === "False" ? (current.lastTransitionTime ?? now) : now
    const condition: PodCondition = {
      type: "PodScheduled",
      status: "False",
      reason: failure.reason,
      message: failure.message,
      lastTransitionTime,
      ...(pod.metadata?.generation === undefined ? {} : { observedGeneration: pod.metadata.generation })
    }
    const nominated = failure.nominatedNode === undefined ? {} : { nominatedNodeName: failure.nominatedNode }
    const body = { metadata: { uid: pod.metadata?.uid }, status: { ...nominated, conditions: [condition] } }
    const key = { namespace: pod.metadata?.namespace ?? "", name: pod.metadata?.name ?? "" }
    return Effect.asVoid(client.patch(pods, key, { type: "strategic", body }, { subresource: "status" }))
  })

/** Removes a pod so that a more important one fits. */
export const preempt = (
  client: Client,
  recorder: EventRecorder,
  victim: Pod,
  preemptor: Pod,
  nodeName: string,
  now: string
): Effect.Effect<void, ClientError> =>
  Effect.gen(function* () {
    if (victim.metadata?.deletionTimestamp !== undefined) return
    const key = { namespace: victim.metadata?.namespace ?? "", name: victim.metadata?.name ?? "" }
    const uid = victim.metadata?.uid ?? ""
    const condition = {
      type: "DisruptionTarget",
      status: "True",
      reason: "PreemptionByScheduler",
      message: `${preemptor.spec?.schedulerName ?? "default-scheduler"}: preempting to accommodate a higher priority pod`,
      lastTransitionTime: now
    }
    const body = { metadata: { uid }, status: { conditions: [condition] } }
    yield* client.patch(pods, key, { type: "strategic", body }, { subresource: "status" })
    yield* client.delete(pods, key, { preconditions: { uid } })
    const message = `Preempted by pod ${preemptor.metadata?.uid} on node ${nodeName}`
    recorder.event(withKind(victim), "Normal", "Preempted", message, "Preempting")
  })

/** Tells that a pod has its node. */
export const reportPlacement = (recorder: EventRecorder, pod: Pod, nodeName: string): void => {
  const message = `Successfully assigned ${pod.metadata?.namespace}/${pod.metadata?.name} to ${nodeName}`
  recorder.event(withKind(pod), "Normal", "Scheduled", message, "Binding")
}
