/** The `kubernetes` Service in `default`, by which pods reach the API: its address is the first of the range, its endpoints are this server. @module */
import { isIP } from "node:net"
import type { KubernetesObject } from "@tsukube/api"
import { firstAddress } from "./allocate/addresses.ts"
import { serviceRanges } from "./allocate/ranges.ts"
import type { ApiserverOptions } from "./options.ts"

const place = { name: "kubernetes", namespace: "default" }

const object = (apiVersion: string, kind: string, metadata: object, rest: object): KubernetesObject =>
  Object.assign({ kind, apiVersion, metadata: { ...place, ...metadata } }, rest)

/** The ranges as the object that tells of them. */
export const serviceCidrObject = (options: ApiserverOptions, at: string): KubernetesObject =>
  Object.assign(
    { kind: "ServiceCIDR", apiVersion: "networking.k8s.io/v1", metadata: { name: "kubernetes" } },
    {
      spec: { cidrs: serviceRanges(options).map(({ cidr }) => cidr) },
      status: {
        conditions: [
          {
            type: "Ready",
            status: "True",
            reason: "",
            message: "Kubernetes Service CIDR is ready",
            lastTransitionTime: at
          }
        ]
      }
    }
  )

/** The Service itself. */
export const kubernetesService = (options: ApiserverOptions): KubernetesObject => {
  const [range] = serviceRanges(options)
  const clusterIP = firstAddress(range!)
  const { port = 6443 } = options.advertise ?? {}
  return object(
    "v1",
    "Service",
    { labels: { component: "apiserver", provider: "kubernetes" } },
    {
      spec: {
        type: "ClusterIP",
        clusterIP,
        clusterIPs: [clusterIP],
        ports: [{ name: "https", protocol: "TCP", port: 443, targetPort: port }],
        sessionAffinity: "None"
      }
    }
  )
}

/** Where the Service leads: Endpoints for old clients, an EndpointSlice for the proxies, and one more for every further port. */
export const kubernetesEndpoints = (
  places: ReadonlyArray<NonNullable<ApiserverOptions["advertise"]>>
): ReadonlyArray<KubernetesObject> => {
  const byPort = new Map<number, ReadonlyArray<string>>()
  const sorted = places.toSorted((a, b) => a.port - b.port || (a.address < b.address ? -1 : 1))
  for (const { address, port } of sorted) byPort.set(port, [...(byPort.get(port) ?? []), address])
  const ports = (port: number) => [{ name: "https", port, protocol: "TCP" }]
  const groups = [...byPort]
  const subsets = groups.map(([port, addresses]) => ({ addresses: addresses.map((ip) => ({ ip })), ports: ports(port) }))
  const slices = groups.map(([port, addresses], index) =>
    object(
      "discovery.k8s.io/v1",
      "EndpointSlice",
      {
        labels: { "kubernetes.io/service-name": "kubernetes" },
        ...(index === 0 ? {} : { name: `kubernetes-${port}` })
      },
      {
        addressType: isIP(addresses[0]!) === 6 ? "IPv6" : "IPv4",
        endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
        ports: ports(port)
      }
    )
  )
  const labels = { "endpointslice.kubernetes.io/skip-mirror": "true" }
  return [object("v1", "Endpoints", { labels }, subsets.length === 0 ? {} : { subsets }), ...slices]
}
