/** Warnings: what the server accepts and advises against, in upstream's words. @module */
import { isObject } from "../json.ts"
import { parseQuantity } from "../quantity.ts"
import { type KubernetesObject, type Resource, typeNameOf } from "../resource.ts"
import type { Container, Pod, PodSpec, PodTemplateSpec, Volume } from "../types/core-v1.ts"
import type { Loose } from "./findings.ts"
import { plainPods } from "./known-pods.ts"
import { warningsOfOthers } from "./warnings-other.ts"

/** Sentences for `Warning` headers, in order. */
export type Warnings = Generator<string, void, undefined>

/** Labels of nodes that have newer names, as keys of selectors. */
const oldNodeLabels: Readonly<Record<string, string>> = {
  "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
  "failure-domain.beta.kubernetes.io/region": 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  "failure-domain.beta.kubernetes.io/zone": 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  "beta.kubernetes.io/instance-type": 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead'
}
const oldAnnotations: Readonly<Record<string, string>> = {
  "scheduler.alpha.kubernetes.io/critical-pod": 'non-functional in v1.16+; use the "priorityClassName" field instead',
  "seccomp.security.alpha.kubernetes.io/pod": 'non-functional in v1.27+; use the "seccompProfile" field instead',
  "security.alpha.kubernetes.io/sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
  "security.alpha.kubernetes.io/unsafe-sysctls": 'non-functional in v1.11+; use the "sysctls" field instead'
}
/** Sources of volumes that are gone or going. */
const oldVolumes: Readonly<Record<string, string>> = {
  gitRepo: "deprecated in v1.11, and disabled by default in v1.33+",
  photonPersistentDisk: "deprecated in v1.11, non-functional in v1.16+",
  scaleIO: "deprecated in v1.16, non-functional in v1.22+",
  flocker: "deprecated in v1.22, non-functional in v1.25+",
  storageos: "deprecated in v1.22, non-functional in v1.25+",
  quobyte: "deprecated in v1.22, non-functional in v1.25+",
  glusterfs: "deprecated in v1.25, non-functional in v1.26+",
  cephfs: "deprecated in v1.28, non-functional in v1.31+",
  rbd: "deprecated in v1.28, non-functional in v1.31+"
}

/** Where the pod template of a workload stands. */
const templates: Readonly<Record<string, string>> = {
  "v1/PodTemplate": "template",
  "v1/ReplicationController": "spec.template",
  "apps/v1/DaemonSet": "spec.template",
  "apps/v1/Deployment": "spec.template",
  "apps/v1/ReplicaSet": "spec.template",
  "apps/v1/StatefulSet": "spec.template",
  "batch/v1/CronJob": "spec.jobTemplate.spec.template",
  "batch/v1/Job": "spec.template"
}

/**
 * What upstream warns of when an object like this one is created or changed; nothing for most.
 * `old` is the object that it replaces: what only a change can tell is told from it.
 */
export const warningsOf = (
  object: KubernetesObject,
  resource: Resource<unknown>,
  old?: KubernetesObject
): ReadonlyArray<string> => {
  const key = typeNameOf(resource)
  const warnings: Array<string> = []
  const mayBeKnown = key === "v1/Pod" && old === undefined && object.metadata?.annotations === undefined
  if (mayBeKnown && plainPods.has(object)) return warnings
  if (key === "v1/Pod") {
    const pod = object as Loose<Pod>
    const unchanged = old !== undefined && JSON.stringify((old as Loose<Pod>).spec) === JSON.stringify(pod.spec)
    if (!unchanged) warnings.push(...warningsOfPod({ metadata: pod.metadata, spec: pod.spec }, ""))
  }
  const path = Object.hasOwn(templates, key) ? templates[key] : undefined
  const template = path === undefined ? undefined : at(object, path)
  if (
    path !== undefined &&
    isObject(template) &&
    (old === undefined || JSON.stringify(at(old, path)) !== JSON.stringify(template))
  ) {
    warnings.push(...warningsOfPod(template as Loose<PodTemplateSpec>, `${path}.`))
  }
  warnings.push(...warningsOfOthers(object, key))
  if (mayBeKnown && warnings.length === 0) plainPods.add(object)
  return warnings
}

const at = (object: unknown, path: string): unknown =>
  path.split(".").reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), object)

/** `prefix` is the path of the template with a dot, or empty. */
function* warningsOfPod({ metadata, spec = {} }: Loose<PodTemplateSpec>, prefix: string): Warnings {
  const path = `${prefix}spec`
  for (const key of Object.keys(spec.nodeSelector ?? {}))
    if (Object.hasOwn(oldNodeLabels, key)) yield `${path}.nodeSelector[${key}]: ${oldNodeLabels[key]}`
  yield* warningsOfAffinity(spec, path)
  for (const [i, constraint] of (spec.topologySpreadConstraints ?? []).entries()) {
    const key = constraint.topologyKey ?? ""
    if (Object.hasOwn(oldNodeLabels, key))
      yield `${path}.topologySpreadConstraints[${i}].topologyKey: ${key} is ${oldNodeLabels[key]}`
    if (constraint.labelSelector === undefined)
      yield `${path}.topologySpreadConstraints[${i}].labelSelector: a null labelSelector results in matching no pod`
  }
  for (const key of Object.keys(metadata?.annotations ?? {})) {
    if (Object.hasOwn(oldAnnotations, key)) yield `${prefix}metadata.annotations[${key}]: ${oldAnnotations[key]}`
    if (key.startsWith("container.apparmor.security.beta.kubernetes.io/"))
      yield `${prefix}metadata.annotations[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`
    if (key.startsWith("container.seccomp.security.alpha.kubernetes.io/"))
      yield `${prefix}metadata.annotations[${key}]: non-functional in v1.27+; use the "seccompProfile" field instead`
  }
  for (const [i, volume] of (spec.volumes ?? []).entries()) yield* warningsOfVolume(volume, `${path}.volumes[${i}]`)
  yield* warningsOfAliases(spec, path)
  yield* duplicates(
    (spec.imagePullSecrets ?? []).map(({ name = "" }) => name),
    (i, name) =>
      name === ""
        ? `${path}.imagePullSecrets[${i}].name: invalid empty name ""`
        : `${path}.imagePullSecrets[${i}].name: duplicate name ${JSON.stringify(name)}`
  )
  for (const list of ["initContainers", "containers"] as const)
    for (const [i, container] of (spec[list] ?? []).entries()) yield* warningsOfContainer(container, `${path}.${list}[${i}]`)
  yield* warningsOfPorts(spec, path)
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0)
    yield `${path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`
}

function* warningsOfAffinity({ affinity }: Loose<PodSpec>, path: string): Warnings {
  const node = affinity?.nodeAffinity
  const terms = node?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  const base = `${path}.affinity.nodeAffinity`
  for (const [i, term] of terms.entries()) {
    for (const [j, { key = "" }] of (term.matchExpressions ?? []).entries())
      if (Object.hasOwn(oldNodeLabels, key))
        yield `${base}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${i}].matchExpressions[${j}].key: ${key} is ${oldNodeLabels[key]}`
  }
  for (const [i, { preference }] of (node?.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
    for (const [j, { key = "" }] of (preference?.matchExpressions ?? []).entries())
      if (Object.hasOwn(oldNodeLabels, key))
        yield `${base}.preferredDuringSchedulingIgnoredDuringExecution[${i}].preference.matchExpressions[${j}].key: ${key} is ${oldNodeLabels[key]}`
  }
}

function* warningsOfVolume(volume: Loose<Volume>, path: string): Warnings {
  for (const source of Object.keys(oldVolumes))
    if (volume[source as keyof Volume] !== undefined) yield `${path}.${source}: ${oldVolumes[source]}`
  const { projected, ephemeral, emptyDir } = volume
  if (projected !== undefined && (projected.sources ?? []).length === 0) yield `${path}.projected: no sources provided`
  if (ephemeral?.volumeClaimTemplate?.spec?.resources?.requests !== undefined) {
    const storage = ephemeral.volumeClaimTemplate.spec.resources.requests["storage"]
    if (isFraction(storage))
      yield `${path}.ephemeral.volumeClaimTemplate.spec.resources.requests[storage]: fractional byte value ${JSON.stringify(storage)} is invalid, must be an integer`
  }
  if (isFraction(emptyDir?.sizeLimit))
    yield `${path}.emptyDir.sizeLimit: fractional byte value ${JSON.stringify(emptyDir?.sizeLimit)} is invalid, must be an integer`
}

/** Whether an amount of bytes has a part of a byte in it. */
export const isFraction = (amount: string | undefined): boolean =>
  amount !== undefined && parseQuantity(amount).nano % 1_000_000_000n !== 0n

function* warningsOfAliases({ hostAliases = [] }: Loose<PodSpec>, path: string): Warnings {
  yield* duplicates(
    hostAliases.map(({ ip = "" }) => ip),
    (i, ip) => `${path}.hostAliases[${i}].ip: duplicate ip ${JSON.stringify(ip)}`
  )
}

/** A sentence for every item that was there before. */
function* duplicates(values: ReadonlyArray<string>, sentence: (i: number, value: string) => string): Warnings {
  for (const [i, value] of values.entries()) if (value === "" || values.indexOf(value) < i) yield sentence(i, value)
}

function* warningsOfContainer(container: Loose<Container>, path: string): Warnings {
  for (const side of ["limits", "requests"] as const) {
    for (const name of ["memory", "ephemeral-storage"]) {
      const amount = container.resources?.[side]?.[name]
      if (isFraction(amount))
        yield `${path}.resources.${side}[${name}]: fractional byte value ${JSON.stringify(amount)} is invalid, must be an integer`
    }
  }
  const names = new Map<string, boolean>()
  for (const [i, { name = "", value = "", valueFrom }] of (container.env ?? []).entries()) {
    // Building a value up from an earlier one of the same name is how lists are extended.
    const extendsEarlier = valueFrom === undefined && value.includes(`$(${name})`)
    if (names.has(name) && !extendsEarlier)
      yield `${path}.env[${i}]: hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`
    names.set(name, true)
  }
}

/** The same port twice within a container, or among the containers. */
function* warningsOfPorts({ containers = [] }: Loose<PodSpec>, path: string): Warnings {
  const seen = new Map<string, string>()
  for (const [i, container] of containers.entries()) {
    for (const [j, port] of (container.ports ?? []).entries()) {
      const key = [port.containerPort, port.hostPort ?? 0, port.protocol ?? "TCP", port.hostIP ?? ""].join("/")
      const here = `${path}.containers[${i}].ports[${j}]`
      const before = seen.get(key)
      if (before === undefined) seen.set(key, here)
      else yield `${here}: duplicate port definition with ${before}`
    }
  }
}
