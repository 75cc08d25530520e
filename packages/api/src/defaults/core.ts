/** Defaults of the core group. @module */
import type {
  Endpoints,
  LimitRange,
  LimitRangeItem,
  Namespace,
  Node,
  PodTemplate,
  ReplicationController,
  Secret,
  Service,
  ServicePort,
  ServiceSpec
} from "../types/core-v1.ts"
import { change, each, fill, maybe } from "./fill.ts"
import { defaultPod, defaultPodTemplate } from "./pod.ts"
import { type DefaultsTable, kind } from "./table.ts"
import { defaultClaim, defaultPersistentVolume } from "./volume.ts"

const affinitySeconds = 10_800

const defaultService = (service: Service): Service =>
  change(fill(service, { status: { loadBalancer: {} } }), {
    spec: defaultServiceSpec(service.spec ?? {}),
    status: maybe(service.status, (status) =>
      change(fill(status, { loadBalancer: {} }), {
        loadBalancer: maybe(status.loadBalancer, (balancer) =>
          change(balancer, {
            ingress: each(balancer.ingress, (ingress) => fill(ingress, { ipMode: ingress.ip === undefined ? undefined : "VIP" }))
          })
        )
      })
    )
  })

const defaultServiceSpec = (spec: ServiceSpec): ServiceSpec => {
  const { type = "ClusterIP", sessionAffinity } = spec
  const isExternal =
    type === "NodePort" || type === "LoadBalancer" || (type === "ClusterIP" && (spec.externalIPs?.length ?? 0) > 0)
  const { sessionAffinityConfig: _, ...withoutConfig } = spec
  // Without affinity there is nothing to configure, and upstream drops what is there.
  const base = sessionAffinity === "ClientIP" || spec.sessionAffinityConfig === undefined ? spec : withoutConfig
  return change(
    fill<ServiceSpec>(base, {
      type: "ClusterIP",
      sessionAffinity: "None",
      sessionAffinityConfig: sessionAffinity === "ClientIP" ? { clientIP: { timeoutSeconds: affinitySeconds } } : undefined,
      externalTrafficPolicy: isExternal ? "Cluster" : undefined,
      internalTrafficPolicy: type === "ExternalName" ? undefined : "Cluster",
      allocateLoadBalancerNodePorts: type === "LoadBalancer" ? true : undefined
    }),
    { ports: each(spec.ports, defaultServicePort) }
  )
}

const defaultServicePort = (port: ServicePort): ServicePort => {
  const full = fill(port, { protocol: "TCP", targetPort: port.port })
  return full.targetPort === 0 ? { ...full, targetPort: port.port } : full
}

const defaultEndpoints = (endpoints: Endpoints): Endpoints =>
  change(endpoints, {
    subsets: each(endpoints.subsets, (subset) =>
      change(subset, { ports: each(subset.ports, (port) => fill(port, { protocol: "TCP" })) })
    )
  })

const defaultReplicationController = (controller: ReplicationController): ReplicationController => {
  const labels = controller.spec?.template?.metadata?.labels
  return change(controller, {
    metadata: fill(controller.metadata ?? {}, { labels }),
    spec: change(fill(controller.spec ?? {}, { replicas: 1, selector: labels }), {
      template: maybe(controller.spec?.template, defaultPodTemplate)
    })
  })
}

/** Plain texts are only ever written: they become `data`, where they win, and are never read back. */
const defaultSecret = (secret: Secret): Secret => {
  if (secret.stringData === undefined) return fill(secret, { type: "Opaque" })
  const { stringData, ...rest } = secret
  const texts = Object.entries(stringData).map(([key, text]) => [key, base64Of(text)] as const)
  return fill({ ...rest, data: { ...rest.data, ...Object.fromEntries(texts) } }, { type: "Opaque" })
}

const base64Of = (text: string): string =>
  btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(""))

/** A node says where its kubelet listens and what it is made of, or that it does not know yet. */
const unknownNode: NonNullable<Node["status"]> = {
  daemonEndpoints: { kubeletEndpoint: { Port: 0 } },
  nodeInfo: {
    machineID: "",
    systemUUID: "",
    bootID: "",
    kernelVersion: "",
    osImage: "",
    containerRuntimeVersion: "",
    kubeletVersion: "",
    kubeProxyVersion: "",
    operatingSystem: "",
    architecture: ""
  }
}

const defaultNode = (node: Node): Node =>
  change(node, { status: fill(node.status ?? {}, { ...unknownNode, allocatable: node.status?.capacity }) })

/** Every namespace can be selected by its name. */
const defaultNamespace = (namespace: Namespace): Namespace => {
  const { name, labels } = namespace.metadata ?? {}
  if (name === undefined || labels?.["kubernetes.io/metadata.name"] === name) return namespace
  return { ...namespace, metadata: { ...namespace.metadata, labels: { ...labels, "kubernetes.io/metadata.name": name } } }
}

const defaultLimitRange = (range: LimitRange): LimitRange =>
  change(range, { spec: maybe(range.spec, (spec) => change(spec, { limits: each(spec.limits, defaultLimit) ?? spec.limits })) })

/** A container's default is its maximum; what it asks for by default is its default, or the minimum. */
const defaultLimit = (item: LimitRangeItem): LimitRangeItem => {
  if (item.type !== "Container") return item
  const limit = { ...item.max, ...item.default }
  const request = { ...item.min, ...limit, ...item.defaultRequest }
  return {
    ...item,
    ...(Object.keys(limit).length === 0 ? {} : { default: limit }),
    ...(Object.keys(request).length === 0 ? {} : { defaultRequest: request })
  }
}

const defaultTemplate = (object: PodTemplate): PodTemplate =>
  change(object, { template: maybe(object.template, defaultPodTemplate) })

export const core: DefaultsTable = {
  Endpoints: kind(defaultEndpoints),
  LimitRange: kind(defaultLimitRange),
  Namespace: kind(defaultNamespace),
  Node: kind(defaultNode),
  PersistentVolume: kind(defaultPersistentVolume),
  PersistentVolumeClaim: kind(defaultClaim),
  Pod: kind(defaultPod),
  PodTemplate: kind(defaultTemplate),
  ReplicationController: kind(defaultReplicationController),
  Secret: kind(defaultSecret),
  Service: kind(defaultService)
}
