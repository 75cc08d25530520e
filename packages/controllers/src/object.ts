/** Short ways to the parts of an object's metadata that every controller asks for. @module */
import type { KubernetesObject } from "@tsukube/api"

/** An object as the API server returns it, seen only by its metadata. */
export type Named = Pick<KubernetesObject, "metadata">

/** `metadata.name`, or the empty text for an object that has none yet. */
export const nameOf = (object: Named): string => object.metadata?.name ?? ""

/** `metadata.namespace`, or the empty text for cluster-scoped objects. */
export const namespaceOf = (object: Named): string => object.metadata?.namespace ?? ""

/** `metadata.uid`, or the empty text for an object that was never stored. */
export const uidOf = (object: Named): string => object.metadata?.uid ?? ""

/** The key of an object in a queue: `namespace/name`, or `name` where there is no namespace. */
export const queueKeyOf = (object: Named): string =>
  object.metadata?.namespace ? `${object.metadata.namespace}/${nameOf(object)}` : nameOf(object)

/** Splits what `queueKeyOf` made. */
export const splitKey = (key: string): { readonly namespace: string; readonly name: string } => {
  const slash = key.indexOf("/")
  return slash < 0 ? { namespace: "", name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

/** The value of an annotation, or undefined. */
export const annotationOf = (object: Named, key: string): string | undefined => object.metadata?.annotations?.[key]

/** True once somebody asked for the object's deletion. */
export const isDeleting = (object: Named): boolean => object.metadata?.deletionTimestamp !== undefined

/** Milliseconds since the epoch of an API time; 0 where there is none. */
export const timeOf = (time: string | undefined): number => (time === undefined ? 0 : Date.parse(time))

/** The API's text for a moment: seconds only, as upstream's `metav1.Time`. */
export const formatTime = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`

/** Oldest first; by name where two were made in the same second. */
export const byCreation = (left: Named, right: Named): number =>
  timeOf(left.metadata?.creationTimestamp) - timeOf(right.metadata?.creationTimestamp) ||
  (nameOf(left) < nameOf(right) ? -1 : nameOf(left) > nameOf(right) ? 1 : 0)
