/** What a Job's podFailurePolicy says about a failed pod. Pure. @module */
import type { Job, PodFailurePolicyRule } from "@tsukube/api/batch-v1"
import type { ContainerStatus, Pod } from "@tsukube/api/core-v1"
import { queueKeyOf } from "../object.ts"

/** The action of the first rule that fits; without one a failure counts. */
export interface Verdict {
  readonly action: PodFailurePolicyRule["action"]
  /** For FailJob: what the Job's condition says. */
  readonly message: string
}

const unjudged: Verdict = { action: "Count", message: "" }

const failedContainer = ({ onExitCodes }: PodFailurePolicyRule, pod: Pod): ContainerStatus | undefined => {
  if (onExitCodes === undefined) return undefined
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])]
  return statuses.find(({ name, state }) => {
    const exitCode = state?.terminated?.exitCode
    // Success is never a reason, not even for NotIn.
    if (exitCode === undefined || exitCode === 0) return false
    if (onExitCodes.containerName !== undefined && onExitCodes.containerName !== name) return false
    return onExitCodes.values.includes(exitCode) === (onExitCodes.operator === "In")
  })
}

/** Judges a failed pod. */
export const judge = ({ spec }: Job, pod: Pod): Verdict => {
  for (const [at, rule] of (spec?.podFailurePolicy?.rules ?? []).entries()) {
    const { action, onPodConditions = [] } = rule
    const matching = `matching ${action} rule at index ${at}`
    const container = failedContainer(rule, pod)
    if (container !== undefined) {
      const exit = `failed with exit code ${container.state?.terminated?.exitCode}`
      return { action, message: `Container ${container.name} for pod ${queueKeyOf(pod)} ${exit} ${matching}` }
    }
    const condition = pod.status?.conditions?.find(({ type, status }) =>
      onPodConditions.some((pattern) => pattern.type === type && (pattern.status ?? "True") === status)
    )
    if (condition !== undefined) {
      return { action, message: `Pod ${queueKeyOf(pod)} has condition ${condition.type} ${matching}` }
    }
  }
  return unjudged
}

/** True when the failure counts towards the limits. */
export const isCounted = (job: Job, pod: Pod): boolean => judge(job, pod).action !== "Ignore"
