/** API operations of the network resources. @module */
import { type EndpointSlice, endpointslices } from "@tsukube/api/discovery-v1"
import { ingressclasses, ingresses, ipaddresses, servicecidrs } from "@tsukube/api/networking-v1"
import { apiOperations, statusConditions } from "../api-operations.ts"
import type { ConformanceTest } from "../suite.ts"

const ingress = apiOperations(ingresses)("[sig-network] Ingress API should support creating Ingress API operations", {
  make: () => ({
    spec: {
      ingressClassName: "conformance-no-such-class",
      defaultBackend: { service: { name: "default-backend", port: { number: 80 } } }
    }
  }),
  change: (object) => ({
    ...object,
    spec: { ...object.spec, defaultBackend: { service: { name: "other-backend", port: { number: 8080 } } } }
  }),
  changed: ({ spec }) => spec?.defaultBackend?.service?.name === "other-backend",
  status: {
    patch: { loadBalancer: { ingress: [{ ip: "169.1.1.1" }] } },
    patched: ({ status }) => status?.loadBalancer?.ingress?.[0]?.ip === "169.1.1.1",
    update: (object) => ({ ...object, status: { loadBalancer: { ingress: [{ ip: "169.1.1.2" }] } } }),
    updated: ({ status }) => status?.loadBalancer?.ingress?.[0]?.ip === "169.1.1.2"
  }
})

const ingressClass = apiOperations(ingressclasses)(
  "[sig-network] IngressClass API should support creating IngressClass API operations",
  { make: () => ({ spec: { controller: "conformance.example.com/controller" } }) }
)

const slice = (port: number): Pick<EndpointSlice, "addressType" | "endpoints" | "ports"> => ({
  addressType: "IPv4",
  endpoints: [{ addresses: ["192.0.2.10"], conditions: { ready: true } }],
  ports: [{ name: "http", port, protocol: "TCP" }]
})

const endpointSlice = apiOperations(endpointslices)(
  "[sig-network] EndpointSlice should support creating EndpointSlice API operations",
  {
    make: () => slice(80),
    change: (object) => ({ ...object, ...slice(8080) }),
    changed: ({ ports }) => ports?.[0]?.port === 8080
  }
)

const ipAddress = apiOperations(ipaddresses)(
  "[sig-network] ServiceCIDR and IPAddress API should support IPAddress API operations",
  {
    // TEST-NET-3 of RFC 5737: no cluster gives such addresses to its Services.
    nameOf: (index) => `203.0.113.${10 + index}`,
    make: (_, { namespace }) => ({ spec: { parentRef: { resource: "services", namespace, name: "no-such-service" } } })
  }
)

// Documentation addresses of RFC 3849: a cluster of IPv4 takes no Service's address from them, so no other test's Service can keep one alive.
const serviceCidr = apiOperations(servicecidrs)(
  "[sig-network] ServiceCIDR and IPAddress API should support ServiceCIDR API operations",
  { make: (index) => ({ spec: { cidrs: [`2001:db8:cafe:${index + 1}::/112`] } }), status: statusConditions() }
)

export const networkObjects: ReadonlyArray<ConformanceTest> = [ingress, ingressClass, endpointSlice, ipAddress, serviceCidr]
