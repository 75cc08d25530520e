/** A namespace's LimitRanges: what containers ask for by default, and what containers, pods and claims may ask for at all. @module */
import { addQuantity, compareQuantity, forbidden, formatQuantity, quantityMilli } from "@tsukube/api"
import {
  type Container,
  type LimitRangeItem,
  limitranges,
  type PersistentVolumeClaim,
  type Pod,
  type ResourceRequirements
} from "@tsukube/api/core-v1"
import type { Serving } from "../serving.ts"
import { type AdmissionPlugin, type AdmissionRequest, isResource } from "./admission.ts"

const annotationKey = "kubernetes.io/limit-ranger"

type Amounts = Readonly<Record<string, string>>

const itemsOf = (serving: Serving, namespace: string, type: string): ReadonlyArray<LimitRangeItem> =>
  serving.registry.list(limitranges, namespace).flatMap(({ spec }) => (spec?.limits ?? []).filter((item) => item.type === type))

/** A container with the defaults of a range where it says nothing, and a note of what was set. */
const withDefaults = (container: Container, item: LimitRangeItem, kind: string, notes: Array<string>): Container => {
  const { limits = {}, requests = {} } = container.resources ?? {}
  const missing = (given: Amounts, defaults: Amounts | undefined): ReadonlyArray<string> =>
    Object.keys(defaults ?? {})
      .filter((name) => given[name] === undefined)
      .sort()
  const newLimits = missing(limits, item.default)
  const newRequests = missing(requests, item.defaultRequest)
  if (newLimits.length === 0 && newRequests.length === 0) return container
  if (newRequests.length > 0) notes.push(`${newRequests.join(", ")} request for ${kind} ${container.name}`)
  if (newLimits.length > 0) notes.push(`${newLimits.join(", ")} limit for ${kind} ${container.name}`)
  const merged = (given: Amounts, defaults: Amounts | undefined): Amounts => ({ ...defaults, ...given })
  const filled: ResourceRequirements = {
    ...container.resources,
    ...(item.default === undefined && container.resources?.limits === undefined ? {} : { limits: merged(limits, item.default) }),
    ...(item.defaultRequest === undefined && container.resources?.requests === undefined
      ? {}
      : { requests: merged(requests, item.defaultRequest) })
  }
  return { ...container, resources: filled }
}

const completePod = (serving: Serving, namespace: string, pod: Pod): Pod => {
  const notes: Array<string> = []
  let { containers = [], initContainers } = pod.spec ?? {}
  for (const item of itemsOf(serving, namespace, "Container")) {
    containers = containers.map((container) => withDefaults(container, item, "container", notes))
    initContainers = initContainers?.map((container) => withDefaults(container, item, "init container", notes))
  }
  if (notes.length === 0) return pod
  const annotations = { ...pod.metadata?.annotations, [annotationKey]: `LimitRanger plugin set: ${notes.join("; ")}` }
  return {
    ...pod,
    metadata: { ...pod.metadata, annotations },
    spec: { ...pod.spec, containers, ...(initContainers === undefined ? {} : { initContainers }) }
  }
}

/** What is wrong with one thing's limits and requests. */
const findings = (
  { min = {}, max = {}, maxLimitRequestRatio = {}, type }: LimitRangeItem,
  limits: Amounts,
  requests: Amounts
): ReadonlyArray<string> => {
  const found: Array<string> = []
  const below = (amount: string | undefined, bound: string): boolean => amount !== undefined && compareQuantity(amount, bound) < 0
  const above = (amount: string | undefined, bound: string): boolean => amount !== undefined && compareQuantity(amount, bound) > 0
  for (const [name, bound] of Object.entries(min)) {
    const [limit, request] = [limits[name], requests[name]]
    const rule = `minimum ${name} usage per ${type} is ${bound}`
    if (request === undefined) found.push(`${rule}.  No request is specified`)
    else if (below(request, bound)) found.push(`${rule}, but request is ${request}`)
    else if (below(limit, bound)) found.push(`${rule}, but limit is ${limit}`)
  }
  for (const [name, bound] of Object.entries(max)) {
    const [limit, request] = [limits[name], requests[name]]
    const rule = `maximum ${name} usage per ${type} is ${bound}`
    // Claims have no limit: what they ask for is what they get.
    if (limit === undefined && type !== "PersistentVolumeClaim") found.push(`${rule}.  No limit is specified`)
    else if (above(limit, bound)) found.push(`${rule}, but limit is ${limit}`)
    else if (above(request, bound)) found.push(`${rule}, but request is ${request}`)
  }
  for (const [name, ratio] of Object.entries(maxLimitRequestRatio)) {
    const limit = quantityMilli(limits[name] ?? "0")
    const request = quantityMilli(requests[name] ?? "0")
    const rule = `${name} max limit to request ratio per ${type} is ${ratio}`
    if (request === 0) found.push(`${rule}, but no request is specified or request is 0`)
    else if (limit === 0) found.push(`${rule}, but no limit is specified or limit is 0`)
    else if (limit / request > quantityMilli(ratio) / 1000)
      found.push(`${rule}, but provided ratio is ${(limit / request).toFixed(6)}`)
  }
  return found
}

const summed = (parts: ReadonlyArray<Amounts>): Amounts => {
  const sum: Record<string, string> = {}
  for (const part of parts) {
    for (const [name, amount] of Object.entries(part))
      sum[name] = sum[name] === undefined ? amount : formatQuantity(addQuantity(sum[name], amount))
  }
  return sum
}

/** What a pod needs at most: its containers together, or one of its init containers alone. */
const podAmounts = (containers: ReadonlyArray<Amounts>, initContainers: ReadonlyArray<Amounts>): Amounts => {
  const total: Record<string, string> = { ...summed(containers) }
  for (const part of initContainers) {
    for (const [name, amount] of Object.entries(part)) {
      if (total[name] === undefined || compareQuantity(amount, total[name]) > 0) total[name] = amount
    }
  }
  return total
}

const podFindings = (serving: Serving, namespace: string, { spec }: Pod): ReadonlyArray<string> => {
  const { containers = [], initContainers = [] } = spec ?? {}
  const amounts = (list: ReadonlyArray<Container>, kind: "limits" | "requests") =>
    list.map(({ resources }) => resources?.[kind] ?? {})
  const ofContainers = itemsOf(serving, namespace, "Container").flatMap((item) =>
    [...containers, ...initContainers].flatMap(({ resources }) =>
      findings(item, resources?.limits ?? {}, resources?.requests ?? {})
    )
  )
  const limits = podAmounts(amounts(containers, "limits"), amounts(initContainers, "limits"))
  const requests = podAmounts(amounts(containers, "requests"), amounts(initContainers, "requests"))
  return [...ofContainers, ...itemsOf(serving, namespace, "Pod").flatMap((item) => findings(item, limits, requests))]
}

const claimFindings = (serving: Serving, namespace: string, { spec }: PersistentVolumeClaim): ReadonlyArray<string> => {
  const { limits = {}, requests = {} } = spec?.resources ?? {}
  return itemsOf(serving, namespace, "PersistentVolumeClaim").flatMap((item) => findings(item, limits, requests))
}

/** Only what is new, or asks for something else, is held against the ranges: they do not reach back. */
const concerns = ({ operation, subresource }: AdmissionRequest): boolean =>
  (operation === "CREATE" && subresource === "") || (operation === "UPDATE" && subresource === "resize")

export const limitRanger: AdmissionPlugin = {
  name: "LimitRanger",
  mutate: (serving, request) => {
    if (request.operation !== "CREATE" || !isResource(request, "", "pods")) return request.object
    return completePod(serving, request.namespace, request.object as Pod)
  },
  validate: (serving, request) => {
    if (!concerns(request) || request.object === undefined) return
    if (serving.registry.list(limitranges, request.namespace).length === 0) return
    const { namespace, object, resource, name } = request
    const found = isResource(request, "", "pods")
      ? podFindings(serving, namespace, object as Pod)
      : isResource(request, "", "persistentvolumeclaims")
        ? claimFindings(serving, namespace, object as PersistentVolumeClaim)
        : []
    if (found.length === 0) return
    const messages = [...new Set(found)]
    throw forbidden(resource, name, messages.length === 1 ? messages[0]! : `[${messages.join(", ")}]`)
  }
}
