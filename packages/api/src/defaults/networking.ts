/** Defaults of networking.k8s.io and discovery.k8s.io. @module */
import type { EndpointSlice } from "../types/discovery-v1.ts"
import type { IngressClass, NetworkPolicy, NetworkPolicyPort, NetworkPolicySpec } from "../types/networking-v1.ts"
import { change, each, fill, maybe } from "./fill.ts"
import { type DefaultsTable, kind } from "./table.ts"

const defaultNetworkPolicy = (policy: NetworkPolicy): NetworkPolicy =>
  change(policy, { spec: maybe(policy.spec, defaultNetworkPolicySpec) })

const defaultNetworkPolicySpec = (spec: NetworkPolicySpec): NetworkPolicySpec => {
  const port = (p: NetworkPolicyPort): NetworkPolicyPort => fill(p, { protocol: "TCP" })
  const hasEgress = (spec.egress?.length ?? 0) > 0
  return change(fill(spec, { podSelector: {}, policyTypes: hasEgress ? ["Ingress", "Egress"] : ["Ingress"] }), {
    ingress: each(spec.ingress, (rule) => change(rule, { ports: each(rule.ports, port) })),
    egress: each(spec.egress, (rule) => change(rule, { ports: each(rule.ports, port) }))
  })
}

const defaultIngressClass = (ingressClass: IngressClass): IngressClass =>
  change(ingressClass, {
    spec: maybe(ingressClass.spec, (spec) =>
      change(spec, { parameters: maybe(spec.parameters, (parameters) => fill(parameters, { scope: "Cluster" })) })
    )
  })

const defaultEndpointSlice = (slice: EndpointSlice): EndpointSlice =>
  change(slice, { ports: each(slice.ports, (port) => fill(port, { name: "", protocol: "TCP" })) })

export const networking: DefaultsTable = { IngressClass: kind(defaultIngressClass), NetworkPolicy: kind(defaultNetworkPolicy) }

export const discovery: DefaultsTable = { EndpointSlice: kind(defaultEndpointSlice) }
