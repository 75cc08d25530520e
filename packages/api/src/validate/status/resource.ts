/** Validation of what is reported of namespaces, Services, Ingresses, quotas and claims through their `status`. @module */
import { forbidden, invalid, notSupported, required } from "../../field-error.ts"
import { isDns1123Subdomain } from "../../name.ts"
import type { LoadBalancerStatus, Namespace, PersistentVolumeClaim, ResourceQuota, Service } from "../../types/core-v1.ts"
import type { Ingress } from "../../types/networking-v1.ts"
import { type Findings, type Loose, mayBeOneOf } from "../findings.ts"
import { isIp } from "../ip.ts"
import { checkQuotaResourceName } from "../resource-name.ts"
import { validateNonNegative } from "../resources.ts"

/** A namespace ends after it was deleted, not before, and does not come back. */
export function* validateNamespaceStatus({ metadata, status }: Loose<Namespace>): Findings {
  const phase: string = status?.phase ?? ""
  const deleted = metadata?.deletionTimestamp !== undefined
  if (!deleted && phase !== "Active") yield invalid("status.Phase", phase, "may only be 'Active' if `deletionTimestamp` is empty")
  if (deleted && phase !== "Terminating")
    yield invalid("status.Phase", phase, "may only be 'Terminating' if `deletionTimestamp` is not empty")
}

/** Only a Service of type LoadBalancer has a load balancer. */
export function* validateServiceStatus({ spec, status }: Loose<Service>): Findings {
  const balancer = status?.loadBalancer ?? {}
  if (spec?.type !== "LoadBalancer" && (balancer.ingress ?? []).length > 0)
    yield forbidden("status.loadBalancer.ingress", 'may only be used when `spec.type` is "LoadBalancer"')
  else yield* validateEntrances(balancer, "status.loadBalancer", true)
}

/** Where an Ingress is reached. */
export function* validateIngressStatus({ status }: Loose<Ingress>): Findings {
  yield* validateEntrances(status?.loadBalancer ?? {}, "status.loadBalancer", false)
}

function* validateEntrances({ ingress = [] }: Loose<LoadBalancerStatus>, path: string, hasMode: boolean): Findings {
  for (const [i, { ip = "", hostname = "", ipMode }] of ingress.entries()) {
    const at = `${path}.ingress[${i}]`
    if (ip !== "") for (const sentence of isIp(ip)) yield invalid(`${at}.ip`, ip, sentence)
    if (hasMode && ip !== "" && ipMode === undefined) yield required(`${at}.ipMode`, "must be specified when `ip` is set")
    if (ipMode !== undefined && ip !== "") yield* mayBeOneOf(`${at}.ipMode`, ipMode, ["Proxy", "VIP"])
    if (ipMode !== undefined && ip === "") yield forbidden(`${at}.ipMode`, "may not be specified when `ip` is not set")
    if (hostname === "") continue
    for (const sentence of isDns1123Subdomain(hostname)) yield invalid(`${at}.hostname`, hostname, sentence)
    if (isIp(hostname).length === 0) yield invalid(`${at}.hostname`, hostname, "must be a DNS name, not an IP address")
  }
}

/** What a quota allows and counts. */
export function* validateQuotaStatus({ status = {} }: Loose<ResourceQuota>): Findings {
  for (const list of ["hard", "used"] as const)
    for (const [name, amount = "0"] of Object.entries(status[list] ?? {})) {
      const at = `status.${list}[${name}]`
      yield* checkQuotaResourceName(name, at)
      yield* validateNonNegative(amount, at)
    }
}

/** How much a claim got. */
export function* validateClaimStatus({ status = {} }: Loose<PersistentVolumeClaim>): Findings {
  for (const [name, amount = "0"] of Object.entries(status.capacity ?? {}))
    yield* validateNonNegative(amount, `status.capacity[${name}]`)
  for (const list of ["allocatedResourceStatuses", "allocatedResources"] as const)
    for (const name of Object.keys(status[list] ?? {}))
      if (name !== "storage" && !name.includes("/")) yield notSupported(`status.${list}`, name, ["storage"])
}
