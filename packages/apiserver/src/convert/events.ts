/** Events are stored as core/v1 and shown under events.k8s.io/v1 as well: the same object with other field names. @module */
import type { KubernetesObject } from "@tsukube/api"

const namesOfCore: Readonly<Record<string, string>> = {
  involvedObject: "regarding",
  message: "note",
  source: "deprecatedSource",
  firstTimestamp: "deprecatedFirstTimestamp",
  lastTimestamp: "deprecatedLastTimestamp",
  count: "deprecatedCount",
  reportingComponent: "reportingController"
}
const namesOfEvents = Object.fromEntries(Object.entries(namesOfCore).map(([core, events]) => [events, core]))

const renamed = (object: KubernetesObject, names: Readonly<Record<string, string>>, apiVersion: string): KubernetesObject => ({
  ...Object.fromEntries(Object.entries(object).map(([field, value]) => [names[field] ?? field, value])),
  kind: "Event",
  apiVersion
})

/** A stored Event as events.k8s.io/v1 shows it. */
export const eventFromCore = (stored: KubernetesObject): KubernetesObject => renamed(stored, namesOfCore, "events.k8s.io/v1")

/** An Event of events.k8s.io/v1 as it is stored. `involvedObject` is required there. */
export const eventToCore = (object: KubernetesObject): KubernetesObject =>
  Object.assign({ involvedObject: {} }, renamed(object, namesOfEvents, "v1"))
