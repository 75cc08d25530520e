/**
 * ResourceQuota: what a namespace's objects may count for together. The new usage is written in the same commit as the object, at the
 * revision of the quota that was read, so two requests never use the same room. @module
 */
import {
  type Amounts,
  addAmounts,
  compareQuantity,
  exceeding,
  forbidden,
  formatAmounts,
  inScope,
  isCounted,
  only,
  podShortcomings,
  usageOf,
  withoutZeros
} from "@tsukube/api"
import { type Pod, type ResourceQuota, resourcequotas } from "@tsukube/api/core-v1"
import type { Write } from "@tsukube/store"
import { servedOf } from "../served.ts"
import type { Serving } from "../serving.ts"
import { keyOf, type StoredObject, storedText } from "../stored.ts"
import { readStore } from "../write.ts"
import { type AdmissionPlugin, type AdmissionRequest, isResource } from "./admission.ts"

/** Updates that can change what an object counts for; everything else counts once, when it is created. */
const changesUsage = (request: AdmissionRequest): boolean => {
  const { subresource } = request
  if (isResource(request, "", "pods")) return subresource === "resize"
  if (subresource !== "") return false
  return ["services", "persistentvolumeclaims", "resourceclaims"].some((plural) => request.resource.plural === plural)
}

/** What the request adds to the usage; nothing for what is given back, which the controller counts. */
const addedBy = (serving: Serving, { resource, object, old }: AdmissionRequest): Amounts => {
  const now = serving.now()
  const usage = object === undefined ? {} : usageOf(resource, object, now)
  return withoutZeros(old === undefined ? usage : exceeding(usage, usageOf(resource, old, now)))
}

const checkOne = (quota: ResourceQuota, request: AdmissionRequest, added: Amounts): Amounts => {
  const { hard = {}, used = {} } = quota.status ?? {}
  const quotaName = quota.metadata?.name ?? ""
  const limited = new Set(Object.keys(hard))
  const { resource, name } = request
  if (isResource(request, "", "pods") && request.operation === "CREATE") {
    const missing = podShortcomings(request.object as Pod, limited)
    if (missing !== undefined) throw forbidden(resource, name, `failed quota: ${quotaName}: ${missing}`)
  }
  const requested = only(added, limited)
  const unknown = Object.keys(requested).filter((one) => used[one] === undefined)
  if (unknown.length > 0) {
    throw forbidden(resource, name, `status unknown for quota: ${quotaName}, resources: ${unknown.sort().join(",")}`)
  }
  const total = addAmounts(only(used, Object.keys(requested)), requested)
  const over = Object.keys(total).filter((one) => compareQuantity(total[one] ?? "0", hard[one] ?? "0") > 0)
  if (over.length > 0) {
    const shown = (amounts: Amounts) => formatAmounts(only(amounts, over))
    const message = `exceeded quota: ${quotaName}, requested: ${shown(requested)}, used: ${shown(used)}, limited: ${shown(hard)}`
    throw forbidden(resource, name, message)
  }
  return requested
}

const reserve = ({ key, revision, object }: StoredObject, requested: Amounts): Write => {
  const quota = object as ResourceQuota
  const status = { ...quota.status, used: addAmounts(quota.status?.used ?? {}, requested) }
  return { key, value: storedText({ ...quota, status } as ResourceQuota), expected: revision }
}

const quotaKeys = (serving: Serving, namespace: string): ReadonlyArray<string> =>
  serving.registry
    .list(resourcequotas, namespace)
    .map(({ metadata }) => keyOf(servedOf(resourcequotas).stored, namespace, metadata?.name ?? ""))

/** Whether the request may use up something of a quota. */
export const isLimited = (serving: Serving, request: AdmissionRequest): boolean => {
  const { operation, subresource, namespace, resource } = request
  if (namespace === "" || !isCounted(resource)) return false
  const counts = operation === "CREATE" ? subresource === "" : operation === "UPDATE" && changesUsage(request)
  return counts && serving.registry.list(resourcequotas, namespace).length > 0
}

export const resourceQuota: AdmissionPlugin = {
  name: "ResourceQuota",
  claim: (serving, request) => (isLimited(serving, request) ? reserveAll(serving, request) : [])
}

const reserveAll = async (serving: Serving, request: AdmissionRequest): Promise<ReadonlyArray<Write>> => {
  const added = addedBy(serving, request)
  if (Object.keys(added).length === 0) return []
  const writes: Array<Write> = []
  for (const key of quotaKeys(serving, request.namespace)) {
    // The cache may be a write behind, and then the commit would fail for nothing.
    const stored = await readStore(serving, key)
    if (stored === undefined || request.object === undefined) continue
    const quota = stored.object as ResourceQuota
    if (!inScope(quota, request.resource, request.object)) continue
    const requested = checkOne(quota, request, added)
    if (Object.keys(requested).length > 0) writes.push(reserve(stored, requested))
  }
  return writes
}
