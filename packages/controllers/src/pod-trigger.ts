/** Which of a controller's objects has to be looked at after a pod changed. @module */
import { apiVersionOf, controllerOf, type KubernetesObject, labelSelectorFrom, matchesLabels, type Resource } from "@tsukube/api"
import type { Pod } from "@tsukube/api/core-v1"
import type { LabelSelector } from "@tsukube/api/meta-v1"
import type { Informer, InformerEvent } from "@tsukube/client"
import type { Expectations } from "./expectations.ts"
import { isDeleting, namespaceOf, queueKeyOf, uidOf } from "./object.ts"

/** Of whom the pods may be, and who wants to know. */
export interface PodOwners<T extends KubernetesObject> {
  readonly cache: Pick<Informer<T>, "get" | "list">
  readonly resource: Resource<T>
  readonly selectorOf: (owner: T) => LabelSelector | undefined
  readonly expectations: Expectations
  readonly enqueue: (key: string) => void
}

/** A handler of pod events: owners now and before are enqueued, for orphans those who may adopt them. */
export const ownerTrigger = <T extends KubernetesObject>(owners: PodOwners<T>): ((event: InformerEvent<Pod>) => void) => {
  const { cache, resource, selectorOf, expectations, enqueue } = owners
  const ownerKey = (pod: Pod): string | undefined => {
    const reference = controllerOf(pod)
    if (reference?.kind !== resource.kind || reference.apiVersion !== apiVersionOf(resource)) return undefined
    const key = `${namespaceOf(pod)}/${reference.name}`
    const owner = cache.get(key)
    return owner === undefined || uidOf(owner) === reference.uid ? key : undefined
  }
  const enqueueMatching = (pod: Pod): void => {
    for (const owner of cache.list()) {
      if (namespaceOf(owner) !== namespaceOf(pod)) continue
      if (matchesLabels(labelSelectorFrom(selectorOf(owner)), pod.metadata?.labels)) enqueue(queueKeyOf(owner))
    }
  }
  return (event) => {
    const pod = event.object
    const key = ownerKey(pod)
    if (event.type === "Update") {
      const before = ownerKey(event.previous)
      if (before !== undefined && before !== key) enqueue(before)
    }
    if (key === undefined) {
      if (event.type !== "Delete" && controllerOf(pod) === undefined) enqueueMatching(pod)
      return
    }
    if (event.type === "Delete" || isDeleting(pod)) expectations.gone(key, uidOf(pod))
    else expectations.observed(key, uidOf(pod))
    enqueue(key)
  }
}
