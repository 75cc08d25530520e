/** The metadata rules that hold for every kind: what the server fills in, and what a client may not touch. @module */
import { conflict, fieldError, generateName, invalid, type KubernetesObject } from "@tsukube/api"
import type { ObjectMeta } from "@tsukube/api/meta-v1"
import type { Served } from "./served.ts"
import { timestamp } from "./serving.ts"

/** Leaves out what is undefined, and puts the rest in the order Kubernetes writes it. */
const metadataOf = (fields: { readonly [Field in keyof ObjectMeta]: ObjectMeta[Field] | undefined }): ObjectMeta => {
  const { name, generateName, namespace, uid, generation, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds } =
    fields
  const { labels, annotations, ownerReferences, finalizers, managedFields } = fields
  const ordered: { -readonly [Field in keyof ObjectMeta]: ObjectMeta[Field] } = {}
  if (name !== undefined) ordered.name = name
  if (generateName !== undefined) ordered.generateName = generateName
  if (namespace !== undefined) ordered.namespace = namespace
  if (uid !== undefined) ordered.uid = uid
  if (generation !== undefined) ordered.generation = generation
  if (creationTimestamp !== undefined) ordered.creationTimestamp = creationTimestamp
  if (deletionTimestamp !== undefined) ordered.deletionTimestamp = deletionTimestamp
  if (deletionGracePeriodSeconds !== undefined) ordered.deletionGracePeriodSeconds = deletionGracePeriodSeconds
  if (labels !== undefined) ordered.labels = labels
  if (annotations !== undefined) ordered.annotations = annotations
  if (ownerReferences !== undefined && ownerReferences.length > 0) ordered.ownerReferences = ownerReferences
  if (finalizers !== undefined && finalizers.length > 0) ordered.finalizers = finalizers
  if (managedFields !== undefined && managedFields.length > 0) ordered.managedFields = managedFields
  return ordered
}

/** The object with other metadata. */
export const withMetadata = <T extends KubernetesObject>(object: T, metadata: ObjectMeta): T => ({
  ...object,
  metadata: metadataOf(metadata)
})

/** A new object's metadata: identity, time and first generation; what only the server may set is dropped. */
export const newMetadata = (
  object: KubernetesObject,
  place: { readonly namespace: string; readonly now: number; readonly generation: boolean }
): ObjectMeta => {
  const given = object.metadata ?? {}
  const prefix = given.generateName ?? ""
  const name = given.name || (prefix === "" ? "" : generateName(prefix))
  return metadataOf({
    name,
    generateName: prefix === "" ? undefined : prefix,
    namespace: place.namespace === "" ? undefined : place.namespace,
    uid: crypto.randomUUID(),
    generation: place.generation ? 1 : undefined,
    creationTimestamp: timestamp(place.now),
    labels: given.labels,
    annotations: given.annotations,
    ownerReferences: given.ownerReferences,
    finalizers: given.finalizers,
    managedFields: given.managedFields
  })
}

/** An update's metadata: what a client may not change is as it was. Finalizers can only go while an object is being deleted. */
export const updatedMetadata = (object: KubernetesObject, old: KubernetesObject): ObjectMeta => {
  const given = object.metadata ?? {}
  const before = old.metadata ?? {}
  return metadataOf({
    name: before.name,
    generateName: before.generateName,
    namespace: before.namespace,
    uid: before.uid,
    generation: before.generation,
    creationTimestamp: before.creationTimestamp,
    deletionTimestamp: before.deletionTimestamp,
    deletionGracePeriodSeconds: before.deletionGracePeriodSeconds,
    labels: given.labels,
    annotations: given.annotations,
    ownerReferences: given.ownerReferences,
    finalizers: given.finalizers,
    managedFields: given.managedFields
  })
}

/** 422 when an object that is being deleted gets a finalizer it did not have. */
export const finalizerErrors = (
  object: KubernetesObject,
  old: KubernetesObject
): ReadonlyArray<ReturnType<typeof fieldError.invalid>> => {
  if (old.metadata?.deletionTimestamp === undefined) return []
  const before = new Set(old.metadata.finalizers ?? [])
  const added = (object.metadata?.finalizers ?? []).filter((finalizer) => !before.has(finalizer)).sort()
  if (added.length === 0) return []
  const shown = `[]string{${added.map((finalizer) => JSON.stringify(finalizer)).join(", ")}}`
  return [
    fieldError.forbidden(
      "metadata.finalizers",
      `no new finalizers can be added if the object is being deleted, found new finalizers ${shown}`
    )
  ]
}

/** What an update says about identity and version must fit what is there: 409 otherwise, 422 where a version must be given. */
export const checkUpdate = (served: Served, object: KubernetesObject, old: KubernetesObject, unconditional: boolean): void => {
  const name = old.metadata?.name ?? ""
  const { resourceVersion = "", uid = "" } = object.metadata ?? {}
  if (uid !== "" && uid !== old.metadata?.uid) {
    throw conflict(
      served.resource,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata?.uid}`
    )
  }
  if (resourceVersion === "" || resourceVersion === "0") {
    if (unconditional) return
    throw invalid(served.resource, name, [fieldError.invalid("metadata.resourceVersion", 0, "must be specified for an update")])
  }
  if (resourceVersion !== old.metadata?.resourceVersion) throw conflict(served.resource, name)
}

/** The object being deleted: since when, and how long it may still take. Its generation grows, because its desired state changed. */
export const markedDeleted = (
  object: KubernetesObject,
  deletion: { readonly at: string; readonly graceSeconds: number }
): KubernetesObject => {
  const metadata = object.metadata ?? {}
  const first = metadata.deletionTimestamp === undefined
  return withMetadata(object, {
    ...metadata,
    deletionTimestamp: deletion.at,
    deletionGracePeriodSeconds: deletion.graceSeconds,
    ...(first && metadata.generation !== undefined ? { generation: metadata.generation + 1 } : {})
  })
}
