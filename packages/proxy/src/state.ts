/** Decides what must be true on a node: every service port with the endpoints that its traffic may go to. @module */
import type { Service, ServicePort, ServiceSpec } from "@tsukube/api/core-v1"
import type { EndpointSlice } from "@tsukube/api/discovery-v1"
import { parseIpv4, parseNetwork } from "@tsukube/host"
import { chooseEndpoints, type Endpoint, type EndpointChoice, endpointsOf } from "./endpoints.ts"

export type Protocol = "TCP" | "UDP" | "SCTP"

/** The node that the rules are for. */
export interface ProxyNode {
  readonly name: string
  /** From the node's label `topology.kubernetes.io/zone`. */
  readonly zone?: string
}

/** One port of a Service, and where its traffic goes on this node. */
export interface ServicePortState extends EndpointChoice {
  /** As in rule comments: `namespace/name`, with `:port` when the port has a name. */
  readonly name: string
  readonly namespace: string
  readonly service: string
  readonly protocol: Protocol
  readonly clusterIp: string
  readonly port: number
  /** 0: none. */
  readonly nodePort: number
  readonly externalIps: ReadonlyArray<string>
  readonly loadBalancerIps: ReadonlyArray<string>
  /** Who may use the load balancer addresses; empty: everybody. */
  readonly sourceRanges: ReadonlyArray<string>
  /** A client is sent to the same endpoint for this long; 0: no affinity. */
  readonly affinitySeconds: number
  readonly externalLocal: boolean
  readonly internalLocal: boolean
  /** Where a load balancer asks whether this node has endpoints; 0: none. */
  readonly healthCheckNodePort: number
}

/** Everything that must be true, in the order of names. */
export interface ProxyState {
  readonly ports: ReadonlyArray<ServicePortState>
}

/** The state of a proxy that has seen nothing yet. */
export const emptyState: ProxyState = { ports: [] }

const serviceNameLabel = "kubernetes.io/service-name"
/** Services and slices with this label belong to another proxy. */
const proxyNameLabel = "service.kubernetes.io/service-proxy-name"
const defaultAffinitySeconds = 10_800

/** Whether a Service is for us: it has an IPv4 address of its own, and no other proxy claims it. */
const isProxied = (service: Service): boolean =>
  service.spec?.type !== "ExternalName" &&
  service.metadata?.labels?.[proxyNameLabel] === undefined &&
  clusterIpOf(service) !== undefined

const isIpv4 = (address: string): boolean => parseIpv4(address) !== undefined

/** Ranges of the other address family say nothing about IPv4, as upstream reads them. */
const sourceRangesOf = (spec: ServiceSpec): ReadonlyArray<string> =>
  (spec.loadBalancerSourceRanges ?? []).map((range) => range.trim()).filter((range) => parseNetwork(range) !== undefined)

const clusterIpOf = ({ spec }: Service): string | undefined =>
  (spec?.clusterIPs?.length ? spec.clusterIPs : [spec?.clusterIP ?? ""]).find(isIpv4)

/** The name under which rules, comments and hashes know a service port. */
export const servicePortName = (namespace: string, service: string, portName: string | undefined): string =>
  portName === undefined || portName === "" ? `${namespace}/${service}` : `${namespace}/${service}:${portName}`

const portState = (
  service: Service,
  port: ServicePort,
  slices: ReadonlyArray<EndpointSlice>,
  node: ProxyNode
): ServicePortState => {
  const { metadata = {}, spec = {}, status } = service
  const namespace = metadata.namespace ?? ""
  const name = metadata.name ?? ""
  const protocol = port.protocol ?? "TCP"
  const nodePort = spec.type === "ClusterIP" ? 0 : (port.nodePort ?? 0)
  const externalIps = (spec.externalIPs ?? []).filter(isIpv4)
  const loadBalancerIps =
    spec.type === "LoadBalancer"
      ? // A balancer that is itself a proxy wants its traffic sent to it, not caught on the way.
        (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, ipMode }) =>
          ip !== undefined && isIpv4(ip) && ipMode !== "Proxy" ? [ip] : []
        )
      : []
  const external = nodePort !== 0 || externalIps.length > 0 || loadBalancerIps.length > 0
  const externalLocal = external && spec.externalTrafficPolicy === "Local"
  const internalLocal = spec.internalTrafficPolicy === "Local"
  const endpoints = endpointsOf(slices, port.name ?? "", protocol, node)
  return {
    name: servicePortName(namespace, name, port.name),
    namespace,
    service: name,
    protocol,
    clusterIp: clusterIpOf(service) ?? "",
    port: port.port,
    nodePort,
    externalIps,
    loadBalancerIps,
    sourceRanges: loadBalancerIps.length > 0 ? sourceRangesOf(spec) : [],
    affinitySeconds:
      spec.sessionAffinity === "ClientIP" ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? defaultAffinitySeconds) : 0,
    externalLocal,
    internalLocal,
    healthCheckNodePort: spec.externalTrafficPolicy === "Local" ? (spec.healthCheckNodePort ?? 0) : 0,
    ...chooseEndpoints(endpoints, { cluster: !internalLocal || external, local: internalLocal || externalLocal }, node)
  }
}

/** Whether traffic may come from outside the cluster: by node port, external address or load balancer. */
export const isExternal = (port: ServicePortState): boolean =>
  port.nodePort !== 0 || port.externalIps.length > 0 || port.loadBalancerIps.length > 0

/** Every endpoint that traffic of this port may reach, once. */
export const reachableEndpoints = (port: ServicePortState): ReadonlyArray<Endpoint> => {
  const found = new Map<string, Endpoint>()
  for (const endpoint of [...port.clusterEndpoints, ...port.localEndpoints]) found.set(endpoint.key, endpoint)
  return [...found.values()]
}

/** Puts Services and their EndpointSlices together. Services without an IPv4 cluster address are left out. */
export const proxyState = (
  services: ReadonlyArray<Service>,
  slices: ReadonlyArray<EndpointSlice>,
  node: ProxyNode
): ProxyState => {
  const slicesOf = new Map<string, Array<EndpointSlice>>()
  for (const slice of slices) {
    const service = slice.metadata?.labels?.[serviceNameLabel]
    if (slice.addressType !== "IPv4" || service === undefined) continue
    if (slice.metadata?.labels?.[proxyNameLabel] !== undefined) continue
    const key = `${slice.metadata?.namespace}/${service}`
    const list = slicesOf.get(key)
    if (list === undefined) slicesOf.set(key, [slice])
    else list.push(slice)
  }
  const ports: Array<ServicePortState> = []
  for (const service of services) {
    if (!isProxied(service)) continue
    const own = slicesOf.get(`${service.metadata?.namespace}/${service.metadata?.name}`) ?? []
    for (const port of service.spec?.ports ?? []) ports.push(portState(service, port, own, node))
  }
  // Names need not be unique: two unnamed protocols of one port share one.
  return { ports: ports.sort((a, b) => compare(a.name, b.name) || compare(a.protocol, b.protocol)) }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
