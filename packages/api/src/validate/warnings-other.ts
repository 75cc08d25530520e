/** Warnings about the kinds that have no pods in them. @module */
import type { KubernetesObject } from "../resource.ts"
import type { CronJob, Job } from "../types/batch-v1.ts"
import type { Endpoints, Node, PersistentVolume, PersistentVolumeClaim, Service } from "../types/core-v1.ts"
import type { Ingress } from "../types/networking-v1.ts"
import type { Loose } from "./findings.ts"

type Warn = (object: never) => Iterable<string>

/** A row: the table's key vouches for the type. */
const warn = <T>(f: (object: Loose<T>) => Iterable<string>): Warn => f as unknown as Warn
const deadPolicy =
  "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning."
const classAnnotation =
  'metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead'
const maxJobNameBytes = 63

const hasOldClass = ({
  metadata
}: {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, unknown>> | undefined } | undefined
}): boolean => metadata?.annotations?.["volume.beta.kubernetes.io/storage-class"] !== undefined

function* ofVolume(volume: Loose<PersistentVolume>): Iterable<string> {
  if (hasOldClass(volume)) yield classAnnotation
  if (volume.spec?.persistentVolumeReclaimPolicy === "Recycle") yield deadPolicy
}

function* ofService({ spec = {}, metadata }: Loose<Service>): Iterable<string> {
  if (metadata?.annotations?.["service.kubernetes.io/topology-aware-hints"] !== undefined)
    yield "metadata.annotations[service.kubernetes.io/topology-aware-hints]: deprecated, please use spec.trafficDistribution instead"
  if ((spec.externalIPs ?? []).length > 0 && spec.type === "ExternalName")
    yield 'spec.externalIPs is ignored when spec.type is "ExternalName"'
  if (spec.type !== "ExternalName" && (spec.externalName ?? "") !== "")
    yield `spec.externalName is ignored when spec.type is not "ExternalName"`
  if (spec.trafficDistribution === "PreferClose") yield "spec.trafficDistribution: deprecated in v1.35; use PreferSameZone"
  if (spec.clusterIP === "None" && (spec.loadBalancerIP ?? "") !== "")
    yield "spec.loadBalancerIP is ignored for headless services"
  if (spec.clusterIP === "None" && (spec.externalIPs ?? []).length > 0) yield "spec.externalIPs is ignored for headless services"
  if (spec.clusterIP === "None" && spec.sessionAffinity === "ClientIP")
    yield "spec.SessionAffinity is ignored for headless services"
}

function* ofNode({ spec = {} }: Loose<Node>): Iterable<string> {
  if ((spec.externalID ?? "") !== "") yield "spec.externalID: this field is deprecated, and is unused by Kubernetes"
  if (spec.configSource !== undefined) yield "spec.configSource: the spec.configSource field is no longer used"
}

function* ofJob({ metadata, spec = {} }: Loose<Job>): Iterable<string> {
  const { completions = 0, parallelism = 0, completionMode } = spec
  const bytes = new TextEncoder().encode(metadata?.name ?? "").length
  if (bytes > maxJobNameBytes) yield `metadata.name: ${metadata?.name}: must be no more than ${maxJobNameBytes} characters`
  if (completionMode === "Indexed" && completions > 100_000 && parallelism > 10_000)
    yield "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail"
}

/** By `apiVersion/Kind`. */
const table: Readonly<Record<string, Warn>> = {
  "v1/ComponentStatus": () => ["v1 ComponentStatus is deprecated in v1.19+"],
  "v1/Endpoints": warn<Endpoints>(() => ["v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"]),
  "v1/Node": warn<Node>(ofNode),
  "v1/PersistentVolume": warn<PersistentVolume>(ofVolume),
  "v1/PersistentVolumeClaim": warn<PersistentVolumeClaim>((claim) => (hasOldClass(claim) ? [classAnnotation] : [])),
  "v1/Service": warn<Service>(ofService),
  "batch/v1/CronJob": warn<CronJob>(({ spec }) =>
    spec?.schedule?.includes("TZ") === true ? ["cannot use TZ or CRON_TZ in schedule, use timeZone field instead"] : []
  ),
  "batch/v1/Job": warn<Job>(ofJob),
  "networking.k8s.io/v1/Ingress": warn<Ingress>(({ metadata }) =>
    metadata?.annotations?.["kubernetes.io/ingress.class"] === undefined
      ? []
      : ["annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead"]
  )
}

/** Warnings of kinds by `apiVersion/Kind`. */
export const warningsOfOthers = (object: KubernetesObject, key: string): Iterable<string> =>
  (Object.hasOwn(table, key) ? table[key] : undefined)?.(object as never) ?? []
