/** Writes objects and lists as answers: the stored text as it stands, or the Table or metadata made of it. @module */
import { apiVersionOf, badRequest, type KubernetesObject } from "@tsukube/api"
import { canEncode, encodeProtobuf } from "../protobuf/encode.ts"
import { protobufType } from "../protobuf/kind.ts"
import type { RequestContext, Table, TableOptions } from "../request.ts"
import { type Served, shownObject, shownText } from "../served.ts"
import type { Serving } from "../serving.ts"
import type { StoredObject } from "../stored.ts"
import { isFromSocket } from "../wire.ts"
import { yaml } from "../yaml.ts"
import { type Accepted, negotiate } from "./accept.ts"
import { bodyResponse, piecesResponse } from "./compress.ts"

/** Browsers and curl get indented JSON unless they say otherwise, as upstream does it. */
export const wantsPretty = (context: RequestContext): boolean => {
  const pretty = context.url.searchParams.get("pretty")
  if (pretty !== null) return pretty !== "false" && pretty !== "0"
  return /^(curl|Wget|Mozilla\/5\.0)/.test(context.request.headers.get("user-agent") ?? "")
}

const headersOf = (context: RequestContext, contentType: string): Headers => {
  const headers = new Headers({ "content-type": contentType, "cache-control": "no-cache, private" })
  for (const warning of context.warnings) headers.append("warning", warningValue(warning))
  return headers
}

/** RFC 7234's form; code 299, no agent. */
export const warningValue = (text: string): string =>
  `299 - "${text.replace(/[\\"]/g, "\\$&").replace(/[^\t\x20-\x7e\x80-\xff]/g, "?")}"`

/** Answers with JSON text (no newline at its end yet), in the format that was agreed on. */
export const textResponse = (context: RequestContext, accepted: Accepted, text: string, code = 200): Response => {
  const { format } = accepted
  const respond = (body: string | Uint8Array<ArrayBuffer>, type: string) =>
    bodyResponse(context.request, body, { status: code, headers: headersOf(context, type) })
  if (format === "protobuf") return respond(encodeProtobuf(JSON.parse(text)), protobufType)
  if (format === "yaml") return respond(yaml().stringify(JSON.parse(text)), "application/yaml")
  const body = wantsPretty(context) ? JSON.stringify(JSON.parse(text), undefined, 2) : text
  return respond(`${body}\n`, "application/json")
}

/** Answers with an object that is not stored (a Status, a Scale, a review). */
export const objectResponse = (context: RequestContext, object: object, code = 200): Response => {
  const { apiVersion = "", kind = "" } = object as KubernetesObject
  const accepted = negotiate(context.request.headers.get("accept"), { protobuf: canEncode(apiVersion, kind) })
  return textResponse(context, accepted, JSON.stringify(object), code)
}

const withProtobuf = new Map<Served, boolean>()

/** Whether a resource's objects have a protobuf form. */
export const hasProtobuf = (served: Served): boolean => {
  const known = withProtobuf.get(served)
  if (known !== undefined) return known
  const { resource } = served
  const found = canEncode(apiVersionOf(resource), resource.kind)
  withProtobuf.set(served, found)
  return found
}

/** `includeObject` of a Table request. */
export const tableOptionsOf = (context: RequestContext, now: number): TableOptions => {
  const include = context.url.searchParams.get("includeObject") ?? ""
  if (include !== "" && include !== "None" && include !== "Metadata" && include !== "Object") {
    throw badRequest(
      `Invalid value: ${JSON.stringify(include)}: must be "Object", "None", "Metadata", or empty (defaults to "Metadata")`
    )
  }
  return { includeObject: include === "" ? "Metadata" : include, now }
}

/** The metadata of an object alone. */
export const partialOf = (object: KubernetesObject, metaVersion: string): KubernetesObject => ({
  kind: "PartialObjectMetadata",
  apiVersion: metaVersion,
  ...(object.metadata === undefined ? {} : { metadata: object.metadata })
})

/** A Table as a top-level object. */
export const tableOf = (table: Table, metaVersion: string, metadata: object): object => ({
  kind: "Table",
  apiVersion: metaVersion,
  metadata,
  ...table
})

/** Answers with one object, in the shape that was asked for. */
export const storedResponse = (
  serving: Serving,
  context: RequestContext,
  served: Served,
  stored: StoredObject,
  code = 200
): Response => {
  const accepted = negotiate(context.request.headers.get("accept"), { protobuf: hasProtobuf(served) })
  if (accepted.shape === "object") return textResponse(context, accepted, shownText(served, stored), code)
  const object = shownObject(served, stored)
  if (accepted.shape === "PartialObjectMetadata") {
    return textResponse(context, accepted, JSON.stringify(partialOf(object, accepted.metaVersion)), code)
  }
  const table = serving.parts.toTable([object], served.resource, tableOptionsOf(context, serving.now()))
  const metadata = { resourceVersion: String(stored.revision) }
  return textResponse(context, accepted, JSON.stringify(tableOf(table, accepted.metaVersion, metadata)), code)
}

/** What a list says of itself. */
export interface ListMetadata {
  readonly resourceVersion: string
  readonly continue?: string
  readonly remainingItemCount?: number
}

const encoder = new TextEncoder()

const listHead = ({ resource }: Served, metadata: ListMetadata): string =>
  `${JSON.stringify({ kind: resource.listKind, apiVersion: apiVersionOf(resource), metadata }).slice(0, -1)},"items":[`

/** Whether a list of the resource as it is stored is what the client wants: then it is made of bytes that are there already. */
export const wantsStoredBytes = (context: RequestContext, served: Served): boolean => {
  if (served.show !== undefined || !isFromSocket(context.request) || wantsPretty(context)) return false
  const { shape, format } = negotiate(context.request.headers.get("accept"), { list: true, protobuf: hasProtobuf(served) })
  return shape === "object" && format === "json"
}

/** Answers with a list whose items are given as bytes, each behind a comma; for those who want stored bytes. */
export const storedListResponse = (
  context: RequestContext,
  served: Served,
  items: ReadonlyArray<Uint8Array>,
  metadata: ListMetadata
): Response => {
  const [first, ...rest] = items
  const pieces = first === undefined ? [] : [first.subarray(1), ...rest]
  const all = [encoder.encode(listHead(served, metadata)), ...pieces, encoder.encode("]}\n")]
  return piecesResponse(context.request, all, { status: 200, headers: headersOf(context, "application/json") })
}

/** Answers with a list: the items' texts are joined, not encoded. */
export const listResponse = (
  serving: Serving,
  context: RequestContext,
  served: Served,
  items: ReadonlyArray<StoredObject>,
  metadata: ListMetadata
): Response => {
  const accepted = negotiate(context.request.headers.get("accept"), { list: true, protobuf: hasProtobuf(served) })
  const { resource } = served
  if (accepted.shape === "object") {
    const texts = items.map((item) => shownText(served, item))
    return textResponse(context, accepted, `${listHead(served, metadata)}${texts.join(",")}]}`)
  }
  const objects = items.map((item) => shownObject(served, item))
  if (accepted.shape === "PartialObjectMetadata") {
    const partial = objects.map((object) => partialOf(object, accepted.metaVersion))
    const list = { kind: "PartialObjectMetadataList", apiVersion: accepted.metaVersion, metadata, items: partial }
    return textResponse(context, accepted, JSON.stringify(list))
  }
  const table = serving.parts.toTable(objects, resource, tableOptionsOf(context, serving.now()))
  return textResponse(context, accepted, JSON.stringify(tableOf(table, accepted.metaVersion, metadata)))
}
