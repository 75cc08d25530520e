/** POST of a new object: decode, default, admit, reset what is not the client's, validate, claim, commit. @module */
import {
  badRequest,
  fieldError,
  generateNameConflict,
  invalid,
  type KubernetesObject,
  methodNotAllowed,
  type StatusError,
  warningsOf
} from "@tsukube/api"
import { admit, checkAdmission, claimAdmission } from "../admission/chain.ts"
import { isLimited } from "../admission/resource-quota.ts"
import { readBody } from "../decode/body.ts"
import { decodeNew } from "../decode/pattern.ts"
import { readWriteOptions, type WriteOptions } from "../decode/write-options.ts"
import { storedResponse } from "../encode/json.ts"
import { withoutGated } from "../gated.ts"
import { strategyOf } from "../kinds/table.ts"
import { managerOfRequest, withEntries, withManagedFields } from "../managed-fields.ts"
import { newMetadata, withMetadata } from "../object-meta.ts"
import type { RequestContext } from "../request.ts"
import { defaulted, requireValid } from "../rules.ts"
import type { Served } from "../served.ts"
import type { Serving } from "../serving.ts"
import { keyOf, type StoredObject } from "../stored.ts"
import { hasStatus, withoutStatus } from "../strategies/strategy.ts"
import { inTurn } from "../turn.ts"
import { createStored } from "../write.ts"

/** Random names tried for one `generateName`. */
const nameAttempts = 8

/** Answers POST to a collection. */
export const create = async (serving: Serving, context: RequestContext, served: Served): Promise<Response> => {
  const options = readWriteOptions(context.url.searchParams, "CreateOptions")
  const body = await readBody(context)
  const object = decodeNew(context, body, served.resource, options.fieldValidation)
  return storedResponse(serving, context, served, await createObject(serving, context, served, object, options), 201)
}

/** Creates an object that was decoded as the served version; a generated name that is taken is tried again with another. */
export const createObject = async (
  serving: Serving,
  context: RequestContext,
  served: Served,
  object: KubernetesObject,
  options: WriteOptions
): Promise<StoredObject> => {
  const { name = "", generateName = "", namespace = "", resourceVersion = "" } = object.metadata ?? {}
  checkNamespace(served, namespace, context.info.namespace)
  if (resourceVersion !== "" && resourceVersion !== "0") {
    throw badRequest("resourceVersion should not be set on objects to be created")
  }
  if (name === "" && generateName === "") {
    throw invalid(served.resource, "", [fieldError.required("metadata.name", "name or generateName is required")])
  }
  const warnings = context.warnings.length
  for (let attempt = 1; ; attempt++) {
    context.warnings.length = warnings
    try {
      return await createOnce(serving, context, served, object, options)
    } catch (thrown) {
      const { code, reason, status } = thrown as StatusError
      if (code !== 409 || reason !== "AlreadyExists" || name !== "") throw thrown
      if (attempt === nameAttempts) throw generateNameConflict(served.resource, status.details?.name ?? "")
    }
  }
}

/** 400 when an object says it belongs elsewhere than its path. */
export const checkNamespace = (served: Served, said: string, namespace: string): void => {
  if (!served.resource.namespaced) {
    if (said !== "") throw badRequest("the namespace of the provided object does not match the namespace sent on the request")
    return
  }
  if (namespace === "") throw methodNotAllowed(served.resource, "create")
  if (said !== "" && said !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request")
  }
}

/** The new object with its managed fields; one that was applied brings them along. */
const owned = (
  serving: Serving,
  context: RequestContext,
  served: Served,
  { object, options }: { readonly object: KubernetesObject; readonly options: WriteOptions },
  complete: KubernetesObject
): KubernetesObject => {
  const given = object.metadata?.managedFields
  if (options.applied === true) return withEntries(complete, given)
  const after = withEntries(complete, given)
  const manager = managerOfRequest(context, options.fieldManager)
  return withManagedFields(served, { before: undefined, after, manager, subresource: "", now: serving.now() })
}

const createOnce = async (
  serving: Serving,
  context: RequestContext,
  served: Served,
  object: KubernetesObject,
  options: WriteOptions
): Promise<StoredObject> => {
  const { stored } = served
  const strategy = strategyOf(stored)
  const now = serving.now()
  const namespace = stored.namespaced ? context.info.namespace : ""
  const taken = served.take?.(object) ?? object
  const bare = hasStatus(stored) && strategy.keepsStatus !== true ? withoutStatus(taken) : taken
  const metadata = newMetadata(bare, { namespace, now, generation: strategy.generation === true })
  const request = {
    operation: "CREATE" as const,
    resource: stored,
    subresource: "",
    namespace,
    name: metadata.name ?? "",
    user: context.user,
    dryRun: options.dryRun
  }
  const complete = owned(serving, context, served, { object: taken, options }, defaulted(withMetadata(bare, metadata)))
  const admitted = await admit(serving, { ...request, object: complete })
  const kept = withoutGated(admitted, undefined, stored, serving.options.featureGates)
  const prepared = strategy.create?.(kept, { now, user: context.user }) ?? kept
  requireValid(prepared, stored)
  context.warnings.push(...warningsOf(prepared, stored))
  await checkAdmission(serving, { ...request, object: prepared })
  const key = keyOf(stored, namespace, request.name)
  const claim = strategy.claim
  const prepare = async () => {
    const claimed = claim === undefined ? { object: prepared, also: [] } : await claim(serving, prepared, undefined)
    if (claim !== undefined) requireValid(claimed.object, stored)
    const also = await claimAdmission(serving, { ...request, object: claimed.object })
    return { store: claimed.object, also: [...claimed.also, ...also] }
  }
  const write = () => createStored(serving, served, key, prepare, options.dryRun)
  // Those who share a quota would spoil each other's commits: they come one after the other.
  return isLimited(serving, { ...request, object: prepared }) ? inTurn(serving, namespace, write) : write()
}
