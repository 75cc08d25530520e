/** A served resource beside the resource its objects are stored as: the two differ where two API groups or versions show the same objects. @module */
import { allResources, apiVersionOf, compareVersions, findResource, type KubernetesObject, type Resource } from "@tsukube/api"
import { horizontalPodAutoscalerToV1, horizontalPodAutoscalerToV2 } from "./convert/autoscaling.ts"
import { eventFromCore, eventToCore } from "./convert/events.ts"
import {
  claimFromV1beta1,
  claimTemplateFromV1beta1,
  claimTemplateToV1beta1,
  claimToV1beta1,
  sliceFromV1beta1,
  sliceToV1beta1
} from "./convert/resource-claims.ts"
import { mergeStringData } from "./convert/secrets.ts"
import { folderOf, type StoredObject } from "./stored.ts"

/** How one resource is served. */
export interface Served {
  readonly resource: Resource
  /** What its objects are stored, defaulted and validated as; mostly the resource itself. */
  readonly stored: Resource
  readonly folder: string
  /** `plural.group`, as tables of parts name it: `deployments.apps`, `pods.`. */
  readonly name: string
  /** Undefined: the stored text is what clients get. */
  readonly show?: (stored: KubernetesObject) => KubernetesObject
  /** Undefined: a client's object is what is stored. */
  readonly take?: (object: KubernetesObject) => KubernetesObject
}

interface Conversion {
  readonly stored: readonly [group: string, version: string, plural: string]
  readonly show?: (stored: KubernetesObject) => KubernetesObject
  readonly take: (object: KubernetesObject) => KubernetesObject
}

const conversions: Readonly<Record<string, Conversion>> = {
  "/v1/secrets": { stored: ["", "v1", "secrets"], take: mergeStringData },
  "events.k8s.io/v1/events": { stored: ["", "v1", "events"], show: eventFromCore, take: eventToCore },
  "resource.k8s.io/v1beta1/resourceclaims": {
    stored: ["resource.k8s.io", "v1", "resourceclaims"],
    show: claimToV1beta1,
    take: claimFromV1beta1
  },
  "resource.k8s.io/v1beta1/resourceclaimtemplates": {
    stored: ["resource.k8s.io", "v1", "resourceclaimtemplates"],
    show: claimTemplateToV1beta1,
    take: claimTemplateFromV1beta1
  },
  "resource.k8s.io/v1beta1/resourceslices": {
    stored: ["resource.k8s.io", "v1", "resourceslices"],
    show: sliceToV1beta1,
    take: sliceFromV1beta1
  },
  "autoscaling/v1/horizontalpodautoscalers": {
    stored: ["autoscaling", "v2", "horizontalpodautoscalers"],
    show: horizontalPodAutoscalerToV1,
    take: horizontalPodAutoscalerToV2
  }
}

const versions = Map.groupBy(allResources, ({ group, plural }) => `${group}/${plural}`)

/** Versions of one group that differ in nothing but their name are stored as the most stable of them. */
const renamed = (resource: Resource): Conversion | undefined => {
  const { group, plural } = resource
  const [best] = (versions.get(`${group}/${plural}`) ?? []).toSorted((a, b) => compareVersions(a.version, b.version))
  if (best === undefined || best === resource) return undefined
  const under =
    (apiVersion: string) =>
    (object: KubernetesObject): KubernetesObject => ({ ...object, apiVersion })
  return { stored: [group, best.version, plural], show: under(apiVersionOf(resource)), take: under(apiVersionOf(best)) }
}

const servedBy = (resource: Resource): Served => {
  const conversion = conversions[`${resource.group}/${resource.version}/${resource.plural}`] ?? renamed(resource)
  const name = `${resource.plural}.${resource.group}`
  if (conversion === undefined) return { resource, stored: resource, folder: folderOf(resource), name }
  const stored = findResource(...conversion.stored)
  if (stored === undefined) throw new Error(`nothing stores ${resource.plural} of ${resource.group}`)
  return {
    resource,
    stored,
    folder: folderOf(stored),
    name,
    take: conversion.take,
    ...(conversion.show === undefined ? {} : { show: conversion.show })
  }
}

const all = new Map(allResources.map((resource) => [resource as Resource<unknown>, servedBy(resource)]))

/** By group, version and plural in turn: every request is looked up, and needs no text made for it. */
const byName = new Map(
  [...Map.groupBy(all.values(), ({ resource }) => resource.group)].map(([group, ofGroup]) => [
    group,
    new Map(
      [...Map.groupBy(ofGroup, ({ resource }) => resource.version)].map(([version, ofVersion]) => [
        version,
        new Map(ofVersion.map((served) => [served.resource.plural, served]))
      ])
    )
  ])
)

/** How a resource of the catalog is served where it is; `undefined` for what the catalog does not have. */
export const findServed = (group: string, version: string, plural: string): Served | undefined =>
  byName.get(group)?.get(version)?.get(plural)

/** How a resource of the catalog is served. */
export const servedOf = (resource: Resource<unknown>): Served => {
  const found = all.get(resource) ?? findServed(resource.group, resource.version, resource.plural)
  if (found === undefined) throw new Error(`${resource.plural} of ${resource.group}/${resource.version} is not served`)
  return found
}

/** The object as this resource's clients see it. */
export const shownObject = (served: Served, stored: StoredObject): KubernetesObject =>
  served.show === undefined ? stored.object : served.show(stored.object)

/** The text that this resource's clients get. */
export const shownText = (served: Served, stored: StoredObject): string =>
  served.show === undefined ? stored.text : JSON.stringify(served.show(stored.object))
