/** PATCH of an object or its status: JSON patch, merge patch, strategic merge patch. @module */
import {
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMergePatch,
  badRequest,
  fieldError,
  invalid,
  ParseError,
  unprocessable
} from "@tsukube/api"
import { parseJson, readBody } from "../decode/body.ts"
import { decodeValue, type ExpectedKind } from "../decode/object.ts"
import { readWriteOptions } from "../decode/write-options.ts"
import { storedResponse } from "../encode/json.ts"
import { managerOfRequest } from "../managed-fields.ts"
import type { RequestContext } from "../request.ts"
import { type Served, shownObject } from "../served.ts"
import type { Serving } from "../serving.ts"
import { keyOf, type StoredObject } from "../stored.ts"
import { changeStored } from "../write.ts"
import { applyObject, applyPatchType, isApply } from "./apply.ts"
import { namespaceOf } from "./get.ts"
import { addressed, type Change, decideUpdate } from "./update.ts"

const patchTypes = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  applyPatchType
]

/** Applies one patch to a document; the same patch is applied again when another writer was faster. */
export type Patch = (document: unknown) => Readonly<Record<string, unknown>>

/** Reads the patch of a request for documents of a kind; 415 for types not known here, 400 for what is no JSON. */
export const readPatch = async (context: RequestContext, expected: ExpectedKind): Promise<Patch> => {
  const body = await readBody(context, patchTypes)
  const force = context.url.searchParams.get("force")
  if (force !== null && force !== "") {
    const errors = [fieldError.forbidden("force", "may not be specified for non-apply patch")]
    throw invalid({ group: "meta.k8s.io", kind: "PatchOptions" }, "", errors)
  }
  let patch: unknown
  try {
    patch = parseJson(body.text).value
  } catch (error) {
    if (error instanceof ParseError) throw badRequest(`error decoding patch: ${error.message}`)
    throw error
  }
  const apply = (document: unknown): unknown => {
    if (body.type === "application/json-patch+json") return applyJsonPatch(document, patch)
    if (body.type === "application/merge-patch+json") {
      if (patch === null) throw badRequest("Invalid JSON Patch")
      if (typeof patch !== "object" || Array.isArray(patch)) {
        const type = Array.isArray(patch) ? "array" : typeof patch
        throw badRequest(`error decoding patch: json: cannot unmarshal ${type} into Go value of type map[string]interface {}`)
      }
      return applyMergePatch(document, patch)
    }
    return applyStrategicMergePatch(document, patch, expected.schema)
  }
  return (document) => {
    const patched = apply(document)
    if (typeof patched !== "object" || patched === null || Array.isArray(patched)) throw unprocessable()
    return patched as Readonly<Record<string, unknown>>
  }
}

/** Answers PATCH of an object or, by `info.subresource`, of its status or another part. */
export const patch = async (
  serving: Serving,
  context: RequestContext,
  served: Served,
  merge?: Change["merge"]
): Promise<Response> => {
  if (isApply(context.request)) return applyObject(serving, context, served, merge)
  const { info } = context
  const options = readWriteOptions(context.url.searchParams, "PatchOptions")
  const manager = managerOfRequest(context, options.fieldManager)
  const apply = await readPatch(context, served.resource)
  const key = keyOf(served.stored, namespaceOf(served, info.namespace), info.name)
  const before = context.warnings.length
  const decide = (current: StoredObject) => {
    // A second try warns of the same fields again.
    context.warnings.length = before
    const patched = decodeValue(context, apply(shownObject(served, current)), served.resource, options.fieldValidation)
    const object = addressed(context, served, patched)
    return decideUpdate(serving, context, served, {
      object,
      current,
      manager,
      dryRun: options.dryRun,
      ...(merge === undefined ? {} : { merge })
    })
  }
  const { stored } = await changeStored(serving, served, key, decide, options.dryRun)
  return storedResponse(serving, context, served, stored)
}
