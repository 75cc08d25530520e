/** Validation of the kinds behind Services and Ingresses: IngressClass, IPAddress, ServiceCIDR. @module */
import { forbidden, immutable, invalid, required } from "../field-error.ts"
import { isDns1123Label, isDns1123Subdomain, isPathSegment } from "../name.ts"
import type { IngressClass, IPAddress, ServiceCIDR } from "../types/networking-v1.ts"
import type { Findings, Loose } from "./findings.ts"
import { isDomainPrefixedPath } from "./form.ts"
import { fields, frozen, maybeText, mustBeOneOf, shortText, text, type UpdateCheck } from "./rule.ts"
import { isStrictCidr } from "./strict-ip.ts"

const maxControllerBytes = 250
interface Parameters {
  readonly apiGroup?: string | undefined
  readonly kind?: string | undefined
  readonly name?: string | undefined
  readonly namespace?: string | undefined
  readonly scope?: string | undefined
}

/** An IngressClass, new or changed. */
export function* validateIngressClass({ spec = {} }: Loose<IngressClass>): Findings {
  yield* shortText(maxControllerBytes)(spec.controller, "spec.controller")
  yield* text(isDomainPrefixedPath)(spec.controller, "spec.controller")
  if (spec.parameters !== undefined) yield* validateParameters(spec.parameters, "spec.parameters")
}

function* validateParameters(parameters: Parameters, path: string): Findings {
  yield* fields<Parameters>({
    apiGroup: maybeText(isDns1123Subdomain),
    kind: text(isPathSegment, "kind is required"),
    name: text(isPathSegment, "name is required"),
    scope: mustBeOneOf("Cluster", "Namespace")
  })(parameters, path)
  const { scope, namespace } = parameters
  if (scope === "Namespace" && namespace === undefined)
    yield required(`${path}.namespace`, "`parameters.scope` is set to 'Namespace'")
  if (scope === "Cluster" && namespace !== undefined)
    yield forbidden(`${path}.namespace`, "`parameters.scope` is set to 'Cluster'")
  yield* maybeText(isDns1123Label)(namespace, `${path}.namespace`)
}

/** Who serves the class is for life. */
export const validateIngressClassUpdate: UpdateCheck = frozen("spec.controller")

/** An IPAddress, new or changed; its name is the address. */
export function* validateIpAddress({ spec = {} }: Loose<IPAddress>): Findings {
  const { parentRef } = spec
  if (parentRef === undefined) {
    yield required("spec.parentRef")
    return
  }
  yield* fields<Parameters & { readonly group?: string | undefined; readonly resource?: string | undefined }>({
    group: maybeText(isDns1123Subdomain),
    resource: text(isPathSegment),
    name: text(isPathSegment),
    namespace: maybeText(isPathSegment)
  })(parentRef, "spec.parentRef")
}

/** Who an address belongs to is for life. */
export const validateIpAddressUpdate: UpdateCheck = frozen("spec.parentRef")

/** A ServiceCIDR, new or changed. */
export function* validateServiceCidr({ spec = {} }: Loose<ServiceCIDR>): Findings {
  const { cidrs = [] } = spec
  if (cidrs.length === 0) {
    yield required("spec.cidrs", "at least one CIDR required")
    return
  }
  if (cidrs.length > 2) {
    yield invalid("spec.cidrs", cidrs, "may only hold up to 2 values")
    return
  }
  if (cidrs.length === 2 && cidrs[0]?.includes(":") === cidrs[1]?.includes(":"))
    yield invalid("spec.cidrs", cidrs, "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64")
  for (const [i, cidr] of cidrs.entries())
    for (const sentence of isStrictCidr(cidr)) yield invalid(`spec.cidrs[${i}]`, cidr, sentence)
}

/** A range may get a second family, and nothing else. */
export function* validateServiceCidrUpdate(range: Loose<ServiceCIDR>, old: Loose<ServiceCIDR>): Findings {
  const cidrs = range.spec?.cidrs ?? []
  const before = old.spec?.cidrs ?? []
  if (cidrs.length !== before.length && !(before.length === 1 && cidrs.length === 2)) {
    yield immutable("spec.cidrs", cidrs)
    return
  }
  for (const [i, cidr] of before.entries()) if (cidrs[i] !== cidr) yield immutable(`spec.cidrs[${i}]`, cidrs[i])
}
