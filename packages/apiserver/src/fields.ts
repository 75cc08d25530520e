/** Which fields of which resource a field selector may name, and what they say of an object. @module */
import { badRequest, type FieldSelector, type KubernetesObject, type Resource } from "@tsukube/api"
import type { Event } from "@tsukube/api/core-v1"

type Read = (object: KubernetesObject) => string

/** The value at a dotted path; nothing there counts as empty. */
const at =
  (path: string): Read =>
  (object) => {
    let value: unknown = object
    for (const step of path.split(".")) {
      if (typeof value !== "object" || value === null) return ""
      value = (value as Readonly<Record<string, unknown>>)[step]
    }
    return value === undefined || value === null ? "" : String(value)
  }

/** A flag or number that is written out even where it is absent. */
const atOr =
  (path: string, absent: string): Read =>
  (object) =>
    at(path)(object) || absent

const paths = (...names: ReadonlyArray<string>): Readonly<Record<string, Read>> =>
  Object.fromEntries(names.map((name) => [name, at(name)]))

const everywhere = paths("metadata.name", "metadata.namespace")

const eventSource: Read = (object) => {
  const { source, reportingComponent } = object as Event
  return source?.component || (reportingComponent ?? "")
}

const referenceFields = (field: string): Readonly<Record<string, Read>> =>
  paths(...["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"].map((name) => `${field}.${name}`))

/** By `plural.group`; the objects are read as this resource shows them. */
const ofResource: Readonly<Record<string, Readonly<Record<string, Read>>>> = {
  "pods.": {
    ...paths(
      "spec.nodeName",
      "spec.restartPolicy",
      "spec.schedulerName",
      "spec.serviceAccountName",
      "status.phase",
      "status.podIP",
      "status.nominatedNodeName"
    ),
    "spec.hostNetwork": atOr("spec.hostNetwork", "false"),
    "status.podIPs": at("status.podIP")
  },
  "events.": { ...referenceFields("involvedObject"), ...paths("reason", "reportingComponent", "type"), source: eventSource },
  "events.events.k8s.io": {
    ...referenceFields("regarding"),
    ...paths("reason", "reportingController", "type"),
    source: (object) => at("deprecatedSource.component")(object) || at("reportingController")(object)
  },
  "nodes.": { "spec.unschedulable": atOr("spec.unschedulable", "false") },
  "secrets.": paths("type"),
  "namespaces.": { ...paths("status.phase"), name: at("metadata.name") },
  "services.": paths("spec.clusterIP", "spec.type"),
  "persistentvolumes.": { name: at("metadata.name") },
  "persistentvolumeclaims.": { name: at("metadata.name") },
  "replicationcontrollers.": { "status.replicas": atOr("status.replicas", "0") },
  "replicasets.apps": { "status.replicas": atOr("status.replicas", "0") },
  "jobs.batch": { "status.successful": atOr("status.succeeded", "0") },
  "certificatesigningrequests.certificates.k8s.io": paths("spec.signerName"),
  "ipaddresses.networking.k8s.io": paths("spec.parentRef.name", "spec.parentRef.namespace"),
  "resourceslices.resource.k8s.io": paths("spec.nodeName", "spec.driver")
}

/** The fields of a resource by name. */
const fieldsOf = (resource: Resource): Readonly<Record<string, Read>> => ({
  ...everywhere,
  ...ofResource[`${resource.plural}.${resource.group}`]
})

/** A test of one object; `undefined` when the selector selects everything. Throws 400 for a field the resource does not have. */
export const fieldFilter = (resource: Resource, selector: FieldSelector): ((object: KubernetesObject) => boolean) | undefined => {
  if (selector.length === 0) return undefined
  const fields = fieldsOf(resource)
  const requirements = selector.map(({ field, operator, value }) => {
    const read = fields[field]
    if (read === undefined) throw badRequest(unknownField(resource, field))
    return { read, value, equal: operator === "=" }
  })
  return (object) => requirements.every(({ read, value, equal }) => (read(object) === value) === equal)
}

/** What an object's field says; for fields of `fieldFilter`. */
export const readField = (resource: Resource, field: string): Read | undefined => fieldsOf(resource)[field]

const unknownField = (resource: Resource, field: string): string =>
  ofResource[`${resource.plural}.${resource.group}`] === undefined
    ? `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`
    : `field label not supported: ${field}`
