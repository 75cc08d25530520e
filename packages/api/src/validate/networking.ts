/** Validation of Ingress and NetworkPolicy. @module */
import { forbidden, invalid, notSupported, required } from "../field-error.ts"
import { isDns1035Label, isDns1123Subdomain, isPortNumber, isWildcardDns1123Subdomain } from "../name.ts"
import type {
  HTTPIngressPath,
  Ingress,
  IngressBackend,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort
} from "../types/networking-v1.ts"
import { breaks, type Findings, type Loose, mayBeOneOf, needsForm, portOrName } from "./findings.ts"
import { isCidr, isIp, isWithin } from "./ip.ts"
import { validateLabelSelector } from "./label-selector.ts"

/** An Ingress, new or changed. */
export function* validateIngress({ spec = {} }: Loose<Ingress>): Findings {
  const { rules = [], defaultBackend } = spec
  if (defaultBackend === undefined && rules.length === 0) {
    yield invalid("spec", rules, "either `defaultBackend` or `rules` must be specified")
  }
  if (defaultBackend !== undefined) yield* validateBackend(defaultBackend, "spec.defaultBackend")
  for (const [i, { host = "", http }] of rules.entries()) {
    const at = `spec.rules[${i}]`
    yield* validateHost(host, `${at}.host`)
    if (http === undefined) continue
    if ((http.paths ?? []).length === 0) yield required(`${at}.http.paths`)
    for (const [j, path] of (http.paths ?? []).entries()) yield* validatePath(path, `${at}.http.paths[${j}]`)
  }
  for (const [i, { hosts = [], secretName = "" }] of (spec.tls ?? []).entries()) {
    if (secretName !== "") yield* breaks(`spec.tls[${i}].secretName`, secretName, isDns1123Subdomain(secretName))
    for (const [j, host] of hosts.entries()) yield* validateHost(host, `spec.tls[${i}].hosts[${j}]`)
  }
  if (spec.ingressClassName !== undefined)
    yield* breaks("spec.ingressClassName", spec.ingressClassName, isDns1123Subdomain(spec.ingressClassName))
}

function* validateHost(host: string, path: string): Findings {
  if (host === "") return
  if (isIp(host).length === 0) yield invalid(path, host, "must be a DNS name, not an IP address")
  else yield* breaks(path, host, host.includes("*") ? isWildcardDns1123Subdomain(host) : isDns1123Subdomain(host))
}

function* validatePath({ path = "", backend = {}, ...rest }: Loose<HTTPIngressPath>, at: string): Findings {
  const pathType: string = rest.pathType ?? ""
  if (pathType === "") yield required(`${at}.pathType`, "pathType must be specified")
  else yield* mayBeOneOf(`${at}.pathType`, pathType, ["Exact", "ImplementationSpecific", "Prefix"])
  const absolute = pathType === "Exact" || pathType === "Prefix" || path !== ""
  if (absolute && !path.startsWith("/")) yield invalid(`${at}.path`, path, "must be an absolute path")
  if (pathType === "Exact" || pathType === "Prefix") {
    for (const part of ["//", "/./", "/../", "%2f", "%2F"])
      if (path.includes(part)) yield invalid(`${at}.path`, path, `must not contain '${part}'`)
    for (const end of ["/..", "/."]) if (path.endsWith(end)) yield invalid(`${at}.path`, path, `cannot end with '${end}'`)
  }
  yield* validateBackend(backend, `${at}.backend`)
}

function* validateBackend({ service, resource }: Loose<IngressBackend>, path: string): Findings {
  if (resource !== undefined && service !== undefined) {
    yield invalid(path, "", "cannot set both resource and service backends")
  } else if (resource !== undefined) {
    yield* needsForm(`${path}.resource.kind`, resource.kind, () => [])
    yield* needsForm(`${path}.resource.name`, resource.name, () => [])
  } else if (service === undefined) {
    yield required(path, "resource or service backend is required")
  } else {
    yield* needsForm(`${path}.service.name`, service.name, isDns1035Label)
    const { name = "", number = 0 } = service.port ?? {}
    if (name !== "" && number !== 0) yield invalid(path, "", "cannot set both port name & port number")
    else if (name !== "") yield* portOrName(`${path}.service.port.name`, name)
    else if (number !== 0) yield* breaks(`${path}.service.port.number`, number, isPortNumber(number))
    else yield required(path, "port name or number is required")
  }
}

/** A NetworkPolicy, new or changed. */
export function* validateNetworkPolicy({ spec = {} }: Loose<NetworkPolicy>): Findings {
  yield* validateLabelSelector(spec.podSelector, "spec.podSelector")
  for (const [i, { ports = [], from = [] }] of (spec.ingress ?? []).entries()) {
    yield* validateRule(ports, from, `spec.ingress[${i}]`, "from")
  }
  for (const [i, { ports = [], to = [] }] of (spec.egress ?? []).entries())
    yield* validateRule(ports, to, `spec.egress[${i}]`, "to")
  const { policyTypes = [] } = spec
  if (policyTypes.length > 2) {
    yield invalid("spec.policyTypes", policyTypes, "may not specify more than two policyTypes")
    return
  }
  for (const [i, type] of policyTypes.entries()) {
    if (type !== "Ingress" && type !== "Egress") yield notSupported(`spec.policyTypes[${i}]`, type, ["Egress", "Ingress"])
  }
}

function* validateRule(
  ports: ReadonlyArray<Loose<NetworkPolicyPort>>,
  peers: ReadonlyArray<Loose<NetworkPolicyPeer>>,
  path: string,
  side: string
): Findings {
  for (const [i, { port, endPort, protocol }] of ports.entries()) {
    const at = `${path}.ports[${i}]`
    yield* mayBeOneOf(`${at}.protocol`, protocol, ["SCTP", "TCP", "UDP"])
    if (port !== undefined) yield* portOrName(`${at}.port`, port)
    if (endPort === undefined) continue
    if (port === undefined) yield required(`${at}.port`, "must be specified when `endPort` is specified")
    else if (typeof port === "string") yield invalid(`${at}.endPort`, endPort, "may not be specified when `port` is non-numeric")
    else if (endPort < port) yield invalid(`${at}.endPort`, endPort, "must be greater than or equal to `port`")
  }
  for (const [i, peer] of peers.entries()) yield* validatePeer(peer, `${path}.${side}[${i}]`)
}

function* validatePeer({ podSelector, namespaceSelector, ipBlock }: Loose<NetworkPolicyPeer>, path: string): Findings {
  if (podSelector === undefined && namespaceSelector === undefined && ipBlock === undefined)
    yield required(path, "must specify a peer")
  if (ipBlock !== undefined && (podSelector !== undefined || namespaceSelector !== undefined)) {
    yield forbidden(path, "may not specify both ipBlock and another peer")
  }
  yield* validateLabelSelector(podSelector, `${path}.podSelector`)
  yield* validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`)
  if (ipBlock === undefined) return
  yield* needsForm(`${path}.ipBlock.cidr`, ipBlock.cidr, isCidr)
  for (const [i, range] of (ipBlock.except ?? []).entries()) {
    yield* breaks(`${path}.ipBlock.except[${i}]`, range, isCidr(range))
    if (isCidr(range).length === 0 && isCidr(ipBlock.cidr ?? "").length === 0 && !isWithin(range, ipBlock.cidr ?? ""))
      yield invalid(`${path}.ipBlock.except[${i}]`, range, "must be a strict subset of `cidr`")
  }
}
