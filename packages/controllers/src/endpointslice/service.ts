/** What both endpoint controllers ask about a Service and its pods. @module */
import { labelSelectorFromMap, matchesLabels } from "@tsukube/api"
import type { Pod, Service } from "@tsukube/api/core-v1"
import { annotationOf, isDeleting, type Named, namespaceOf, timeOf } from "../object.ts"
import { isTerminal, readyCondition } from "../pod-state.ts"

/** Marks slices and Endpoints of headless Services, for proxies that skip them. */
export const headlessLabel = "service.kubernetes.io/headless"
/** When the change happened that the newest endpoints answer to; latency is measured by it. */
export const triggerTimeAnnotation = "endpoints.kubernetes.io/last-change-trigger-time"

/** True for Services whose endpoints are the controllers' business: those with a selector. */
export const hasEndpoints = (service: Service): boolean =>
  service.spec?.type !== "ExternalName" && Object.keys(service.spec?.selector ?? {}).length > 0

/** True for Services without a cluster IP. */
export const isHeadless = (service: Service): boolean => service.spec?.clusterIP === "None" || !service.spec?.clusterIP

/** Pods of the Service's namespace that its selector names. */
export const podsOf = (service: Service, pods: ReadonlyArray<Pod>): ReadonlyArray<Pod> => {
  const selector = labelSelectorFromMap(service.spec?.selector ?? {})
  return pods.filter((pod) => namespaceOf(pod) === namespaceOf(service) && matchesLabels(selector, pod.metadata?.labels))
}

/** True while the pod has an address that someone might be sent to. */
export const isEndpoint = (pod: Pod, withTerminating: boolean): boolean =>
  !isTerminal(pod) && addressesOf(pod).length > 0 && (withTerminating || !isDeleting(pod))

/** All addresses of a pod. */
export const addressesOf = (pod: Pod): ReadonlyArray<string> => {
  const all = (pod.status?.podIPs ?? []).flatMap(({ ip }) => (ip ? [ip] : []))
  return all.length > 0 ? all : pod.status?.podIP ? [pod.status.podIP] : []
}

/** The hostname under which DNS knows the pod within this Service. */
export const hostnameIn = (service: Service, pod: Pod): string | undefined =>
  pod.spec?.hostname && pod.spec.subdomain === service.metadata?.name ? pod.spec.hostname : undefined

/** The latest moment at which the Service or one of its pods changed in a way that endpoints show. */
export const triggerTime = (service: Service, pods: ReadonlyArray<Pod>): string | undefined => {
  const times = [service.metadata?.creationTimestamp, ...pods.map((pod) => readyCondition(pod)?.lastTransitionTime)]
  return times.reduce((latest, time) => (timeOf(time) > timeOf(latest) ? time : latest), undefined)
}

/** The trigger time to write when something changed: never an older one than before. */
export const laterTrigger = (existing: Named | undefined, time: string | undefined): string | undefined => {
  const before = existing === undefined ? undefined : annotationOf(existing, triggerTimeAnnotation)
  return timeOf(time) > timeOf(before) ? time : before
}

/** The Service's labels for its endpoints, with the headless mark where it belongs. */
export const endpointLabels = (service: Service, own: Readonly<Record<string, string>>): Readonly<Record<string, string>> => {
  const { [headlessLabel]: _, ...labels } = service.metadata?.labels ?? {}
  return { ...labels, ...own, ...(isHeadless(service) ? { [headlessLabel]: "" } : {}) }
}
