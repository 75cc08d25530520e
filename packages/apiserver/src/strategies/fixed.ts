/** Kinds that begin with a status of their own, or have fields that Kubernetes no longer keeps. @module */
import type { KubernetesObject } from "@tsukube/api"
import type { Node, PersistentVolume, ServiceAccount } from "@tsukube/api/core-v1"
import type { EndpointSlice } from "@tsukube/api/discovery-v1"
import { timestamp } from "../serving.ts"
import type { Strategy } from "./strategy.ts"

/** The kind, whose new objects have this status. */
export const beginning = (status: object, more: Strategy = {}): Strategy => ({
  ...more,
  create: (object) => Object.assign({}, object, { status })
})

/** The kind, without what every write of it leaves out. */
const leavingOut = <T extends KubernetesObject>(clean: (object: T) => T, more: Strategy<T>): Strategy<T> => ({
  ...more,
  create: clean,
  update: clean
})

/** What an Ingress and a VolumeAttachment say before anybody has looked at them. */
export const unbalanced: object = { loadBalancer: {} }
export const unattached: object = { attached: false }

/** Nothing is counted yet. */
export const uncounted: object = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 }

/** A volume is pending from the moment it is there. */
export const persistentVolumes: Strategy<PersistentVolume> = {
  returnsDeleted: true,
  create: (volume, { now }) =>
    Object.assign({}, volume, { status: { phase: "Pending", lastPhaseTransitionTime: timestamp(now) } })
}

/** Kubelets are configured by files again; what named an object for that is not kept. */
const withoutConfig = (node: Node): Node => {
  if (node.spec?.configSource === undefined && node.status?.config === undefined) return node
  const { configSource: _, ...spec } = node.spec ?? {}
  const { config: __, ...status } = node.status ?? {}
  return { ...node, spec, status }
}

export const nodes: Strategy<Node> = leavingOut<Node>(withoutConfig, { keepsStatus: true, updateStatus: withoutConfig })

/** Of a Secret a ServiceAccount keeps the name alone. */
export const serviceAccounts: Strategy<ServiceAccount> = leavingOut<ServiceAccount>(
  (account) =>
    account.secrets === undefined
      ? account
      : { ...account, secrets: account.secrets.map(({ name }) => (name === undefined ? {} : { name })) },
  { returnsDeleted: true }
)

/** Where an endpoint is, is said by fields of their own since v1. */
export const endpointSlices: Strategy<EndpointSlice> = leavingOut<EndpointSlice>(
  (slice) => {
    const { endpoints } = slice
    if (endpoints?.some(({ deprecatedTopology }) => deprecatedTopology !== undefined) !== true) return slice
    return { ...slice, endpoints: endpoints.map(({ deprecatedTopology: _, ...endpoint }) => endpoint) }
  },
  { generation: true }
)
