/** Leads an authorized request to the verb that answers it. @module */
import { StatusError } from "@tsukube/api"
import { readBody } from "./decode/body.ts"
import { decodeObject } from "./decode/object.ts"
import { readWriteOptions } from "./decode/write-options.ts"
import { warnOfDeprecation } from "./deprecations.ts"
import { negotiate } from "./encode/accept.ts"
import { hasProtobuf, objectResponse, tableOptionsOf, textResponse } from "./encode/json.ts"
import { health, versionInfo } from "./health.ts"
import type { RequestContext } from "./request.ts"
import { defaulted } from "./rules.ts"
import { findServed, type Served, shownObject } from "./served.ts"
import type { Serving } from "./serving.ts"
import { create } from "./verbs/create.ts"
import { remove } from "./verbs/delete.ts"
import { removeCollection } from "./verbs/delete-collection.ts"
import { findObject, get } from "./verbs/get.ts"
import { list } from "./verbs/list.ts"
import { patch } from "./verbs/patch.ts"
import { subresources, virtual } from "./verbs/subresources.ts"
import { update } from "./verbs/update.ts"
import { watch } from "./verbs/watch.ts"

/** Answers one verb of one resource. */
export type Handler = (serving: Serving, context: RequestContext, served: Served) => Promise<Response>

const notFoundText = (): Response =>
  new Response("404 page not found\n", { status: 404, headers: { "content-type": "text/plain; charset=utf-8" } })

/** Upstream's router answers so, without naming the resource. */
const routingError = (code: number, reason: string, message: string): StatusError =>
  new StatusError({
    status: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, details: {}, code }
  })

const methodNotAllowed = (): StatusError =>
  routingError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")

/** Under a group that is known the router looks for the resource; paths of other groups are nobody's. */
const noResource = (serving: Serving, { group }: RequestContext["info"]): Response => {
  const known = [...serving.resources].some((resource) => resource.group === group)
  if (known) throw routingError(404, "NotFound", "the server could not find the requested resource")
  return notFoundText()
}

const ofCollection: Readonly<Record<string, Handler>> = { list, watch, create, deletecollection: removeCollection }
const ofObject: Readonly<Record<string, Handler>> = { get, update, patch, delete: remove }

/** Answers an authorized request. */
export const dispatch = async (serving: Serving, context: RequestContext): Promise<Response> => {
  const { info, request } = context
  for (const route of serving.parts.routes) {
    const answered = route(context)
    // Most routes say at once that the request is not theirs.
    const response = answered instanceof Promise ? await answered : answered
    if (response !== undefined) return response
  }
  if (!info.isResource) return plainPath(serving, context)
  const served = findServed(info.group, info.version, info.resource)
  if (served === undefined || !serving.resources.has(served.resource) || misplaced(served, context)) {
    return noResource(serving, info)
  }
  // Only what is behind a proxy may know what to do with it.
  if (request.method === "HEAD" && info.subresource !== "proxy") throw methodNotAllowed()
  if (info.subresource !== "") return subresource(serving, context, served)
  // The deprecated `/watch/` paths look the same whatever the method.
  if (info.verb === "watch" && request.method !== "GET") throw methodNotAllowed()
  const named = isNamed(context)
  const everywhere = served.resource.namespaced && info.namespace === ""
  if (named && everywhere) return noResource(serving, info)
  const handler = (named ? ofObject : ofCollection)[info.verb]
  if (handler === undefined || !served.resource.verbs.some((verb) => verb === info.verb)) throw methodNotAllowed()
  // Objects of all namespaces at once are only read.
  if (everywhere && (info.verb === "deletecollection" || isObjectCreate(serving, info))) throw methodNotAllowed()
  warnOfDeprecation(context, served.resource)
  const review = serving.parts.reviews[served.name]
  if (review !== undefined) return answerReview(context, served, review)
  // Asked before anything is written: a client that cannot read the answer must not cause a change.
  const accept = request.headers.get("accept")
  const isList = info.verb === "list" || info.verb === "deletecollection"
  const { shape } = negotiate(accept, { list: isList, watch: info.verb === "watch", protobuf: hasProtobuf(served) })
  if (shape === "Table") tableOptionsOf(context, 0)
  return (virtual[served.name]?.[info.verb] ?? handler)(serving, context, served)
}

/** Reviews are answered, not stored: those of a namespace find it in the object. */
const isObjectCreate = (serving: Serving, { verb, resource, group }: RequestContext["info"]): boolean =>
  verb === "create" && serving.parts.reviews[`${resource}.${group}`] === undefined

/** Whether the path names an object: a list may carry a name as well, by its field selector. */
const isNamed = ({ info }: RequestContext): boolean =>
  info.name !== "" && info.verb !== "list" && info.verb !== "watch" && info.verb !== "deletecollection"

const misplaced = ({ resource }: Served, { info }: RequestContext): boolean => {
  const inNamespace = info.namespace !== "" && !(info.group === "" && info.resource === "namespaces")
  return inNamespace && !resource.namespaced
}

const plainPath = async (serving: Serving, context: RequestContext): Promise<Response> => {
  const { verb, path } = context.info
  if (verb !== "get" && verb !== "head") return notFoundText()
  if (path === "/version" || path === "/version/") {
    return textResponse(context, { format: "json", shape: "object", metaVersion: "" }, JSON.stringify(versionInfo))
  }
  if (path === "/metrics") {
    const { contentType, text } = await serving.exposition()
    return new Response(await text(), { headers: { "content-type": contentType, "cache-control": "no-cache, private" } })
  }
  return (await health(serving, context)) ?? notFoundText()
}

const answerReview = async (
  context: RequestContext,
  served: Served,
  review: Serving["parts"]["reviews"][string]
): Promise<Response> => {
  negotiate(context.request.headers.get("accept"), { table: false, protobuf: hasProtobuf(served) })
  const options = readWriteOptions(context.url.searchParams, "CreateOptions")
  const object = decodeObject(context, await readBody(context), served.resource, options.fieldValidation)
  return objectResponse(context, await review(context, defaulted(object)), 201)
}

const subresource = async (serving: Serving, context: RequestContext, served: Served): Promise<Response> => {
  const { info } = context
  const proxy = serving.parts.proxies[`${info.resource}/${info.subresource}`]
  if (proxy !== undefined && info.group === "" && (!served.resource.namespaced || info.namespace !== "")) return proxy(context)
  const found = served.resource.subresources.find(({ name }) => name === info.subresource)
  if (found === undefined || (served.resource.namespaced && info.namespace === "")) return noResource(serving, info)
  const connect = serving.parts.connect[`${info.resource}/${info.subresource}`]
  if (connect !== undefined) return connect(context, shownObject(served, await findObject(serving, context, served)))
  const handler = subresources[`${served.name}/${info.subresource}`]?.[info.verb] ?? ofStatus(info)
  if (handler === undefined || !found.verbs.some((verb) => verb === info.verb)) throw methodNotAllowed()
  const { shape } = negotiate(context.request.headers.get("accept"), { protobuf: hasProtobuf(served) })
  if (shape === "Table") tableOptionsOf(context, 0)
  return handler(serving, context, served)
}

const ofStatus = ({ subresource, verb }: RequestContext["info"]): Handler | undefined =>
  subresource === "status" ? ofPart[verb] : undefined

const ofPart: Readonly<Record<string, Handler>> = { get, update, patch }
