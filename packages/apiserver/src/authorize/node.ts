/**
 * Authorizes kubelets: fixed rules for all nodes, and for what is a node's own only by a tie between the node and the object.
 * Reading pods, nodes and resource slices is not narrowed to the node's own (upstream asks for field selectors there).
 * @module
 */
import type { KubernetesObject } from "@tsukube/api"
import { type Pod, persistentvolumeclaims, pods } from "@tsukube/api/core-v1"
import type { Attributes, Authorizer, Registry } from "../request.ts"
import { nodeRules } from "./node-rules.ts"
import { ruleAllows } from "./rule.ts"

const nodePrefix = "system:node:"
const readVerbs: ReadonlyArray<string> = ["get", "list", "watch"]

/** Allows kubelets (users `system:node:NAME` in the group `system:nodes`) what their node needs. */
export const nodeAuthorizer =
  (registry: Registry): Authorizer =>
  async (user, attributes) => {
    if (!user.groups.includes("system:nodes") || !user.name.startsWith(nodePrefix)) return { allowed: false }
    const node = user.name.slice(nodePrefix.length)
    if (!nodeRules.some((rule) => ruleAllows(rule, attributes))) return { allowed: false }
    const tied = isTied(registry, node, attributes)
    return tied ? { allowed: true } : { allowed: false, reason: `no relationship found between node '${node}' and this object` }
  }

const podsOf = (registry: Registry, node: string, namespace?: string): ReadonlyArray<Pod> =>
  registry.list(pods, namespace).filter(({ spec }) => spec?.nodeName === node)

const isTied = (
  registry: Registry,
  node: string,
  { group, resource, subresource, verb, namespace, name }: Attributes
): boolean => {
  const mine = () => podsOf(registry, node, namespace)
  switch (group === "" ? resource : `${resource}.${group}`) {
    case "secrets":
      return name !== "" && mine().some((pod) => secretNames(pod).has(name))
    case "configmaps":
      return name !== "" && mine().some((pod) => configMapNames(pod).has(name))
    case "serviceaccounts":
      return mine().some(({ spec }) => (spec?.serviceAccountName ?? "default") === name)
    case "persistentvolumeclaims":
      return mine().some((pod) => claimNames(pod).has(name))
    case "persistentvolumes":
      return podsOf(registry, node).some((pod) => volumeNames(registry, pod).has(name))
    case "pods":
      if (readVerbs.includes(verb) || name === "" || (verb === "create" && subresource === "")) return true
      return registry.get(pods, { namespace, name })?.spec?.nodeName === node
    case "nodes":
      return readVerbs.includes(verb) || verb === "create" || name === node
    case "leases.coordination.k8s.io":
      return namespace === "kube-node-lease" && (name === node || (name === "" && verb === "create"))
    case "csinodes.storage.k8s.io":
      return name === node || (name === "" && verb === "create")
    default:
      return true
  }
}

const containersOf = ({ spec }: Pod) => [
  ...(spec?.initContainers ?? []),
  ...(spec?.containers ?? []),
  ...(spec?.ephemeralContainers ?? [])
]

const namesOf = (names: Iterable<string | undefined>): ReadonlySet<string> =>
  new Set([...names].filter((name) => name !== undefined))

/** Every secret that the pod's node has to read for it. */
const secretNames = (pod: Pod): ReadonlySet<string> =>
  namesOf([
    ...(pod.spec?.imagePullSecrets ?? []).map(({ name }) => name),
    ...containersOf(pod).flatMap(({ env = [], envFrom = [] }) => [
      ...env.map(({ valueFrom }) => valueFrom?.secretKeyRef?.name),
      ...envFrom.map(({ secretRef }) => secretRef?.name)
    ]),
    ...(pod.spec?.volumes ?? []).flatMap((volume) => [
      volume.secret?.secretName,
      ...(volume.projected?.sources ?? []).map(({ secret }) => secret?.name),
      volume.csi?.nodePublishSecretRef?.name,
      volume.cephfs?.secretRef?.name,
      volume.flexVolume?.secretRef?.name,
      volume.iscsi?.secretRef?.name,
      volume.rbd?.secretRef?.name,
      volume.azureFile?.secretName
    ])
  ])

const configMapNames = (pod: Pod): ReadonlySet<string> =>
  namesOf([
    ...containersOf(pod).flatMap(({ env = [], envFrom = [] }) => [
      ...env.map(({ valueFrom }) => valueFrom?.configMapKeyRef?.name),
      ...envFrom.map(({ configMapRef }) => configMapRef?.name)
    ]),
    ...(pod.spec?.volumes ?? []).flatMap(({ configMap, projected }) => [
      configMap?.name,
      ...(projected?.sources ?? []).map(({ configMap }) => configMap?.name)
    ])
  ])

/** Claims by name, and those made for ephemeral volumes, which are called after pod and volume. */
const claimNames = (pod: Pod): ReadonlySet<string> =>
  namesOf(
    (pod.spec?.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => [
      persistentVolumeClaim?.claimName,
      ephemeral === undefined ? undefined : `${(pod as KubernetesObject).metadata?.name}-${name}`
    ])
  )

const volumeNames = (registry: Registry, pod: Pod): ReadonlySet<string> => {
  const namespace = pod.metadata?.namespace ?? ""
  return namesOf([...claimNames(pod)].map((name) => registry.get(persistentvolumeclaims, { namespace, name })?.spec?.volumeName))
}
