/** Validation of a Service's address families, of its load balancer, and of how traffic is spread. @module */
import { duplicate, forbidden, immutable, invalid, notSupported, required } from "../field-error.ts"
import { equalJson } from "../json.ts"
import { isQualifiedName } from "../name.ts"
import type { ServiceSpec } from "../types/core-v1.ts"
import { type Findings, type Loose, mayBeOneOf } from "./findings.ts"
import { isIp } from "./ip.ts"

const families: ReadonlyArray<string> = ["IPv4", "IPv6"]
const distributions = ["PreferClose", "PreferSameZone", "PreferSameNode"]

/** Which families a Service has addresses of. */
export function* validateFamilies(spec: Loose<ServiceSpec>): Findings {
  const { ipFamilies = [], ipFamilyPolicy, clusterIPs = [], clusterIP = "" } = spec
  if (spec.type === "ExternalName") {
    if (ipFamilyPolicy !== undefined) yield forbidden("spec.ipFamilyPolicy", "may not be set for ExternalName services")
    if (ipFamilies.length > 0) yield forbidden("spec.ipFamilies", "may not be set for ExternalName services")
    return
  }
  const seen = new Set<string>()
  for (const [i, family] of ipFamilies.entries()) {
    if (!families.includes(family)) yield notSupported(`spec.ipFamilies[${i}]`, family, families)
    if (seen.has(family)) yield duplicate(`spec.ipFamilies[${i}]`, family)
    seen.add(family)
  }
  if (ipFamilyPolicy === "SingleStack") {
    if (ipFamilies.length === 2)
      yield invalid("spec.ipFamilies", ipFamilies, "may not contain more than one value when `ipFamilyPolicy` is 'SingleStack'")
    if (clusterIPs.length === 2)
      yield invalid("spec.clusterIPs", clusterIPs, "may not contain more than one value when `ipFamilyPolicy` is 'SingleStack'")
  }
  yield* mayBeOneOf("spec.ipFamilyPolicy", ipFamilyPolicy, ["PreferDualStack", "RequireDualStack", "SingleStack"])
  if (clusterIPs.length > 2) yield invalid("spec.clusterIPs", clusterIPs, "may only hold up to 2 values")
  if (clusterIPs.length > 0 && clusterIPs[0] !== clusterIP)
    yield invalid("spec.clusterIPs", clusterIPs, "first value must match `clusterIP`")
  const familyOf = (address: string): string => (address.includes(":") ? "IPv6" : "IPv4")
  for (const [i, address] of clusterIPs.entries()) {
    if (address === "None" && i > 0) yield invalid(`spec.clusterIPs[${i}]`, address, "'None' must be the first and only value")
    const wanted = ipFamilies[i]
    if (isIp(address).length === 0 && wanted !== undefined && familyOf(address) !== wanted)
      yield invalid(`spec.clusterIPs[${i}]`, address, `expected an ${wanted} value as indicated by \`ipFamilies[${i}]\``)
  }
  if (clusterIPs.length === 2 && clusterIPs[0] !== "None" && familyOf(clusterIPs[0] ?? "") === familyOf(clusterIPs[1] ?? ""))
    yield invalid("spec.clusterIPs", clusterIPs, "may specify no more than one IP for each IP family")
}

/** Who balances, and near whom traffic stays. */
export function* validateBalancing(spec: Loose<ServiceSpec>): Findings {
  const { loadBalancerClass, type, allocateLoadBalancerNodePorts, trafficDistribution, loadBalancerSourceRanges = [] } = spec
  if (type !== "LoadBalancer") {
    if (loadBalancerClass !== undefined)
      yield forbidden("spec.loadBalancerClass", "may only be used when `type` is 'LoadBalancer'")
    if (allocateLoadBalancerNodePorts !== undefined)
      yield forbidden("spec.allocateLoadBalancerNodePorts", "may only be used when `type` is 'LoadBalancer'")
    if (loadBalancerSourceRanges.length > 0)
      yield forbidden("spec.LoadBalancerSourceRanges", "may only be used when `type` is 'LoadBalancer'")
  } else {
    if (allocateLoadBalancerNodePorts === undefined) yield required("spec.allocateLoadBalancerNodePorts")
    if (loadBalancerClass !== undefined)
      for (const sentence of isQualifiedName(loadBalancerClass))
        yield invalid("spec.loadBalancerClass", loadBalancerClass, sentence)
  }
  if (trafficDistribution !== undefined && !distributions.includes(trafficDistribution))
    yield notSupported("spec.trafficDistribution", trafficDistribution, distributions)
}

/** Addresses are for life as long as a Service has any; a second family may come and go. */
export function* validateAddressUpdate(spec: Loose<ServiceSpec>, old: Loose<ServiceSpec>): Findings {
  if (old.type !== "ExternalName" && spec.type !== "ExternalName") {
    yield* validateFirst(spec, old, 0)
    yield* validateFirst(spec, old, 1)
    const before = old.ipFamilies ?? []
    const after = spec.ipFamilies ?? []
    if (before[0] !== undefined && after[0] !== undefined && before[0] !== after[0])
      yield invalid("spec.ipFamilies[0]", after, "may not change once set")
    else if (before[1] !== undefined && after[1] !== undefined && before[1] !== after[1])
      yield invalid("spec.ipFamilies[1]", after, "may not change once set")
  }
  if (
    spec.type === "LoadBalancer" &&
    old.type === "LoadBalancer" &&
    !equalJson(spec.loadBalancerClass ?? null, old.loadBalancerClass ?? null)
  )
    yield invalid("spec.loadBalancerClass", spec.loadBalancerClass ?? null, "may not change once set")
  const balanced =
    spec.type === "LoadBalancer" &&
    old.type === "LoadBalancer" &&
    spec.externalTrafficPolicy === "Local" &&
    old.externalTrafficPolicy === "Local"
  if (balanced && (old.healthCheckNodePort ?? 0) !== 0 && (spec.healthCheckNodePort ?? 0) !== old.healthCheckNodePort)
    yield immutable("spec.healthCheckNodePort", spec.healthCheckNodePort ?? 0)
}

const words = ["primary", "secondary"]

function* validateFirst(spec: Loose<ServiceSpec>, old: Loose<ServiceSpec>, i: number): Findings {
  const at = (from: Loose<ServiceSpec>): string => from.clusterIPs?.[i] ?? (i === 0 ? (from.clusterIP ?? "") : "")
  const before = at(old)
  const after = at(spec)
  if (before === "" || before === after) return
  if (after !== "") yield invalid(`spec.clusterIPs[${i}]`, spec.clusterIPs ?? [after], "may not change once set")
  else if (i === 0) yield invalid("spec.clusterIPs[0]", spec.clusterIPs ?? [], `${words[i]} clusterIP can not be unset`)
  else if (spec.ipFamilyPolicy !== "SingleStack" && old.ipFamilyPolicy === spec.ipFamilyPolicy)
    yield invalid("spec.clusterIPs[1]", spec.clusterIPs ?? [], `${words[i]} clusterIP can not be unset`)
}
