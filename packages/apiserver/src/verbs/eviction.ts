/** POST of an Eviction: a deletion that asks the disruption budgets first. @module */
import {
  type FieldError,
  internal,
  invalid,
  isConditionTrue,
  labelSelectorFrom,
  matchesLabels,
  StatusError,
  tooManyRequests
} from "@tsukube/api"
import { type Pod, pods } from "@tsukube/api/core-v1"
import type { DeleteOptions } from "@tsukube/api/meta-v1"
import { type Eviction, type PodDisruptionBudget, poddisruptionbudgets } from "@tsukube/api/policy-v1"
import { readBody } from "../decode/body.ts"
import { decodeObject } from "../decode/object.ts"
import { dryRunErrors } from "../decode/write-options.ts"
import type { RequestContext } from "../request.ts"
import { type Served, servedOf } from "../served.ts"
import { type Serving, timestamp } from "../serving.ts"
import { keyOf } from "../stored.ts"
import { changeStored } from "../write.ts"
import { removeObject } from "./delete.ts"
import { findObject } from "./get.ts"
import { doneResponse } from "./status-answer.ts"
import { addressed } from "./update.ts"

const kind = { group: "policy", version: "v1", kind: "Eviction", schema: "io.k8s.api.policy.v1.Eviction" }

/** Pods that serve nobody are not protected. */
const isUnprotected = ({ metadata, status }: Pod): boolean =>
  metadata?.deletionTimestamp !== undefined || ["Succeeded", "Failed", "Pending"].includes(status?.phase ?? "")

const budgetsOf = (serving: Serving, pod: Pod): ReadonlyArray<PodDisruptionBudget> =>
  serving.registry
    .list(poddisruptionbudgets, pod.metadata?.namespace ?? "")
    .filter(({ spec }) => spec?.selector !== undefined && matchesLabels(labelSelectorFrom(spec.selector), pod.metadata?.labels))

/** A pod that is not ready counts for no budget: it may go, by the budget's own policy, without using it up. */
const mayGoFreely = (pod: Pod, { spec, status }: PodDisruptionBudget): boolean => {
  if (isConditionTrue(pod.status?.conditions, "Ready")) return false
  if (spec?.unhealthyPodEvictionPolicy === "AlwaysAllow") return true
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {}
  return desiredHealthy > 0 && currentHealthy >= desiredHealthy
}

const refused = (message: string, retryAfterSeconds: number, cause?: string): StatusError => {
  const { status } = tooManyRequests(message, retryAfterSeconds)
  const causes = cause === undefined ? [] : [{ reason: "DisruptionBudget", message: cause }]
  return new StatusError({ status: { ...status, details: retryAfterSeconds === 0 ? { causes } : { retryAfterSeconds, causes } } })
}

/** The budget with one disruption less; throws 429 when it has none left. */
const usedUp = (budget: PodDisruptionBudget, pod: Pod, now: number): PodDisruptionBudget => {
  const { metadata, status } = budget
  const name = metadata?.name ?? ""
  if ((status?.observedGeneration ?? 0) < (metadata?.generation ?? 0)) {
    const cause = `The disruption budget ${name} is still being processed by the server.`
    throw refused("Cannot evict pod as it would violate the pod's disruption budget.", 10, cause)
  }
  const { disruptionsAllowed = 0, desiredHealthy = 0, currentHealthy = 0 } = status ?? {}
  if (disruptionsAllowed <= 0) {
    const cause = `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`
    throw refused("Cannot evict pod as it would violate the pod's disruption budget.", 0, cause)
  }
  const disruptedPods = { ...status?.disruptedPods, [pod.metadata?.name ?? ""]: timestamp(now) }
  return { ...budget, status: { ...status, disruptionsAllowed: disruptionsAllowed - 1, disruptedPods } }
}

/** Answers POST of `pods/NAME/eviction`. */
export const evictPod = async (serving: Serving, context: RequestContext, served: Served): Promise<Response> => {
  const decoded = decodeObject(context, await readBody(context), kind, "Ignore")
  const { deleteOptions = {} } = addressed(context, served, decoded) as Eviction
  const dryRun = [...context.url.searchParams.getAll("dryRun"), ...(deleteOptions.dryRun ?? [])].filter((value) => value !== "")
  const errors: ReadonlyArray<FieldError> = dryRunErrors(dryRun)
  if (errors.length > 0) throw invalid(kind, context.info.name, errors)
  const pod = (await findObject(serving, context, served)).object as Pod
  if (!isUnprotected(pod)) await useBudget(serving, pod, dryRun.length > 0)
  // Only the very pod that was judged may go.
  const { uid } = pod.metadata ?? {}
  const options: DeleteOptions = {
    ...deleteOptions,
    ...(dryRun.length === 0 ? {} : { dryRun: ["All"] }),
    preconditions: { ...(uid === undefined ? {} : { uid }), ...deleteOptions.preconditions }
  }
  await removeObject(serving, context, served, keyOf(pods, context.info.namespace, context.info.name), options)
  return doneResponse(context)
}

const useBudget = async (serving: Serving, pod: Pod, dryRun: boolean): Promise<void> => {
  const budgets = budgetsOf(serving, pod)
  if (budgets.length > 1) {
    throw internal("This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.")
  }
  const budget = budgets[0]
  if (budget === undefined || mayGoFreely(pod, budget)) return
  const key = keyOf(poddisruptionbudgets, budget.metadata?.namespace ?? "", budget.metadata?.name ?? "")
  const now = serving.now()
  await changeStored(
    serving,
    servedOf(poddisruptionbudgets),
    key,
    ({ object }) => ({ store: usedUp(object as PodDisruptionBudget, pod, now) }),
    dryRun
  )
}
