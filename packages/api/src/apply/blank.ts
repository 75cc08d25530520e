/** What upstream takes for the object before it was created: one of its kind in which nothing is set. @module */
import { resolve, type Schema, schemaOf } from "../schema.ts"

type Blank = Readonly<Record<string, unknown>>

/**
 * Optional structs that upstream's types hold by value and so always write. Together with required fields they are there
 * before anything is set, which is why whoever creates an object does not own them. Only those count to which no list leads.
 */
const alwaysWritten: Readonly<Record<string, ReadonlyArray<string>>> = {
  "io.k8s.api.apps.v1.DaemonSetSpec": ["updateStrategy"],
  "io.k8s.api.apps.v1.DeploymentSpec": ["strategy"],
  "io.k8s.api.apps.v1.ReplicaSetSpec": ["template"],
  "io.k8s.api.apps.v1.StatefulSetSpec": ["updateStrategy"],
  "io.k8s.api.batch.v1.JobTemplateSpec": ["metadata", "spec"],
  "io.k8s.api.core.v1.Event": ["source"],
  "io.k8s.api.core.v1.NodeDaemonEndpoints": ["kubeletEndpoint"],
  "io.k8s.api.core.v1.NodeStatus": ["daemonEndpoints", "nodeInfo"],
  "io.k8s.api.core.v1.PersistentVolumeClaimSpec": ["resources"],
  "io.k8s.api.core.v1.PodTemplate": ["template"],
  "io.k8s.api.core.v1.PodTemplateSpec": ["metadata", "spec"],
  "io.k8s.api.core.v1.ServiceStatus": ["loadBalancer"],
  "io.k8s.api.networking.v1.IngressStatus": ["loadBalancer"],
  "io.k8s.api.resource.v1.ResourceClaimSpec": ["devices"],
  "io.k8s.api.resource.v1.ResourceClaimTemplateSpec": ["metadata"]
}

/** Required fields that upstream's types hold by pointer, and so do not write before they are set. */
const notWritten: Readonly<Record<string, ReadonlyArray<string>>> = {
  "io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec": ["validationActions"],
  "io.k8s.api.networking.v1.IPAddressSpec": ["parentRef"]
}

const known = new Map<string, Blank>()

/** The object of a kind in which nothing is set. */
export const blankOf = (definition: string): Blank => {
  const before = known.get(definition)
  if (before !== undefined) return before
  const { properties = {} } = schemaOf(definition)
  const parts = ["metadata", "spec", "status"].filter((name) => resolve(properties[name] ?? {}).properties !== undefined)
  const blank = structOf({ ref: definition }, parts)
  known.set(definition, blank)
  return blank
}

const structOf = (place: Schema, extra: ReadonlyArray<string> = []): Blank => {
  const { required = [], properties = {} } = resolve(place)
  const names = new Set([...required, ...(alwaysWritten[place.ref ?? ""] ?? []), ...extra])
  const absent = notWritten[place.ref ?? ""] ?? []
  return Object.fromEntries(
    [...names].filter((name) => !absent.includes(name)).map((name) => [name, zeroOf(properties[name] ?? {})])
  )
}

const zeroOf = (place: Schema): unknown => {
  const schema = resolve(place)
  if (schema.properties !== undefined) return structOf(place)
  if (schema.intOrString === true || schema.type === "integer" || schema.type === "number") return 0
  if (schema.type === "boolean") return false
  // A time that is not set is written as null.
  return schema.type === "string" && schema.format === undefined ? "" : null
}
