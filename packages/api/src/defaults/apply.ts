/** Fills in what an object leaves unsaid, as the API server does before it validates and stores. @module */
import { findByKind } from "../catalog.ts"
import type { KubernetesObject } from "../resource.ts"
import { resolve, type Schema, schemaOf } from "../schema.ts"
import { apps } from "./apps.ts"
import { autoscaling, autoscalingV1 } from "./autoscaling.ts"
import { batch } from "./batch.ts"
import { core } from "./core.ts"
import { admissionregistration, apiextensions, apiregistration, flowcontrol } from "./extension.ts"
import { discovery, networking } from "./networking.ts"
import { rbac } from "./rbac.ts"
import { resource, scheduling, storage } from "./storage.ts"
import type { DefaultsTable } from "./table.ts"

const tables: ReadonlyMap<string, DefaultsTable> = new Map([
  ["v1", core],
  ["admissionregistration.k8s.io/v1", admissionregistration],
  ["apiextensions.k8s.io/v1", apiextensions],
  ["apiregistration.k8s.io/v1", apiregistration],
  ["apps/v1", apps],
  ["autoscaling/v1", autoscalingV1],
  ["autoscaling/v2", autoscaling],
  ["batch/v1", batch],
  ["discovery.k8s.io/v1", discovery],
  ["flowcontrol.apiserver.k8s.io/v1", flowcontrol],
  ["networking.k8s.io/v1", networking],
  ["rbac.authorization.k8s.io/v1", rbac],
  ["resource.k8s.io/v1", resource],
  ["scheduling.k8s.io/v1", scheduling],
  ["storage.k8s.io/v1", storage]
])

/**
 * The object with the defaults of its kind, which `apiVersion` and `kind` name; the very object when nothing is missing.
 * What needs to know the cluster (cluster IPs, default classes, service accounts) is not decided here.
 * Expects the right types: read the object with `checkStructure` first.
 */
export const applyDefaults = <T extends KubernetesObject>(object: T): T => {
  const { apiVersion = "", kind = "" } = object
  const table = tables.get(apiVersion)
  const own = table !== undefined && Object.hasOwn(table, kind) ? table[kind] : undefined
  const whole = withParts(object, apiVersion, kind)
  return (own === undefined ? whole : own(whole)) as T
}

/** Upstream always writes `spec` and `status`, empty ones as `{}`, with the counters of a status at zero. */
const withParts = (object: KubernetesObject, apiVersion: string, kind: string): KubernetesObject => {
  const resource = findByKind(apiVersion, kind)
  if (resource === undefined) return object
  const properties = schemaOf(resource.schema).properties ?? {}
  let result: Record<string, unknown> | undefined
  for (const part of ["spec", "status"]) {
    const place = Object.hasOwn(properties, part) ? properties[part] : undefined
    if (place?.ref === undefined || (object as Readonly<Record<string, unknown>>)[part] !== undefined) continue
    result ??= { ...object }
    result[part] = part === "spec" ? {} : zeroCounters(resolve(place))
  }
  return result ?? object
}

const zeroCounters = (schema: Schema): Readonly<Record<string, unknown>> =>
  Object.fromEntries((schema.required ?? []).filter((key) => schema.properties?.[key]?.type === "integer").map((key) => [key, 0]))
