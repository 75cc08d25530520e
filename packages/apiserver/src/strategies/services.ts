/** Services: addresses and node ports are given on creation, kept on updates, and given back at the end. @module */
import type { Service, ServicePort, ServiceSpec } from "@tsukube/api/core-v1"
import type { Write } from "@tsukube/store"
import { claimAddress, claimAnyAddress, releaseAddresses } from "../allocate/addresses.ts"
import { type Family, familyOf } from "../allocate/cidr.ts"
import { claimAnyNodePort, claimNodePort, releaseNodePorts } from "../allocate/node-ports.ts"
import { serviceRanges } from "../allocate/ranges.ts"
import type { Serving } from "../serving.ts"
import { withFamilies } from "./service-families.ts"
import type { Strategy } from "./strategy.ts"

const hasAddress = ({ type }: ServiceSpec): boolean => type !== "ExternalName"

const hasNodePorts = ({ type, allocateLoadBalancerNodePorts }: ServiceSpec): boolean =>
  type === "NodePort" || (type === "LoadBalancer" && allocateLoadBalancerNodePorts !== false)

const mayHaveNodePorts = ({ type }: ServiceSpec): boolean => type === "NodePort" || type === "LoadBalancer"

/** The addresses a Service holds; none for headless ones. */
export const addressesOf = ({ spec }: Service): ReadonlyArray<string> =>
  (spec?.clusterIPs ?? []).filter((address) => address !== "None" && address !== "")

/** The node ports a Service holds, its health check's included. */
export const nodePortsOf = ({ spec }: Service): ReadonlyArray<number> => [
  ...new Set(
    [...(spec?.ports ?? []).map(({ nodePort = 0 }) => nodePort), spec?.healthCheckNodePort ?? 0].filter((port) => port !== 0)
  )
]

const withSpec = (service: Service, spec: ServiceSpec): Service => ({ ...service, spec })

/** `clusterIP` and `clusterIPs` say the same; a client may give either. */
const withBothForms = (service: Service, old?: Service): Service => {
  const { clusterIP = "", clusterIPs = [], ...rest } = service.spec ?? {}
  const before = old?.spec?.clusterIP ?? ""
  if (clusterIPs.length === 0)
    return clusterIP === "" ? withSpec(service, rest) : withSpec(service, { ...rest, clusterIP, clusterIPs: [clusterIP] })
  if (clusterIP === clusterIPs[0]) return service
  // Only one of the two was changed: that one is meant.
  if (old !== undefined && clusterIP !== before) {
    return clusterIP === "" ? withSpec(service, rest) : withSpec(service, { ...rest, clusterIP, clusterIPs: [clusterIP] })
  }
  return withSpec(service, { ...rest, clusterIP: clusterIPs[0] ?? "", clusterIPs })
}

/** What an update leaves out of what was given before, it keeps. */
const withKept = (service: Service, old: Service): Service => {
  let spec = service.spec ?? {}
  const before = old.spec ?? {}
  if (hasAddress(before) && hasAddress(spec) && (spec.clusterIP ?? "") === "" && (spec.clusterIPs ?? []).length === 0) {
    const { clusterIP, clusterIPs } = before
    spec = { ...spec, ...(clusterIP === undefined ? {} : { clusterIP }), ...(clusterIPs === undefined ? {} : { clusterIPs }) }
  }
  if (mayHaveNodePorts(before) && hasNodePorts(spec)) spec = { ...spec, ports: keptPorts(spec.ports ?? [], before.ports ?? []) }
  const { healthCheckNodePort } = before
  if (healthCheckNodePort !== undefined && needsHealthCheck(spec) && (spec.healthCheckNodePort ?? 0) === 0) {
    spec = { ...spec, healthCheckNodePort }
  }
  return withSpec(service, spec)
}

const keptPorts = (ports: ReadonlyArray<ServicePort>, before: ReadonlyArray<ServicePort>): ReadonlyArray<ServicePort> => {
  const used = new Set(ports.map(({ nodePort }) => nodePort))
  return ports.map((port) => {
    if ((port.nodePort ?? 0) !== 0) return port
    const kept = before.find((old) => old.protocol === port.protocol && old.port === port.port)?.nodePort ?? 0
    if (kept === 0 || used.has(kept)) return port
    used.add(kept)
    return { ...port, nodePort: kept }
  })
}

/** What the new type has no use for goes, unless the client just asked for it. */
const withoutUseless = (service: Service, old: Service): Service => {
  let spec = service.spec ?? {}
  const before = old.spec ?? {}
  if (!hasAddress(spec) && hasAddress(before) && spec.clusterIP === before.clusterIP) {
    const { clusterIP: _a, clusterIPs: _b, ...rest } = spec
    spec = rest
  }
  if (!hasAddress(spec) && hasAddress(before)) spec = withoutFamilies(spec, before)
  if (!mayHaveNodePorts(spec) && mayHaveNodePorts(before) && spec.ports !== undefined) {
    const held = new Set((before.ports ?? []).map(({ nodePort }) => nodePort))
    spec = {
      ...spec,
      ports: spec.ports.map((port) => {
        const { nodePort, ...rest } = port
        return nodePort !== undefined && held.has(nodePort) ? rest : port
      })
    }
  }
  if (isExternal(before) && !isExternal(spec) && spec.externalTrafficPolicy === before.externalTrafficPolicy) {
    const { externalTrafficPolicy: _, ...rest } = spec
    spec = rest
  }
  if (before.type === "LoadBalancer" && spec.type !== "LoadBalancer") {
    const { allocateLoadBalancerNodePorts: ports, loadBalancerClass: balancer, ...rest } = spec
    const portsAsked = ports !== undefined && ports !== before.allocateLoadBalancerNodePorts
    const balancerAsked = balancer !== undefined && balancer !== before.loadBalancerClass
    spec = {
      ...rest,
      ...(portsAsked ? { allocateLoadBalancerNodePorts: ports } : {}),
      ...(balancerAsked ? { loadBalancerClass: balancer } : {})
    }
  }
  if (needsHealthCheck(before) && !needsHealthCheck(spec) && spec.healthCheckNodePort === before.healthCheckNodePort) {
    const { healthCheckNodePort: _, ...rest } = spec
    spec = rest
  }
  return withSpec(service, spec)
}

/** Families are those of addresses: where none are left, they go as well. */
const withoutFamilies = ({ ipFamilies, ipFamilyPolicy, ...rest }: ServiceSpec, before: ServiceSpec): ServiceSpec => ({
  ...rest,
  ...(ipFamilies === undefined || String(ipFamilies) === String(before.ipFamilies) ? {} : { ipFamilies }),
  ...(ipFamilyPolicy === undefined || ipFamilyPolicy === before.ipFamilyPolicy ? {} : { ipFamilyPolicy })
})

/** Whether anybody outside the cluster reaches it. */
const isExternal = ({ type, externalIPs = [] }: ServiceSpec): boolean =>
  type === "NodePort" || type === "LoadBalancer" || (type === "ClusterIP" && externalIPs.length > 0)

const needsHealthCheck = ({ type, externalTrafficPolicy }: ServiceSpec): boolean =>
  type === "LoadBalancer" && externalTrafficPolicy === "Local"

/** A Service with the addresses it has a right to, and the writes that claim the new ones. */
const claimAddresses = async (
  serving: Serving,
  service: Service,
  held: ReadonlySet<string>
): Promise<{ readonly service: Service; readonly also: ReadonlyArray<Write> }> => {
  const spec = withFamilies(service, serviceRanges(serving.options))
  if (!hasAddress(spec) || spec.clusterIPs?.[0] === "None") return { service: withSpec(service, spec), also: [] }
  const also: Array<Write> = []
  const clusterIPs: Array<string> = []
  for (const family of (spec.ipFamilies ?? []) as ReadonlyArray<Family>) {
    const asked = addressesOf(service).find((address) => familyOf(address) === family)
    if (asked !== undefined && held.has(asked)) {
      clusterIPs.push(asked)
      continue
    }
    const { address, write } =
      asked === undefined ? claimAnyAddress(serving, service, family) : await claimAddress(serving, service, asked)
    clusterIPs.push(address)
    also.push(write)
  }
  return { service: withSpec(service, { ...spec, clusterIP: clusterIPs[0] ?? "", clusterIPs }), also }
}

/** The same for node ports. */
const claimNodePorts = async (
  serving: Serving,
  service: Service,
  held: ReadonlySet<number>
): Promise<{ readonly service: Service; readonly also: ReadonlyArray<Write> }> => {
  const spec = service.spec ?? {}
  const spoken = new Set(nodePortsOf(service))
  const also: Array<Write> = []
  const claimed = new Set<number>()
  const claim = async (asked: number, field: string): Promise<number> => {
    // One port number may serve two protocols of one Service.
    if (asked !== 0 && (held.has(asked) || claimed.has(asked))) return asked
    const { port, write } =
      asked === 0
        ? claimAnyNodePort(serving, service, spoken)
        : { port: asked, write: await claimNodePort(serving, service, asked, field) }
    spoken.add(port)
    claimed.add(port)
    also.push(write)
    return port
  }
  const ports: Array<ServicePort> = []
  for (const [i, port] of (spec.ports ?? []).entries()) {
    const asked = port.nodePort ?? 0
    const wanted = hasNodePorts(spec) || (mayHaveNodePorts(spec) && asked !== 0)
    ports.push(wanted ? { ...port, nodePort: await claim(asked, `spec.ports[${i}].nodePort`) } : port)
  }
  const next: ServiceSpec = spec.ports === undefined ? spec : { ...spec, ports }
  if (!needsHealthCheck(spec)) return { service: withSpec(service, next), also }
  const healthCheckNodePort = await claim(spec.healthCheckNodePort ?? 0, "spec.healthCheckNodePort")
  return { service: withSpec(service, { ...next, healthCheckNodePort }), also }
}

export const services: Strategy<Service> = {
  createOnUpdate: true,
  returnsDeleted: true,
  create: (service) => withBothForms(service),
  update: (service, old) => withBothForms(withoutUseless(withKept(withBothForms(service, old), old), old)),
  claim: async (serving, service, old) => {
    const before = old === undefined ? [] : addressesOf(old)
    const portsBefore = old === undefined ? [] : nodePortsOf(old)
    const addressed = await claimAddresses(serving, service, new Set(before))
    const ported = await claimNodePorts(serving, addressed.service, new Set(portsBefore))
    const after = new Set(addressesOf(ported.service))
    const portsAfter = new Set(nodePortsOf(ported.service))
    return {
      object: ported.service,
      also: [
        ...addressed.also,
        ...ported.also,
        ...releaseAddresses(before.filter((address) => !after.has(address))),
        ...releaseNodePorts(portsBefore.filter((port) => !portsAfter.has(port)))
      ]
    }
  },
  release: (_serving, service) => [...releaseAddresses(addressesOf(service)), ...releaseNodePorts(nodePortsOf(service))]
}
