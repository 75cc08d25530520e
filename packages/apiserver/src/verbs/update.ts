/** PUT of an object or its status, and the rules every other change of an object shares with it. @module */

import { badRequest, type KubernetesObject, type StatusError, warningsOf } from "@tsukube/api"
import { admit, checkAdmission, claimAdmission } from "../admission/chain.ts"
import { readBody } from "../decode/body.ts"
import { decodeObject } from "../decode/object.ts"
import { readWriteOptions } from "../decode/write-options.ts"
import { storedResponse } from "../encode/json.ts"
import { withoutGated } from "../gated.ts"
import { strategyOf } from "../kinds/table.ts"
import { managedFieldsAfter, managerOfRequest, withEntries } from "../managed-fields.ts"
import { checkUpdate, finalizerErrors, updatedMetadata, withMetadata } from "../object-meta.ts"
import type { RequestContext } from "../request.ts"
import { defaulted, requireValidUpdate } from "../rules.ts"
import type { Served } from "../served.ts"
import type { Serving } from "../serving.ts"
import { keyOf, type StoredObject } from "../stored.ts"
import { type Circumstances, desiredChanged, hasStatus, type Strategy, withStatusOf } from "../strategies/strategy.ts"
import { changeStored, type Decision } from "../write.ts"
import { checkNamespace, createObject } from "./create.ts"
import { namespaceOf } from "./get.ts"

/** Answers PUT of an object or, by `info.subresource`, of its status. */
export const update = async (
  serving: Serving,
  context: RequestContext,
  served: Served,
  merge?: Change["merge"]
): Promise<Response> => {
  const { info } = context
  const options = readWriteOptions(context.url.searchParams, "UpdateOptions")
  const body = await readBody(context)
  const object = addressed(context, served, decodeObject(context, body, served.resource, options.fieldValidation))
  const key = keyOf(served.stored, namespaceOf(served, info.namespace), info.name)
  try {
    const manager = managerOfRequest(context, options.fieldManager)
    const change = { object, manager, dryRun: options.dryRun, ...(merge === undefined ? {} : { merge }) }
    const warnings = context.warnings.length
    const decide = (current: StoredObject) => {
      // A second try warns of the same again.
      context.warnings.length = warnings
      return decideUpdate(serving, context, served, { ...change, current })
    }
    const { stored } = await changeStored(serving, served, key, decide, options.dryRun)
    return storedResponse(serving, context, served, stored)
  } catch (thrown) {
    const { code } = thrown as StatusError
    if (code !== 404 || info.subresource !== "" || strategyOf(served.stored).createOnUpdate !== true) throw thrown
    const { resourceVersion: _, ...metadata } = object.metadata ?? {}
    const created = await createObject(serving, context, served, { ...object, metadata }, options)
    return storedResponse(serving, context, served, created, 201)
  }
}

/** 400 when an object says another name or namespace than its path. */
export const checkAddress = ({ info }: RequestContext, served: Served, { metadata }: KubernetesObject): void => {
  const { name = "", namespace = "" } = metadata ?? {}
  if (name !== "" && name !== info.name) {
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${info.name})`)
  }
  checkNamespace(served, namespace, info.namespace)
}

/** The object, which belongs to its path; 400 when it does not, or says no name. */
export const addressed = (context: RequestContext, served: Served, object: KubernetesObject): KubernetesObject => {
  checkAddress(context, served, object)
  if ((object.metadata?.name ?? "") === "") {
    throw badRequest(`the name of the object (${context.info.name} based on URL) was undeterminable: name must be provided`)
  }
  return object
}

/** A change that a client asks for: `object` in the served version against the stored state. */
export interface Change {
  readonly object: KubernetesObject
  readonly current: StoredObject
  readonly dryRun: boolean
  /** Who owns what changes; undefined when the object's managed fields are settled already. */
  readonly manager: string | undefined
  /** Replaces the usual split between the main resource and its status, for subresources with rules of their own. */
  readonly merge?: (next: KubernetesObject, old: KubernetesObject) => KubernetesObject
}

/** What becomes of an update: refused, stored, or the end of an object whose last finalizer went. */
export const decideUpdate = async (
  serving: Serving,
  context: RequestContext,
  served: Served,
  { object, current, dryRun, manager, merge }: Change
): Promise<Decision> => {
  const { stored } = served
  const { subresource } = context.info
  const strategy = strategyOf(stored)
  const old = current.object
  checkUpdate(served, object, old, strategy.unconditionalUpdate !== false || subresource !== "")
  const whole = defaulted(served.take?.(object) ?? object)
  const now = serving.now()
  const complete =
    manager === undefined
      ? whole
      : withEntries(whole, managedFieldsAfter(served, { before: old, after: whole, manager, subresource, now }))
  const request = {
    operation: "UPDATE" as const,
    resource: stored,
    subresource,
    namespace: old.metadata?.namespace ?? "",
    name: old.metadata?.name ?? "",
    old,
    user: context.user,
    dryRun
  }
  const admitted = await admit(serving, { ...request, object: withMetadata(complete, updatedMetadata(complete, old)) })
  const split = merge ?? (subresource === "status" ? mergeStatus(strategy) : mergeMain(strategy, stored))
  const kept = withoutGated(admitted, old, stored, serving.options.featureGates)
  const next = counted(strategy, split(kept, old, { now, user: context.user }), old)
  requireValidUpdate(next, old, stored, subresource, finalizerErrors(next, old))
  if (subresource === "") context.warnings.push(...warningsOf(next, stored, old))
  await checkAdmission(serving, { ...request, object: next })
  if (isFinished(next, strategy)) return { remove: true, last: next, also: strategy.release?.(serving, next) ?? [] }
  const claim = strategy.claim === undefined ? { object: next, also: [] } : await strategy.claim(serving, next, old)
  const also = await claimAdmission(serving, { ...request, object: claim.object })
  return { store: claim.object, also: [...claim.also, ...also] }
}

type Merge = (next: KubernetesObject, old: KubernetesObject, by: Circumstances) => KubernetesObject

/** The main resource: everything but the status. */
const mergeMain =
  (strategy: Strategy, stored: Served["stored"]): Merge =>
  (next, old, by) => {
    const kept = hasStatus(stored) ? withStatusOf(next, old) : next
    return strategy.update?.(kept, old, by) ?? kept
  }

/** The status subresource: the status, and the metadata that no controller owns. */
const mergeStatus =
  (strategy: Strategy): Merge =>
  (next, old, by) => {
    const metadata = { ...next.metadata }
    delete (metadata as { ownerReferences?: unknown }).ownerReferences
    const ownerReferences = old.metadata?.ownerReferences
    const kept = withMetadata(withStatusOf(old, next), {
      ...metadata,
      ...(ownerReferences === undefined ? {} : { ownerReferences })
    })
    return strategy.updateStatus?.(kept, old, by) ?? kept
  }

/** The object with its generation one up when what is wanted of it changed. */
const counted = (strategy: Strategy, next: KubernetesObject, old: KubernetesObject): KubernetesObject => {
  const generation = old.metadata?.generation
  if (strategy.generation !== true || !desiredChanged(next, old)) return next
  return { ...next, metadata: { ...next.metadata, generation: (generation ?? 0) + 1 } }
}

/** Whether an object that is being deleted has nothing left to wait for. */
export const isFinished = (object: KubernetesObject, strategy: Strategy): boolean => {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = object.metadata ?? {}
  return (
    deletionTimestamp !== undefined &&
    deletionGracePeriodSeconds === 0 &&
    finalizers.length === 0 &&
    strategy.held?.(object) !== true
  )
}
