/** Validation of Services and of the endpoints behind them. @module */
import { duplicate, type FieldError, forbidden, immutable, invalid, notSupported, required, tooMany } from "../field-error.ts"
import { isDns1123Label, isDns1123Subdomain, isPortNumber } from "../name.ts"
import type { EndpointAddress, Endpoints, Service, ServicePort, ServiceSpec } from "../types/core-v1.ts"
import type { EndpointSlice } from "../types/discovery-v1.ts"
import {
  breaks,
  type Findings,
  type Loose,
  labels,
  mayBeOneOf,
  mayHaveForm,
  needsForm,
  needsOneOf,
  portOrName
} from "./findings.ts"
import { isCidr, isIp, isIpv4, isIpv6 } from "./ip.ts"
import { validateAddressUpdate, validateBalancing, validateFamilies } from "./service-family.ts"

const protocols = ["SCTP", "TCP", "UDP"]
const maxAffinitySeconds = 86_400

/** A Service, new or changed. */
export function* validateService({ spec = {} }: Loose<Service>): Findings {
  const headless = spec.clusterIP === "None"
  const { ports = [] } = spec
  if (ports.length === 0 && !headless && spec.type !== "ExternalName") yield required("spec.ports")
  yield* validateType(spec)
  yield* validatePorts(spec, ports)
  yield* labels("spec.selector", spec.selector)
  yield* validateAffinity(spec)
  yield* needsOneOf("spec.type", spec.type, ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"])
  for (const [i, address] of (spec.clusterIPs ?? []).entries()) {
    if (address !== "None" && address !== "") yield* breaks(`spec.clusterIPs[${i}]`, address, isIp(address))
  }
  if (spec.clusterIPs === undefined && !headless) yield* mayHaveForm("spec.clusterIPs[0]", spec.clusterIP, isIp)
  for (const [i, address] of (spec.externalIPs ?? []).entries()) yield* breaks(`spec.externalIPs[${i}]`, address, isIp(address))
  for (const [i, range] of (spec.loadBalancerSourceRanges ?? []).entries()) {
    yield* breaks(`spec.loadBalancerSourceRanges[${i}]`, range, isCidr(range.trim()))
  }
  yield* validateTraffic(spec)
  yield* validateFamilies(spec)
  yield* validateBalancing(spec)
}

function* validateType(spec: Loose<ServiceSpec>): Findings {
  if ((spec.type === "LoadBalancer" || spec.type === "NodePort") && spec.clusterIP === "None") {
    yield invalid("spec.clusterIPs[0]", "None", `may not be set to 'None' for ${spec.type} services`)
  }
  if (spec.type !== "ExternalName") return
  if ((spec.clusterIP ?? "") !== "") yield forbidden("spec.clusterIPs", "may not be set for ExternalName services")
  yield* needsForm("spec.externalName", spec.externalName, (name) => isDns1123Subdomain(name.replace(/\.$/, "")))
}

function* validatePorts(spec: Loose<ServiceSpec>, ports: ReadonlyArray<Loose<ServicePort>>): Findings {
  const names = new Set<string>()
  const pairs = new Set<string>()
  const nodePorts = new Set<string>()
  for (const [i, port] of ports.entries()) {
    const at = `spec.ports[${i}]`
    const { name = "", port: number = 0, protocol = "", nodePort = 0 } = port
    if (name === "" && ports.length > 1) yield required(`${at}.name`)
    yield* mayHaveForm(`${at}.name`, name, isDns1123Label)
    if (name !== "" && names.has(name)) yield duplicate(`${at}.name`, name)
    names.add(name)
    yield* breaks(`${at}.port`, number, isPortNumber(number))
    yield* needsOneOf(`${at}.protocol`, protocol, protocols)
    yield* portOrName(`${at}.targetPort`, port.targetPort)
    if (nodePort !== 0 && (spec.type === "ClusterIP" || spec.type === "ExternalName")) {
      yield forbidden(`${at}.nodePort`, `may not be used when \`type\` is '${spec.type}'`)
    }
    const pair = `${protocol}/${number}`
    if (pairs.has(pair)) yield duplicate(at, { port: number, protocol })
    pairs.add(pair)
    const nodePair = `${protocol}/${nodePort}`
    if (nodePort !== 0 && nodePorts.has(nodePair)) yield duplicate(`${at}.nodePort`, nodePort)
    nodePorts.add(nodePair)
  }
}

function* validateAffinity({ sessionAffinity, sessionAffinityConfig }: Loose<ServiceSpec>): Findings {
  yield* needsOneOf("spec.sessionAffinity", sessionAffinity, ["ClientIP", "None"])
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds
  if (sessionAffinity === "ClientIP" && seconds !== undefined && (seconds <= 0 || seconds > maxAffinitySeconds)) {
    yield invalid(
      "spec.sessionAffinityConfig.clientIP.timeoutSeconds",
      seconds,
      `must be greater than 0 and less than ${maxAffinitySeconds}`
    )
  }
}

function* validateTraffic(spec: Loose<ServiceSpec>): Findings {
  const { externalTrafficPolicy = "", internalTrafficPolicy, type } = spec
  const external = type === "NodePort" || type === "LoadBalancer" || (type === "ClusterIP" && (spec.externalIPs ?? []).length > 0)
  if (externalTrafficPolicy !== "" && !external) {
    yield invalid("spec.externalTrafficPolicy", externalTrafficPolicy, "may only be set for externally-accessible services")
  }
  if (external) yield* needsOneOf("spec.externalTrafficPolicy", externalTrafficPolicy, ["Cluster", "Local"])
  yield* mayBeOneOf("spec.internalTrafficPolicy", internalTrafficPolicy, ["Cluster", "Local"])
  if ((spec.healthCheckNodePort ?? 0) > 0 && !(type === "LoadBalancer" && externalTrafficPolicy === "Local")) {
    const sentence = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
    yield invalid("spec.healthCheckNodePort", spec.healthCheckNodePort, sentence)
  }
}

/** Its addresses are for life, as long as the Service has any. */
export function* validateServiceUpdate(service: Loose<Service>, old: Loose<Service>): Findings {
  yield* validateAddressUpdate(service.spec ?? {}, old.spec ?? {})
}

/** An EndpointSlice, new or changed. */
export function* validateEndpointSlice({ endpoints = [], ports = [], ...slice }: Loose<EndpointSlice>): Findings {
  const addressType: string = slice.addressType ?? ""
  if (endpoints.length > 1000) yield tooMany("endpoints", endpoints.length, 1000)
  for (const [i, endpoint] of endpoints.entries()) {
    const at = `endpoints[${i}]`
    const { addresses = [] } = endpoint
    if (addresses.length === 0) yield required(`${at}.addresses`, "must contain at least 1 address")
    if (addresses.length > 100) yield tooMany(`${at}.addresses`, addresses.length, 100)
    for (const [j, address] of addresses.entries()) yield* validateAddress(`${at}.addresses[${j}]`, addressType, address)
    yield* mayHaveForm(`${at}.nodeName`, endpoint.nodeName, isDns1123Subdomain)
    yield* mayHaveForm(`${at}.hostname`, endpoint.hostname, isDns1123Label)
  }
  const names = new Set<string>()
  for (const [i, { name = "", protocol }] of ports.entries()) {
    if (names.has(name)) yield duplicate(`ports[${i}].name`, name)
    names.add(name)
    yield* mayHaveForm(`ports[${i}].name`, name, isDns1123Label)
    yield* needsOneOf(`ports[${i}].protocol`, protocol, protocols)
  }
  if (addressType === "") yield required("addressType")
  else if (!["IPv4", "IPv6", "FQDN"].includes(addressType))
    yield notSupported("addressType", addressType, ["FQDN", "IPv4", "IPv6"])
}

function* validateAddress(field: string, addressType: string, address: string): Findings {
  const complain = (sentence: string): FieldError => invalid(field, address, sentence)
  if (addressType === "IPv4" && !isIpv4(address)) yield complain("must be an IPv4 address")
  else if (addressType === "IPv6" && !isIpv6(address)) yield complain("must be an IPv6 address")
  else if (addressType === "FQDN") yield* breaks(field, address, isDns1123Subdomain(address))
}

/** The kind of its addresses is for life. */
export function* validateEndpointSliceUpdate(slice: Loose<EndpointSlice>, old: Loose<EndpointSlice>): Findings {
  if (slice.addressType !== old.addressType) yield immutable("addressType", slice.addressType)
}

/** Endpoints, new or changed. */
export function* validateEndpoints({ subsets = [] }: Loose<Endpoints>): Findings {
  for (const [i, { addresses = [], notReadyAddresses = [], ports = [] }] of subsets.entries()) {
    const at = `subsets[${i}]`
    if (addresses.length + notReadyAddresses.length === 0) yield required(at, "must specify `addresses` or `notReadyAddresses`")
    for (const [j, address] of addresses.entries()) yield* validateEndpointAddress(address, `${at}.addresses[${j}]`)
    for (const [j, address] of notReadyAddresses.entries())
      yield* validateEndpointAddress(address, `${at}.notReadyAddresses[${j}]`)
    for (const [j, { name = "", port = 0, protocol }] of ports.entries()) {
      if (name === "" && ports.length > 1) yield required(`${at}.ports[${j}].name`)
      yield* mayHaveForm(`${at}.ports[${j}].name`, name, isDns1123Label)
      yield* breaks(`${at}.ports[${j}].port`, port, isPortNumber(port))
      yield* needsOneOf(`${at}.ports[${j}].protocol`, protocol, protocols)
    }
  }
}

function* validateEndpointAddress({ ip = "", hostname, nodeName }: Loose<EndpointAddress>, path: string): Findings {
  yield* breaks(`${path}.ip`, ip, isIp(ip))
  if (/^(127\.|169\.254\.|22[4-9]\.|23\d\.|0\.0\.0\.0$|::1?$)/.test(ip)) yield invalid(`${path}.ip`, ip, specialAddress(ip))
  yield* mayHaveForm(`${path}.hostname`, hostname, isDns1123Label)
  yield* mayHaveForm(`${path}.nodeName`, nodeName, isDns1123Subdomain)
}

const specialAddress = (ip: string): string => {
  if (ip.startsWith("127.") || ip === "::1") return "may not be in the loopback range (127.0.0.0/8, ::1/128)"
  if (ip.startsWith("169.254.")) return "may not be in the link-local range (169.254.0.0/16, fe80::/10)"
  return ip === "0.0.0.0" || ip === "::"
    ? "may not be unspecified (0.0.0.0 or ::)"
    : "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"
}
