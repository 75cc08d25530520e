/** The pods of a Job: how they are made, what is read from them. Pure. @module */
import { type Job, jobs } from "@tsukube/api/batch-v1"
import type { Container, Pod, PodSpec } from "@tsukube/api/core-v1"
import type { ObjectMeta } from "@tsukube/api/meta-v1"
import { annotationOf, isDeleting, nameOf, timeOf } from "../object.ts"
import { isTerminal, readyCondition } from "../pod-state.ts"
import { podFrom } from "../pod-template.ts"
import { isCounted } from "./failure-policy.ts"

/** Keeps an ended pod until its end is counted. */
export const trackingFinalizer = "batch.kubernetes.io/job-tracking"
const indexKey = "batch.kubernetes.io/job-completion-index"
const failuresKey = "batch.kubernetes.io/job-index-failure-count"
const ignoredKey = "batch.kubernetes.io/job-index-ignored-failure-count"
const indexVariable = "JOB_COMPLETION_INDEX"

/** What the API server keeps of a `generateName`: it appends five characters to make 63. */
const longestPrefix = 58

/** The failures of an index before a pod. */
export interface IndexFailures {
  readonly counted: number
  readonly ignored: number
}

/** A pod to make. */
export interface Slot {
  /** The completion index; absent for Jobs without. */
  readonly index?: number
  /** Where every index has its own limit: how often it failed already. */
  readonly failures?: IndexFailures
}

/** The whole number of an annotation; undefined where there is none, or something else. */
const wholeOf = (pod: Pod, key: string): number | undefined => {
  const text = annotationOf(pod, key)
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}

/** The pod's completion index, or undefined. */
export const indexOf = (pod: Pod): number | undefined => wholeOf(pod, indexKey)

/** What the pod says about earlier failures of its index. */
export const failuresBefore = (pod: Pod): IndexFailures => ({
  counted: wholeOf(pod, failuresKey) ?? 0,
  ignored: wholeOf(pod, ignoredKey) ?? 0
})

/** The failures of its index with the pod's own. */
export const failuresAfter = (job: Job, pod: Pod): IndexFailures => {
  const { counted, ignored } = failuresBefore(pod)
  return isCounted(job, pod) ? { counted: counted + 1, ignored } : { counted, ignored: ignored + 1 }
}

/** True while the pod waits to be counted. */
export const isTracked = (pod: Pod): boolean => pod.metadata?.finalizers?.includes(trackingFinalizer) === true

/** True for Jobs that replace a pod only when it has really ended. */
export const waitsForEnd = ({ spec }: Job): boolean => spec?.podReplacementPolicy === "Failed"

/** True when the pod counts as failed: one on its way out too, unless the Job waits for its end. */
export const isFailed = (job: Job, pod: Pod): boolean =>
  pod.status?.phase === "Failed" || (!waitsForEnd(job) && isDeleting(pod) && pod.status?.phase !== "Succeeded")

/** True while a deleted pod still runs. */
export const isTerminating = (pod: Pod): boolean => isDeleting(pod) && !isTerminal(pod)

/** When the pod ended, in milliseconds: by its containers, else by when it stopped being ready, else by its deletion. */
export const finishedAt = (pod: Pod): number => {
  const ends = (pod.status?.containerStatuses ?? []).map(({ state }) => timeOf(state?.terminated?.finishedAt ?? undefined))
  if (ends.length > 0 && !ends.includes(0)) return Math.max(...ends)
  const ready = readyCondition(pod)
  if (ready?.status === "False" && ready.lastTransitionTime !== undefined) return timeOf(ready.lastTransitionTime)
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, creationTimestamp } = pod.metadata ?? {}
  // The mark carries the time by which the pod must be gone.
  if (deletionTimestamp !== undefined) return timeOf(deletionTimestamp) - deletionGracePeriodSeconds * 1000
  return timeOf(creationTimestamp)
}

const withIndexVariable = (container: Container): Container =>
  container.env?.some(({ name }) => name === indexVariable) === true
    ? container
    : {
        ...container,
        env: [
          ...(container.env ?? []),
          { name: indexVariable, valueFrom: { fieldRef: { fieldPath: `metadata.labels['${indexKey}']` } } }
        ]
      }

const indexedSpec = (spec: PodSpec, hostname: string): PodSpec => ({
  ...spec,
  hostname,
  containers: spec.containers.map(withIndexVariable),
  ...(spec.initContainers === undefined ? {} : { initContainers: spec.initContainers.map(withIndexVariable) })
})

/** What tells a pod its index, and the failures before it where those are limited. */
const indexNotes = (index: number, failures: IndexFailures | undefined): Readonly<Record<string, string>> => ({
  [indexKey]: String(index),
  ...(failures === undefined ? {} : { [failuresKey]: String(failures.counted) }),
  ...(failures === undefined || failures.ignored === 0 ? {} : { [ignoredKey]: String(failures.ignored) })
})

/** A long Job name is cut rather than the index, which people look for in a pod's name. */
const indexedPrefix = (name: string, index: number): string => `${name.slice(0, longestPrefix - `-${index}-`.length)}-${index}-`

/** A pod of the Job's template. */
export const podOf = (job: Job, { index, failures }: Slot): Pod => {
  const pod = podFrom(job.spec?.template, job, jobs)
  const { labels, annotations, finalizers = [] } = pod.metadata ?? {}
  const metadata: ObjectMeta = {
    ...pod.metadata,
    generateName: `${nameOf(job)}-`,
    finalizers: [...new Set([...finalizers, trackingFinalizer])]
  }
  if (index === undefined) return { ...pod, metadata }
  return {
    ...pod,
    metadata: {
      ...metadata,
      generateName: indexedPrefix(nameOf(job), index),
      labels: { ...labels, [indexKey]: String(index) },
      annotations: { ...annotations, ...indexNotes(index, failures) }
    },
    ...(pod.spec === undefined ? {} : { spec: indexedSpec(pod.spec, `${nameOf(job)}-${index}`) })
  }
}
