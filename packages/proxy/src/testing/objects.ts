/** Services and EndpointSlices for tests, written short. @module */
import type { Service, ServicePort, ServiceSpec, ServiceStatus } from "@tsukube/api/core-v1"
import type { Endpoint, EndpointSlice } from "@tsukube/api/discovery-v1"

/** A Service `default/<name>` of 10.96.0.10 with port 80. */
export const service = (name: string, spec: ServiceSpec = {}, status?: ServiceStatus): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { namespace: "default", name },
  spec: { type: "ClusterIP", clusterIP: "10.96.0.10", ports: [{ port: 80, protocol: "TCP" }], ...spec },
  ...(status === undefined ? {} : { status })
})

/** What a test says of an endpoint beyond its address. */
export type EndpointDetails = Omit<Endpoint, "addresses">

/** An EndpointSlice of a Service with port 8080; every endpoint is an address or an address with details. */
export const slice = (
  serviceName: string,
  endpoints: ReadonlyArray<string | readonly [string, EndpointDetails]>,
  port: Partial<ServicePort> = {}
): EndpointSlice => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  addressType: "IPv4",
  metadata: { namespace: "default", name: `${serviceName}-1`, labels: { "kubernetes.io/service-name": serviceName } },
  ports: [{ port: 8080, protocol: "TCP", name: "", ...port } as { port: number }],
  endpoints: endpoints.map((endpoint) => {
    const [address, details] = typeof endpoint === "string" ? ([endpoint, {}] as const) : endpoint
    return { addresses: [address], conditions: { ready: true, serving: true, terminating: false }, ...details }
  })
})

/** On the node of the tests. */
export const here: EndpointDetails = { nodeName: "node-1" }
/** Going away, but still answering. */
export const leaving: EndpointDetails = { conditions: { ready: false, serving: true, terminating: true } }
