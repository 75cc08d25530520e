/** PATCH with an apply patch: server-side apply of an object, its status or another part. @module */
import { applyPatch, badRequest, isObject, type KubernetesObject, ParseError, type StatusError } from "@tsukube/api"
import { type Body, parseBody, readBody } from "../decode/body.ts"
import { readWriteOptions, type WriteOptions } from "../decode/write-options.ts"
import { storedResponse } from "../encode/json.ts"
import { isTrue } from "../paths.ts"
import type { RequestContext } from "../request.ts"
import { type Served, shownObject } from "../served.ts"
import { type Serving, timestamp } from "../serving.ts"
import { keyOf, type StoredObject } from "../stored.ts"
import { changeStored } from "../write.ts"
import { createObject } from "./create.ts"
import { namespaceOf } from "./get.ts"
import { addressed, type Change, checkAddress, decideUpdate } from "./update.ts"

/** The content type of an apply patch; JSON is YAML as well. */
export const applyPatchType = "application/apply-patch+yaml"

/** How often an object may come and go while it is applied. */
const attemptLimit = 5

/** Whether the body of a request is an apply patch. */
export const isApply = (request: Request): boolean =>
  (request.headers.get("content-type") ?? "").split(";")[0]!.trim().toLowerCase() === applyPatchType

/** What is applied, by whom and how. */
export interface Application {
  readonly applied: KubernetesObject
  readonly options: WriteOptions
  readonly force: boolean
}

const parse = (body: Body) => {
  try {
    return parseBody({ ...body, type: body.text.trimStart().startsWith("{") ? "application/json" : "application/yaml" })
  } catch (error) {
    if (error instanceof ParseError) throw badRequest(`error decoding YAML: ${error.message}`)
    throw error
  }
}

/** Reads an apply patch and its options. */
export const readApplication = async (context: RequestContext): Promise<Application> => {
  const query = context.url.searchParams
  const options = readWriteOptions(query, "PatchOptions")
  const { value, duplicates } = parse(await readBody(context, [applyPatchType]))
  if (!isObject(value)) throw badRequest("error decoding YAML: the patch is not an object")
  const complaints = duplicates.map((path) => `duplicate field ${JSON.stringify(path)}`)
  if (complaints.length > 0 && options.fieldValidation === "Strict") {
    throw badRequest(`error strict decoding YAML: ${complaints.join(", ")}`)
  }
  if (options.fieldValidation === "Warn") context.warnings.push(...complaints)
  return { applied: value as KubernetesObject, options, force: isTrue(query.get("force")) }
}

/** Answers an apply patch; what is not there yet is created. */
export const applyObject = async (
  serving: Serving,
  context: RequestContext,
  served: Served,
  merge?: Change["merge"]
): Promise<Response> => {
  const { info } = context
  const { applied, options, force } = await readApplication(context)
  const { dryRun, fieldManager: manager } = options
  checkAddress(context, served, applied)
  const patched = (live: KubernetesObject | undefined): KubernetesObject =>
    applyPatch({
      kind: served.resource,
      live,
      applied,
      manager,
      force,
      subresource: info.subresource,
      now: timestamp(serving.now())
    })
  const key = keyOf(served.stored, namespaceOf(served, info.namespace), info.name)
  const warnings = context.warnings.length
  const decide = (current: StoredObject) => {
    // A second try warns of the same again.
    context.warnings.length = warnings
    const object = addressed(context, served, patched(shownObject(served, current)))
    return decideUpdate(serving, context, served, {
      object,
      current,
      dryRun,
      manager: undefined,
      ...(merge === undefined ? {} : { merge })
    })
  }
  for (let attempt = 1; ; attempt++) {
    try {
      const { stored } = await changeStored(serving, served, key, decide, dryRun)
      return storedResponse(serving, context, served, stored)
    } catch (thrown) {
      if ((thrown as StatusError).code !== 404 || info.subresource !== "") throw thrown
    }
    try {
      const object = addressed(context, served, patched(undefined))
      const created = await createObject(serving, context, served, object, { ...options, applied: true })
      return storedResponse(serving, context, served, created, 201)
    } catch (thrown) {
      // Somebody else created it in between: then it is there to be changed.
      if ((thrown as StatusError).reason !== "AlreadyExists" || dryRun || attempt === attemptLimit) throw thrown
    }
  }
}
