/** Which Services a change concerns, for both endpoint controllers. @module */
import { labelSelectorFromMap, matchesLabels } from "@tsukube/api"
import type { Pod, Service } from "@tsukube/api/core-v1"
import type { Informer } from "@tsukube/client"
import { sameMeaning } from "../canonical.ts"
import { isDeleting, namespaceOf, queueKeyOf } from "../object.ts"
import { isReady, isTerminal } from "../pod-state.ts"
import { hasEndpoints, podsOf } from "./service.ts"

const namespaceIndex = (object: { readonly metadata?: Pod["metadata"] | undefined }): ReadonlyArray<string> => [
  object.metadata?.namespace ?? ""
]

/** The index both controllers share. */
export const byNamespace: Readonly<Record<"namespace", typeof namespaceIndex>> = { namespace: namespaceIndex }

/** The pods of a Service, from the cache. */
export const podsOfService = (service: Service, pods: Informer<Pod>): ReadonlyArray<Pod> =>
  podsOf(service, pods.byIndex("namespace", namespaceOf(service)))

/** What endpoints show of a pod; other changes do not concern them. */
const shown = (pod: Pod): unknown => [
  pod.status?.podIPs,
  pod.status?.podIP,
  pod.spec?.nodeName,
  pod.spec?.hostname,
  pod.metadata?.labels,
  isReady(pod),
  isTerminal(pod),
  isDeleting(pod)
]

/** Registrations that enqueue the key of every Service whose endpoints may have changed. */
export const onEndpointChange = (
  services: Informer<Service>,
  pods: Informer<Pod>,
  enqueue: (key: string) => void
): ReadonlyArray<() => () => void> => {
  const enqueueServicesOf = (pod: Pod): void => {
    for (const service of services.byIndex("namespace", namespaceOf(pod))) {
      if (!hasEndpoints(service)) continue
      if (matchesLabels(labelSelectorFromMap(service.spec?.selector ?? {}), pod.metadata?.labels)) enqueue(queueKeyOf(service))
    }
  }
  return [
    () => services.on(({ object }) => enqueue(queueKeyOf(object))),
    () =>
      pods.on((event) => {
        if (event.type === "Update") {
          if (sameMeaning(shown(event.object), shown(event.previous))) return
          enqueueServicesOf(event.previous)
        }
        enqueueServicesOf(event.object)
      })
  ]
}
