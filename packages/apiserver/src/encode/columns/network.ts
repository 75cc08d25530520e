/** How Services and what belongs to them are shown. @module */
import type { Endpoints, Service } from "@tsukube/api/core-v1"
import type { EndpointSlice } from "@tsukube/api/discovery-v1"
import type { Ingress, IngressClass, IPAddress, NetworkPolicy, ServiceCIDR } from "@tsukube/api/networking-v1"
import {
  ageColumn,
  formatLabels,
  formatSelector,
  joined,
  nameColumn,
  none,
  orNone,
  type Printer,
  printer,
  shortened,
  text,
  wide
} from "../column.ts"

const externalAddresses = ({ spec, status }: Service): string => {
  const external = spec?.externalIPs ?? []
  if (spec?.type === "ExternalName") return orNone(spec.externalName)
  if (spec?.type !== "LoadBalancer") return joined(external)
  const balanced = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? "")
  const all = [...balanced, ...external]
  return all.length === 0 ? "<pending>" : all.join(",")
}

const servicePorts = ({ spec }: Service): string =>
  joined(
    (spec?.ports ?? []).map(({ port, nodePort = 0, protocol = "TCP" }) =>
      nodePort > 0 ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`
    )
  )

export const servicePrinter: Printer = printer<Service>([
  nameColumn,
  text("Type", ({ spec }) => spec?.type ?? ""),
  text("Cluster-IP", ({ spec }) => orNone(spec?.clusterIPs?.[0] ?? spec?.clusterIP)),
  text("External-IP", externalAddresses),
  text("Port(s)", servicePorts),
  ageColumn,
  wide(text("Selector", ({ spec }) => formatLabels(spec?.selector)))
])

const withPort = (ip: string, port: number): string => (ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`)

const endpointsText = ({ subsets = [] }: Endpoints): string => {
  const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip)
      : ports.flatMap(({ port }) => addresses.map(({ ip }) => withPort(ip, port)))
  )
  return shortened(all, 3, none)
}

export const endpointsPrinter: Printer = printer<Endpoints>([nameColumn, text("Endpoints", endpointsText), ageColumn])

export const endpointSlicePrinter: Printer = printer<EndpointSlice>([
  nameColumn,
  text("AddressType", ({ addressType }) => addressType),
  text("Ports", ({ ports }) =>
    shortened(
      (ports ?? []).map(({ name, port }) => (port === undefined ? (name ?? "*") : String(port))),
      3,
      "<unset>"
    )
  ),
  text("Endpoints", ({ endpoints }) =>
    shortened(
      (endpoints ?? []).flatMap(({ addresses }) => addresses),
      3,
      "<unset>"
    )
  ),
  ageColumn
])

const ingressHosts = ({ spec }: Ingress): string => {
  const hosts = (spec?.rules ?? []).map(({ host }) => host ?? "").filter((host) => host !== "")
  return shortened(hosts, 3, "*")
}

export const ingressPrinter: Printer = printer<Ingress>([
  nameColumn,
  text("Class", ({ spec }) => orNone(spec?.ingressClassName)),
  text("Hosts", ingressHosts),
  text("Address", ({ status }) =>
    (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? "").join(",")
  ),
  text("Ports", ({ spec }) => ((spec?.tls ?? []).length > 0 ? "80, 443" : "80")),
  ageColumn
])

export const ingressClassPrinter: Printer = printer<IngressClass>([
  nameColumn,
  text("Controller", ({ spec }) => spec?.controller ?? ""),
  text("Parameters", ({ spec }) => {
    const parameters = spec?.parameters
    if (parameters === undefined) return none
    const group = parameters.apiGroup === undefined ? "" : `.${parameters.apiGroup}`
    return `${parameters.kind}${group}/${parameters.name}`
  }),
  ageColumn
])

export const networkPolicyPrinter: Printer = printer<NetworkPolicy>([
  nameColumn,
  text("Pod-Selector", ({ spec }) => formatSelector(spec?.podSelector)),
  ageColumn
])

export const serviceCidrPrinter: Printer = printer<ServiceCIDR>([
  nameColumn,
  text("CIDRs", ({ spec }) => (spec?.cidrs ?? []).join(",")),
  ageColumn
])

export const ipAddressPrinter: Printer = printer<IPAddress>([
  nameColumn,
  text("ParentRef", ({ spec }) => {
    const parent = spec?.parentRef
    if (parent === undefined) return none
    const { resource = "", group = "", namespace = "", name = "" } = parent
    return [group === "" ? resource : `${resource}.${group}`, namespace, name].filter((part) => part !== "").join("/")
  })
])
