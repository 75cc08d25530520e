/** DELETE of an object: at once, after a grace period, or when the last finalizer is gone. @module */
import { conflict, type KubernetesObject } from "@tsukube/api"
import type { DeleteOptions } from "@tsukube/api/meta-v1"
import { checkAdmission } from "../admission/chain.ts"
import { readDeleteOptions } from "../decode/delete-options.ts"
import { objectResponse, storedResponse } from "../encode/json.ts"
import { strategyOf } from "../kinds/table.ts"
import { markedDeleted, withMetadata } from "../object-meta.ts"
import type { RequestContext } from "../request.ts"
import type { Served } from "../served.ts"
import { type Serving, timestamp } from "../serving.ts"
import { keyOf, type StoredObject } from "../stored.ts"
import type { Strategy } from "../strategies/strategy.ts"
import { type Changed, changeStored, type Decision } from "../write.ts"
import { namespaceOf } from "./get.ts"
import { isFinished } from "./update.ts"

/** Answers DELETE of one object. */
export const remove = async (serving: Serving, context: RequestContext, served: Served): Promise<Response> => {
  const { info } = context
  const options = await readDeleteOptions(context)
  const key = keyOf(served.stored, namespaceOf(served, info.namespace), info.name)
  const { stored, removed } = await removeObject(serving, context, served, key, options)
  if (removed && strategyOf(served.stored).returnsDeleted !== true) {
    return objectResponse(context, deletedStatus(served, stored.object))
  }
  // Only who asked for it expects 202: everybody else got 200 before there was garbage collection.
  const waits = options.orphanDependents === false || options.propagationPolicy === "Foreground"
  return storedResponse(serving, context, served, stored, !removed && waits ? 202 : 200)
}

/** Deletes one object as far as it can be deleted now. */
export const removeObject = (
  serving: Serving,
  context: RequestContext,
  served: Served,
  key: string,
  options: DeleteOptions
): Promise<Changed> => {
  const dryRun = (options.dryRun ?? []).length > 0
  const decide = (current: StoredObject) => decideDelete(serving, context, served, { current, options, dryRun })
  return changeStored(serving, served, key, decide, dryRun)
}

const deletedStatus = ({ resource }: Served, { metadata }: KubernetesObject): object => ({
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Success",
  details: {
    name: metadata?.name,
    ...(resource.group === "" ? {} : { group: resource.group }),
    kind: resource.plural,
    uid: metadata?.uid
  }
})

const checkPreconditions = (
  served: Served,
  { metadata }: KubernetesObject,
  preconditions: DeleteOptions["preconditions"]
): void => {
  const { uid, resourceVersion } = preconditions ?? {}
  // Here, and only here, a conflict is told by kind.
  const kind = { group: served.resource.group, plural: served.resource.kind }
  const name = metadata?.name ?? ""
  if (uid !== undefined && uid !== metadata?.uid) {
    const message = `the UID in the precondition (${uid}) does not match the UID in record (${metadata?.uid}). The object might have been deleted and then recreated`
    throw conflict(kind, name, message)
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata?.resourceVersion) {
    const message = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata?.resourceVersion}). The object might have been modified`
    throw conflict(kind, name, message)
  }
}

interface Deletion {
  readonly current: StoredObject
  readonly options: DeleteOptions
  readonly dryRun: boolean
}

const decideDelete = async (
  serving: Serving,
  context: RequestContext,
  served: Served,
  { current, options, dryRun }: Deletion
): Promise<Decision> => {
  const { stored } = served
  const strategy = strategyOf(stored)
  const old = current.object
  const { name = "", namespace = "" } = old.metadata ?? {}
  checkPreconditions(served, old, options.preconditions)
  const { user } = context
  await checkAdmission(serving, { operation: "DELETE", resource: stored, subresource: "", namespace, name, old, user, dryRun })
  const marked = marking(old, strategy, options.gracePeriodSeconds, serving.now())
  if (marked === undefined) return { keep: true }
  const next = withMetadata(marked, { ...marked.metadata, finalizers: finalizersFor(old, options, strategy) })
  if (!isFinished(next, strategy)) return { store: strategy.terminate?.(next) ?? next }
  // Nothing was left to wait for: clients see the object as it was, as upstream shows it.
  return {
    remove: true,
    also: strategy.release?.(serving, old) ?? [],
    ...(strategy.graceSeconds === undefined ? {} : { last: next })
  }
}

/** The object with its mark of deletion; undefined when it is being deleted already and this request brings nothing new. */
const marking = (
  old: KubernetesObject,
  strategy: Strategy,
  requested: number | undefined,
  now: number
): KubernetesObject | undefined => {
  const { deletionTimestamp, deletionGracePeriodSeconds } = old.metadata ?? {}
  if (strategy.graceSeconds === undefined) {
    return deletionTimestamp === undefined ? markedDeleted(old, { at: timestamp(now), graceSeconds: 0 }) : old
  }
  const graceSeconds = strategy.graceSeconds(old, requested)
  if (deletionTimestamp === undefined) {
    return markedDeleted(old, { at: timestamp(now + graceSeconds * 1000), graceSeconds })
  }
  // A grace period may only become shorter.
  if (requested === undefined || deletionGracePeriodSeconds === undefined || graceSeconds >= deletionGracePeriodSeconds) {
    return deletionGracePeriodSeconds === 0 || deletionGracePeriodSeconds === undefined ? old : undefined
  }
  const since = Date.parse(deletionTimestamp) - deletionGracePeriodSeconds * 1000
  return markedDeleted(old, { at: timestamp(since + graceSeconds * 1000), graceSeconds })
}

/** The finalizers by which the garbage collector knows what to do with the dependents. */
const finalizersFor = (
  { metadata }: KubernetesObject,
  options: DeleteOptions,
  { orphansDependents = false }: Strategy
): ReadonlyArray<string> => {
  const before = metadata?.finalizers ?? []
  const { propagationPolicy: policy, orphanDependents: orphan } = options
  const others = before.filter((finalizer) => finalizer !== "orphan" && finalizer !== "foregroundDeletion")
  if (policy === "Orphan" || orphan === true) return [...others, "orphan"]
  if (policy === "Foreground") return [...others, "foregroundDeletion"]
  // Said otherwise than before: that is taken back. Said nothing: what stands, stands.
  if (policy === "Background" || orphan === false) return others
  return orphansDependents && others.length === before.length ? [...others, "orphan"] : before
}
