/** Tells clients which groups, versions and resources there are: the old documents one by one, and the aggregated one. @module */
import { createHash } from "node:crypto"
import { apiVersionOf, compareVersions, notAcceptable, type Resource, type Subresource } from "@tsukube/api"
import type { RequestContext, Route } from "./request.ts"

/** The order in which upstream lists its groups, which decides what kubectl takes a short name for; others follow by name. */
const groupOrder: ReadonlyArray<string> = [
  "",
  "apiregistration.k8s.io",
  "apps",
  "events.k8s.io",
  "authentication.k8s.io",
  "authorization.k8s.io",
  "autoscaling",
  "batch",
  "certificates.k8s.io",
  "networking.k8s.io",
  "policy",
  "rbac.authorization.k8s.io",
  "storage.k8s.io",
  "admissionregistration.k8s.io",
  "apiextensions.k8s.io",
  "scheduling.k8s.io",
  "coordination.k8s.io",
  "node.k8s.io",
  "discovery.k8s.io",
  "resource.k8s.io",
  "flowcontrol.apiserver.k8s.io"
]

/** One version of a group and what it serves. */
export interface GroupVersion {
  readonly version: string
  readonly resources: ReadonlyArray<Resource>
}

/** A group with its versions, the preferred first. */
export interface Group {
  readonly name: string
  readonly versions: ReadonlyArray<GroupVersion>
}

/** Resources by group and version, in the order in which they are published. */
export const groupsOf = (resources: ReadonlyArray<Resource>): ReadonlyArray<Group> => {
  const byGroup = Map.groupBy(resources, ({ group }) => group)
  const rank = (name: string) => (groupOrder.includes(name) ? groupOrder.indexOf(name) : groupOrder.length)
  const names = [...byGroup.keys()].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
  return names.map((name) => {
    const byVersion = Map.groupBy(byGroup.get(name)!, ({ version }) => version)
    const versions = [...byVersion.keys()].sort(compareVersions)
    return { name, versions: versions.map((version) => ({ version, resources: byVersion.get(version)! })) }
  })
}

/** A document under its content type, made once and sent many times. */
interface Document {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly contentType: string
  readonly etag: string | undefined
}

const document = (value: unknown, contentType = "application/json", tagged = false): Document => {
  const text = JSON.stringify(value)
  const etag = tagged ? `"${createHash("sha512").update(text).digest("hex").toUpperCase()}"` : undefined
  return { bytes: new TextEncoder().encode(text), contentType, etag }
}

const resourceEntries = (resource: Resource): ReadonlyArray<object> => [
  {
    name: resource.plural,
    singularName: resource.singular,
    namespaced: resource.namespaced,
    kind: resource.kind,
    verbs: resource.verbs,
    ...(resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
    ...(resource.categories.length === 0 ? {} : { categories: resource.categories })
  },
  ...resource.subresources.map((subresource) => subresourceEntry(resource, subresource))
]

const subresourceEntry = (resource: Resource, { name, group, version, kind, verbs }: Subresource): object => ({
  name: `${resource.plural}/${name}`,
  singularName: "",
  namespaced: resource.namespaced,
  ...(group === resource.group && version === resource.version ? {} : { group, version }),
  kind,
  verbs
})

const resourceList = (group: string, { version, resources }: GroupVersion): object => ({
  kind: "APIResourceList",
  ...(group === "" ? {} : { apiVersion: "v1" }),
  groupVersion: apiVersionOf({ group, version }),
  resources: resources.flatMap(resourceEntries)
})

const groupEntry = ({ name, versions }: Group) => {
  const entries = versions.map(({ version }) => ({ groupVersion: apiVersionOf({ group: name, version }), version }))
  return { name, versions: entries, preferredVersion: entries[0] }
}

const aggregatedVersion = ({ version, resources }: GroupVersion): object => ({
  version,
  resources: resources.map((resource) => ({
    resource: resource.plural,
    responseKind: { group: resource.group, version: resource.version, kind: resource.kind },
    scope: resource.namespaced ? "Namespaced" : "Cluster",
    singularResource: resource.singular,
    verbs: resource.verbs,
    ...(resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
    ...(resource.categories.length === 0 ? {} : { categories: resource.categories }),
    ...(resource.subresources.length === 0
      ? {}
      : {
          subresources: resource.subresources.map(({ name, group, version, kind, verbs }) => ({
            subresource: name,
            responseKind: { group, version, kind },
            verbs
          }))
        })
  })),
  freshness: "Current"
})

const aggregated = (groups: ReadonlyArray<Group>, version: string): Document =>
  document(
    {
      kind: "APIGroupDiscoveryList",
      apiVersion: `apidiscovery.k8s.io/${version}`,
      metadata: {},
      items: groups.map(({ name, versions }) => ({
        metadata: { ...(name === "" ? {} : { name }), creationTimestamp: null },
        versions: versions.map(aggregatedVersion)
      }))
    },
    `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
    true
  )

const serverAddresses = [{ clientCIDR: "0.0.0.0/0", serverAddress: "" }]

/** The documents of `/api` and `/apis` in every form, by path and form. */
const documentsOf = (resources: ReadonlyArray<Resource>): ReadonlyMap<string, Document> => {
  const groups = groupsOf(resources)
  const core = groups.filter(({ name }) => name === "")
  const named = groups.filter(({ name }) => name !== "")
  const documents = new Map<string, Document>()
  const coreVersions = core.flatMap(({ versions }) => versions.map(({ version }) => version))
  documents.set("/api", document({ kind: "APIVersions", versions: coreVersions, serverAddressByClientCIDRs: serverAddresses }))
  documents.set("/apis", document({ kind: "APIGroupList", apiVersion: "v1", groups: named.map(groupEntry) }))
  for (const version of ["v2", "v2beta1"]) {
    documents.set(`/api ${version}`, aggregated(core, version))
    documents.set(`/apis ${version}`, aggregated(named, version))
  }
  for (const group of groups) {
    if (group.name !== "") {
      documents.set(`/apis/${group.name}`, document({ kind: "APIGroup", apiVersion: "v1", ...groupEntry(group) }))
    }
    for (const version of group.versions) {
      const path = group.name === "" ? `/api/${version.version}` : `/apis/${group.name}/${version.version}`
      documents.set(path, document(resourceList(group.name, version)))
    }
  }
  return documents
}

/** Which aggregated form the client would rather have than the old one; `undefined`: the old one. */
const aggregatedForm = (accept: string): string | undefined => {
  for (const clause of accept.split(",")) {
    const [type = "", ...parameters] = clause.split(";").map((part) => part.trim())
    if (type !== "application/json" && type !== "*/*" && type !== "application/*" && type !== "") continue
    if (!parameters.includes("as=APIGroupDiscoveryList")) return undefined
    const version = parameters.find((parameter) => parameter.startsWith("v="))?.slice(2)
    if (parameters.includes("g=apidiscovery.k8s.io") && (version === "v2" || version === "v2beta1")) return version
  }
  throw notAcceptable(["application/json"])
}

const etagMatches = (context: RequestContext, etag: string): boolean =>
  (context.request.headers.get("if-none-match") ?? "")
    .split(",")
    .some((tag) => tag.trim().replace(/^W\//, "") === etag || tag.trim() === "*")

/** Sends a document made before; 304 when the client has it already. */
const sendDocument = (context: RequestContext, { bytes, contentType, etag }: Document): Response => {
  const headers = new Headers({ "cache-control": "no-cache, private", vary: "Accept" })
  if (etag !== undefined) {
    headers.set("etag", etag)
    headers.set("cache-control", "public")
    if (etagMatches(context, etag)) return new Response(null, { status: 304, headers })
  }
  headers.set("content-type", contentType)
  headers.set("content-length", String(bytes.length))
  return new Response(bytes, { headers })
}

/** What is deeper speaks of resources, and must not wait for documents to be made. */
const discoveryPath = /^\/api(?:s(?:\/[^/]+){0,2}|(?:\/[^/]+)?)$/

/** Answers `/api`, `/apis` and below, up to the resources themselves. Documents are made anew when `resources` gives another array. */
export const discoveryRoute = (resources: () => ReadonlyArray<Resource>): Route => {
  let source: ReadonlyArray<Resource> | undefined
  let documents: ReadonlyMap<string, Document> = new Map()
  return (context) => {
    const { method } = context.request
    if (method !== "GET" && method !== "HEAD") return undefined
    const path = context.url.pathname.length > 1 ? context.url.pathname.replace(/\/$/, "") : context.url.pathname
    if (!discoveryPath.test(path)) return undefined
    if (source !== resources()) {
      source = resources()
      documents = documentsOf(source)
    }
    const found = documents.get(path)
    if (found === undefined) return undefined
    const form = aggregatedForm(context.request.headers.get("accept") ?? "*/*")
    const other = form === undefined ? undefined : documents.get(`${path} ${form}`)
    return sendDocument(context, other ?? found)
  }
}
