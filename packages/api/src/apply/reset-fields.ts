/** Fields that a door to an object does not let anybody change, and so nobody owns by it. @module */
import { schemaOf } from "../schema.ts"
import { emptySet, type FieldNode, type FieldSet, setOf, withoutTrees } from "./field-set.ts"

/** A kind whose objects are tracked; every `Resource` is one. */
export interface TrackedKind<T = unknown> {
  readonly group: string
  readonly version: string
  readonly kind: string
  /** Name of the definition of its objects. */
  readonly schema: string
  /** Never there at run time: carries the type of the objects. */
  readonly _object?: T
}

/** Stands for every element of a level. */
const anyName = "*"

const status = setOf(["status"])
const spec = setOf(["spec"])

const specAndMetadata = setOf(["spec"], ["metadata"])

/** What a status subresource resets besides `spec`. */
const beyondSpec: Readonly<Record<string, FieldSet>> = {
  "apps/Deployment": setOf(["spec"], ["metadata", "labels"]),
  "/Pod": setOf(["spec"], ["metadata", "deletionTimestamp"], ["metadata", "ownerReferences"]),
  "admissionregistration.k8s.io/ValidatingAdmissionPolicy": specAndMetadata,
  "apiextensions.k8s.io/CustomResourceDefinition": specAndMetadata,
  "certificates.k8s.io/CertificateSigningRequest": setOf(["spec"], ["status", "conditions"]),
  "flowcontrol.apiserver.k8s.io/FlowSchema": specAndMetadata,
  "flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration": specAndMetadata,
  "internal.apiserver.k8s.io/StorageVersion": specAndMetadata,
  "networking.k8s.io/ServiceCIDR": specAndMetadata,
  "resource.k8s.io/DeviceTaintRule": specAndMetadata,
  "resource.k8s.io/ResourceClaim": specAndMetadata,
  "resource.k8s.io/ResourcePoolStatusRequest": specAndMetadata,
  "scheduling.k8s.io/PodGroup": specAndMetadata,
  "storage.k8s.io/VolumeAttachment": specAndMetadata,
  "storagemigration.k8s.io/StorageVersionMigration": specAndMetadata
}

const container = (list: string): ReadonlyArray<ReadonlyArray<string>> => [
  ["spec", list, anyName, "resources"],
  ["spec", list, anyName, "resizePolicy"]
]

/** Subresources that let only these fields be changed. */
const only: Readonly<Record<string, FieldSet>> = {
  "/Pod/ephemeralcontainers": setOf(["spec", "ephemeralContainers"]),
  "/Pod/resize": setOf(...container("containers"), ...container("initContainers"))
}

/** Of a set, the fields that writing to a subresource (`""` for the object itself) may change. */
export const changeableFields = (fields: FieldSet, kind: TrackedKind, subresource: string): FieldSet => {
  const trees = only[`${kind.group}/${kind.kind}/${subresource}`]
  return trees === undefined ? withoutTrees(fields, resetFieldsOf(kind, subresource)) : onlyTrees(fields, trees)
}

const onlyTrees = (fields: FieldSet, trees: FieldSet): FieldSet => {
  const result = new Map<string, FieldNode>()
  for (const [element, node] of fields) {
    const tree = trees.get(element) ?? trees.get(`f:${anyName}`)
    if (tree === undefined) continue
    const below = tree.owned ? node.below : onlyTrees(node.below, tree.below)
    if (node.owned || below.size > 0) result.set(element, { owned: node.owned, below })
  }
  return result
}

const resetFieldsOf = ({ group, kind, schema }: TrackedKind, subresource: string): FieldSet => {
  if (subresource === "status") return beyondSpec[`${group}/${kind}`] ?? spec
  if (subresource === "approval") return setOf(["spec"], ["status", "certificate"])
  // Who asks for a certificate can't ask otherwise later.
  if (subresource === "" && kind === "CertificateSigningRequest") return setOf(["spec"], ["status"])
  return Object.hasOwn(schemaOf(schema).properties ?? {}, "status") && subresource !== "scale" ? status : emptySet
}

/** Fields of which nobody is ever recorded as an owner. */
export const neverOwned: FieldSet = setOf(
  ["apiVersion"],
  ["kind"],
  ...["name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation", "managedFields"].map((name) => [
    "metadata",
    name
  ]),
  ["metadata", "resourceVersion"]
)
