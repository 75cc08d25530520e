/** Publishes the API's schemas: `/openapi/v2` whole, `/openapi/v3` by group and version. @module */
import { createHash } from "node:crypto"
import { notAcceptable, type Resource } from "@tsukube/api"
import { type Group, groupsOf } from "../discovery.ts"
import { versionInfo } from "../health.ts"
import type { RequestContext, Route } from "../request.ts"
import { listDefinitionOf, pathsOf } from "./paths.ts"
import { openApiV2Protobuf } from "./protobuf.ts"
import { allDefinitions, closureOf, type Json, openApiDefinitions } from "./schema.ts"

/** A document as it is sent. */
interface Document {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly hash: string
  readonly contentType: string
}

/** The types by which the two forms of version 2 are asked for. */
const v2Protobuf = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
const v2ProtobufNow = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

const info = { title: "Kubernetes", version: versionInfo["gitVersion"] }
const shared = ["Status", "DeleteOptions", "Patch", "WatchEvent"].map((name) => `io.k8s.apimachinery.pkg.apis.meta.v1.${name}`)

const documentOf = (bytes: Uint8Array<ArrayBuffer>, contentType: string): Document => ({
  bytes,
  hash: createHash("sha512").update(bytes).digest("hex").toUpperCase(),
  contentType
})

const jsonDocument = (value: Json): Document => documentOf(new TextEncoder().encode(JSON.stringify(value)), "application/json")

const definitionsOf = (resources: ReadonlyArray<Resource>): ReadonlyArray<string> => [
  ...shared,
  ...resources.flatMap((resource) => [
    resource.schema,
    listDefinitionOf(resource),
    ...resource.subresources.flatMap(({ schema }) => (schema === undefined ? [] : [schema]))
  ])
]

const allPaths = (dialect: 2 | 3, resources: ReadonlyArray<Resource>): Json =>
  Object.assign({}, ...resources.map((resource) => pathsOf(dialect, resource)))

const v3Document = (resources: ReadonlyArray<Resource>): Document =>
  jsonDocument({
    openapi: "3.0.0",
    info,
    paths: allPaths(3, resources),
    components: { schemas: openApiDefinitions(3, closureOf(definitionsOf(resources))) }
  })

const v2Json = (resources: ReadonlyArray<Resource>): Json => ({
  swagger: "2.0",
  info,
  paths: allPaths(2, resources),
  definitions: openApiDefinitions(2, allDefinitions())
})

/** Calls once, on first use. */
const once = <A>(make: () => A): (() => A) => {
  let made: { readonly value: A } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

/** Every document of one set of resources, each made when first asked for. */
const documentsOf = (resources: ReadonlyArray<Resource>) => {
  const v2 = once(() => v2Json(resources))
  const v3 = new Map<string, () => Document>()
  const add = ({ name, versions }: Group): void => {
    for (const { version, resources } of versions) {
      v3.set(
        name === "" ? `api/${version}` : `apis/${name}/${version}`,
        once(() => v3Document(resources))
      )
    }
  }
  groupsOf(resources).forEach(add)
  const index = once(() =>
    jsonDocument({
      paths: Object.fromEntries(
        [...v3].map(([path, document]) => [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${document().hash}` }])
      )
    })
  )
  return {
    v2: once(() => jsonDocument(v2())),
    v2Protobuf: once(() => documentOf(openApiV2Protobuf(v2()), v2ProtobufNow)),
    index,
    v3
  }
}

const send = (context: RequestContext, { bytes, hash, contentType }: Document, cacheControl: string): Response => {
  const etag = `"${hash}"`
  const headers = new Headers({ etag, "cache-control": cacheControl, vary: "Accept" })
  if (context.request.headers.get("if-none-match")?.includes(etag)) return new Response(null, { status: 304, headers })
  headers.set("content-type", contentType)
  headers.set("content-length", String(bytes.length))
  return new Response(bytes, { headers })
}

/** Whether protobuf is what the client wants first. `undefined`: neither form will do. */
const wantsProtobuf = (accept: string): boolean | undefined => {
  for (const clause of accept.split(",")) {
    const type = clause.split(";")[0]!.trim()
    if (type === v2Protobuf || type === v2ProtobufNow) return true
    if (type === "" || type === "*/*" || type === "application/*" || type === "application/json") return false
  }
  return undefined
}

/** Answers below `/openapi`. Documents are made anew when `resources` gives another array. */
export const openApiRoute = (resources: () => ReadonlyArray<Resource>): Route => {
  let source: ReadonlyArray<Resource> | undefined
  let documents: ReturnType<typeof documentsOf> | undefined
  return (context) => {
    const { pathname, searchParams } = context.url
    if (!pathname.startsWith("/openapi/v") || (context.request.method !== "GET" && context.request.method !== "HEAD"))
      return undefined
    if (documents === undefined || source !== resources()) {
      source = resources()
      documents = documentsOf(source)
    }
    const path = pathname.replace(/\/$/, "")
    if (path === "/openapi/v2") {
      const protobuf = wantsProtobuf(context.request.headers.get("accept") ?? "*/*")
      if (protobuf === undefined) throw notAcceptable(["application/json", v2Protobuf])
      return send(context, protobuf ? documents.v2Protobuf() : documents.v2(), "no-cache, private")
    }
    if (path === "/openapi/v3") return send(context, documents.index(), "no-cache, private")
    const document = documents.v3.get(path.slice("/openapi/v3/".length))?.()
    if (document === undefined) return undefined
    const hash = searchParams.get("hash")
    if (hash === null || hash === "") return send(context, document, "no-cache, private")
    // A client with an old index is led to what is there now; under its own hash a document never changes.
    if (hash !== document.hash) {
      return new Response(null, { status: 301, headers: { location: `${path}?hash=${document.hash}` } })
    }
    return send(context, document, "public, immutable, max-age=31536000")
  }
}
