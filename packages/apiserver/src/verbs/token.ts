/** POST of a TokenRequest: a token for a service account, bound to what it is asked for. @module */
import { conflict, type FieldError, fieldError, findByKind, invalid, notFound } from "@tsukube/api"
import type { BoundObjectReference, TokenRequest } from "@tsukube/api/authentication-v1"
import type { ServiceAccount } from "@tsukube/api/core-v1"
import { readBody } from "../decode/body.ts"
import { decodeObject } from "../decode/object.ts"
import { readWriteOptions } from "../decode/write-options.ts"
import { objectResponse } from "../encode/json.ts"
import type { RequestContext, TokenSpec } from "../request.ts"
import { type Served, servedOf } from "../served.ts"
import { type Serving, timestamp } from "../serving.ts"
import { keyOf } from "../stored.ts"
import { readStore } from "../write.ts"
import { findObject } from "./get.ts"

const kind = {
  group: "authentication.k8s.io",
  version: "v1",
  kind: "TokenRequest",
  schema: "io.k8s.api.authentication.v1.TokenRequest"
}

const defaultSeconds = 3600
const leastSeconds = 600
const mostSeconds = 2 ** 32

const bindable = new Set(["Pod", "Secret", "Node"])

const checkExpiration = (name: string, seconds: number): void => {
  const errors: Array<FieldError> = []
  if (seconds < leastSeconds) {
    errors.push(fieldError.invalid("spec.expirationSeconds", seconds, "may not specify a duration less than 10 minutes"))
  }
  if (seconds > mostSeconds)
    errors.push(fieldError.invalid("spec.expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds"))
  if (errors.length > 0) throw invalid(kind, name, errors)
}

/** What the token is bound to: it must be there, and be the one that is meant. */
const boundObject = async (
  serving: Serving,
  namespace: string,
  reference: BoundObjectReference
): Promise<TokenSpec["boundObject"]> => {
  const { apiVersion = "v1", kind: boundKind = "", name = "", uid = "" } = reference
  const resource = findByKind("v1", boundKind)
  if (resource === undefined || apiVersion !== "v1" || !bindable.has(boundKind)) {
    const detail = `cannot bind token to object of type ${apiVersion}, Kind=${boundKind}`
    throw invalid(kind, name, [fieldError.invalid("spec.boundObjectRef.kind", boundKind, detail)])
  }
  const served = servedOf(resource)
  const stored = await readStore(serving, keyOf(served.stored, resource.namespaced ? namespace : "", name))
  if (stored === undefined) throw notFound(resource, name)
  const actual = stored.object.metadata?.uid ?? ""
  if (uid !== "" && uid !== actual) {
    throw conflict(
      resource,
      name,
      `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`
    )
  }
  return { apiVersion, kind: boundKind, name, uid: actual }
}

/** Answers POST of `serviceaccounts/NAME/token`. */
export const createToken = async (serving: Serving, context: RequestContext, served: Served): Promise<Response> => {
  const { namespace, name } = context.info
  const options = readWriteOptions(context.url.searchParams, "CreateOptions")
  const request = decodeObject(context, await readBody(context), kind, options.fieldValidation) as TokenRequest
  const account = (await findObject(serving, context, served)).object as ServiceAccount
  const { audiences = [], expirationSeconds = defaultSeconds, boundObjectRef } = request.spec ?? {}
  checkExpiration(name, expirationSeconds)
  const bound = boundObjectRef === undefined ? undefined : await boundObject(serving, namespace, boundObjectRef)
  const signed = await serving.parts.tokens({
    serviceAccount: { namespace, name, uid: account.metadata?.uid ?? "" },
    audiences,
    expirationSeconds,
    ...(bound === undefined ? {} : { boundObject: bound })
  })
  const answer: TokenRequest = {
    kind: "TokenRequest",
    apiVersion: "authentication.k8s.io/v1",
    metadata: { name, namespace, creationTimestamp: timestamp(serving.now()) },
    spec: { audiences: signed.audiences, expirationSeconds, ...(boundObjectRef === undefined ? {} : { boundObjectRef }) },
    status: { token: signed.token, expirationTimestamp: signed.expirationTimestamp }
  }
  return objectResponse(context, answer, 201)
}
