/** Fields behind feature gates that are off in v1.36: they are dropped, unless the object had one before. @module */
import { isObject, type JsonObject, type KubernetesObject, type Resource, typeNameOf } from "@tsukube/api"

/**
 * Paths by gate. `[]` goes into every item of a list, `{}` into every value of a map, and a part that ends in `?` goes
 * when nothing else is left of it.
 */
type Gates = Readonly<Record<string, ReadonlyArray<string>>>

const containers = ["containers", "initContainers", "ephemeralContainers"]

/** What pods and their templates may hold, below their spec. */
const ofPods: Gates = {
  ClusterTrustBundleProjection: ["volumes[].projected.sources[].clusterTrustBundle"],
  ContainerStopSignals: containers.map((list) => `${list}[].lifecycle?.stopSignal`),
  GenericWorkload: ["schedulingGroup"],
  PodCertificateRequest: ["volumes[].projected.sources[].podCertificate"]
}

const below = (prefix: string): Gates =>
  Object.fromEntries(Object.entries(ofPods).map(([gate, paths]) => [gate, paths.map((path) => `${prefix}.${path}`)]))

/** By `apiVersion/Kind`. */
const gated: Readonly<Record<string, Gates>> = {
  "v1/Pod": below("spec"),
  "v1/PodTemplate": below("template.spec"),
  "v1/ReplicationController": below("spec.template.spec"),
  "apps/v1/DaemonSet": below("spec.template.spec"),
  "apps/v1/Deployment": below("spec.template.spec"),
  "apps/v1/ReplicaSet": below("spec.template.spec"),
  "apps/v1/StatefulSet": {
    ...below("spec.template.spec"),
    MaxUnavailableStatefulSet: ["spec.updateStrategy.rollingUpdate.maxUnavailable"]
  },
  "batch/v1/CronJob": below("spec.jobTemplate.spec.template.spec"),
  "batch/v1/Job": below("spec.template.spec"),
  "coordination.k8s.io/v1/Lease": { CoordinatedLeaderElection: ["spec.preferredHolder", "spec.strategy"] },
  "resource.k8s.io/v1/ResourceSlice": {
    DRAListTypeAttributes: ["bools", "ints", "strings", "versions"].map((list) => `spec.devices[].attributes{}.${list}`),
    DRANodeAllocatableResources: ["spec.devices[].nodeAllocatableResourceMappings"]
  },
  "storage.k8s.io/v1/CSIDriver": { VolumeLimitScaling: ["spec.preventPodSchedulingIfMissing"] }
}

/** The gates that fields of ours stand behind; every one is off unless it is switched on. */
export const featureGates: ReadonlyArray<string> = [
  ...new Set(Object.values(gated).flatMap((gates) => Object.keys(gates)))
].sort()

const split = (path: string): ReadonlyArray<string> => path.split(/\.|(?=\[\]|\{\})/)
const steps = new Map(
  Object.entries(gated).map(([kind, gates]) => [
    kind,
    Object.entries(gates).map(([gate, paths]) => ({ gate, ways: paths.map(split) }))
  ])
)

/** Drops what the gates do not let in; the very object when there is nothing of it. `old` is what it replaces. */
export const withoutGated = (
  object: KubernetesObject,
  old: KubernetesObject | undefined,
  resource: Resource,
  switched: Readonly<Record<string, boolean>> = {}
): KubernetesObject => {
  let kept: unknown = object
  for (const { gate, ways } of steps.get(typeNameOf(resource)) ?? []) {
    if (switched[gate] === true) continue
    if (old !== undefined && ways.some((way) => reaches(old, way))) continue
    for (const way of ways) if (reaches(kept, way)) kept = without(kept, way)
  }
  return kept as KubernetesObject
}

/** Whether anything stands at the end of the way: of most objects nothing does, and nothing is made to find that out. */
const reaches = (value: unknown, way: ReadonlyArray<string>, at = 0): boolean => {
  const step = way[at]
  if (step === undefined) return true
  if (step === "[]") return Array.isArray(value) && value.some((item) => reaches(item, way, at + 1))
  if (!isObject(value)) return false
  if (step === "{}") return Object.keys(value).some((key) => reaches(value[key], way, at + 1))
  const vanishes = step.endsWith("?")
  const inner = value[vanishes ? step.slice(0, -1) : step]
  if (inner === undefined) return false
  return (vanishes && isObject(inner) && Object.keys(inner).length === 0) || reaches(inner, way, at + 1)
}

/** The value without what stands at the end of the way; the very value when nothing stands there. */
const without = (value: unknown, [step, ...rest]: ReadonlyArray<string>): unknown => {
  if (step === undefined) return undefined
  if (step === "[]") return Array.isArray(value) ? changedItems(value, rest) : value
  if (!isObject(value)) return value
  if (step === "{}")
    return Object.keys(value).reduce<JsonObject>((map, key) => withField(map, key, without(map[key], rest)), value)
  const vanishes = step.endsWith("?")
  const key = vanishes ? step.slice(0, -1) : step
  if (value[key] === undefined) return value
  const inner = without(value[key], rest)
  return withField(value, key, vanishes && isObject(inner) && Object.keys(inner).length === 0 ? undefined : inner)
}

const changedItems = (items: ReadonlyArray<unknown>, rest: ReadonlyArray<string>): ReadonlyArray<unknown> => {
  const changed = items.map((item) => without(item, rest))
  return changed.some((item, i) => item !== items[i]) ? changed : items
}

const withField = (object: JsonObject, key: string, value: unknown): JsonObject => {
  if (object[key] === value) return object
  const { [key]: _, ...rest } = object
  return value === undefined ? rest : { ...object, [key]: value }
}
