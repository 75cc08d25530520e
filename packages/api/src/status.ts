/** Errors as the API speaks them: a `Status` object with code, reason and message, and an error class that carries it. @module */
import * as Data from "effect/Data"
import { causeOf, type FieldError, formatFieldError } from "./field-error.ts"
import { groupKindOf, groupResourceOf } from "./resource.ts"
import type { Status, StatusCause, StatusDetails } from "./types/meta-v1.ts"

/** A request that failed, with the `Status` that the API server answered or will answer. */
export class StatusError extends Data.Error<{ readonly status: Status }> {
  readonly _tag = "StatusError"

  override get message(): string {
    return this.status.message ?? ""
  }

  /** The HTTP status code. */
  get code(): number {
    return this.status.code ?? 500
  }

  /** The machine-readable word, such as `NotFound`. */
  get reason(): string {
    return this.status.reason ?? ""
  }
}

/** What a message needs of a resource. */
export interface ResourceName {
  readonly group: string
  readonly plural: string
}

/** What a message needs of a kind. */
export interface KindName {
  readonly group: string
  readonly kind: string
}

const failure = (code: number, reason: string, message: string, details?: StatusDetails): StatusError =>
  new StatusError({
    status: {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message,
      reason,
      ...(details === undefined ? {} : { details }),
      code
    }
  })

const detailsOf = ({ group, plural }: ResourceName, name: string): StatusDetails => ({
  ...(name === "" ? {} : { name }),
  ...(group === "" ? {} : { group }),
  kind: plural
})

const quote = (text: string): string => JSON.stringify(text)

/** 404: no object of that name. */
export const notFound = (resource: ResourceName, name: string): StatusError =>
  failure(404, "NotFound", `${groupResourceOf(resource)} ${quote(name)} not found`, detailsOf(resource, name))

/** 404: no such path or resource at all. */
export const notFoundPath = (): StatusError => failure(404, "NotFound", "the server could not find the requested resource", {})

/** 409: an object of that name is there already. */
export const alreadyExists = (resource: ResourceName, name: string): StatusError =>
  failure(409, "AlreadyExists", `${groupResourceOf(resource)} ${quote(name)} already exists`, detailsOf(resource, name))

/** 409: every name tried for a `generateName` was taken. */
export const generateNameConflict = (resource: ResourceName, name: string): StatusError =>
  failure(
    409,
    "AlreadyExists",
    `${groupResourceOf(resource)} ${quote(name)} already exists, the server was not able to generate a unique name for the object`,
    { ...detailsOf(resource, name), retryAfterSeconds: 1 }
  )

/** What a write with an old `resourceVersion` is told. */
export const modifiedMessage = "the object has been modified; please apply your changes to the latest version and try again"

/** 409: the object is not as the writer believed. */
export const conflict = (resource: ResourceName, name: string, message: string = modifiedMessage): StatusError =>
  failure(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${groupResourceOf(resource)} ${quote(name)}: ${message}`,
    detailsOf(resource, name)
  )

/** 409: fields that others manage would change (server-side apply). */
export const applyConflict = (causes: ReadonlyArray<StatusCause>, message: string): StatusError =>
  failure(409, "Conflict", message, { causes })

/** 422: the object breaks rules of its kind; the causes are the findings. */
export const invalid = (kind: KindName, name: string, errors: ReadonlyArray<FieldError>): StatusError => {
  const messages = [...new Set(errors.map(formatFieldError))]
  const text = messages.length === 1 ? messages[0] : `[${messages.join(", ")}]`
  return failure(422, "Invalid", `${groupKindOf(kind)} ${quote(name)} is invalid${messages.length === 0 ? "" : `: ${text}`}`, {
    ...(name === "" ? {} : { name }),
    ...(kind.group === "" ? {} : { group: kind.group }),
    kind: kind.kind,
    causes: errors.map(causeOf)
  })
}

/** 422: a patch that cannot be applied; upstream gives no more detail than this. */
export const unprocessable = (): StatusError =>
  failure(422, "Invalid", "the server rejected our request due to an error in our request", {})

/** 400: the request cannot be understood. */
export const badRequest = (message: string): StatusError => failure(400, "BadRequest", message)

/** 403: authenticated, understood, and refused. Name and resource may be empty. */
export const forbidden = (resource: ResourceName, name: string, message: string): StatusError => {
  const what = groupResourceOf(resource)
  const subject = what === "" ? "forbidden" : name === "" ? `${what} is forbidden` : `${what} ${quote(name)} is forbidden`
  return failure(403, "Forbidden", `${subject}: ${message}`, detailsOf(resource, name))
}

/** 401: nobody known asked. */
export const unauthorized = (message = "Unauthorized"): StatusError => failure(401, "Unauthorized", message)

/** 410: the revision or continue token is older than what is kept. */
export const expired = (message: string): StatusError => failure(410, "Expired", message)

/** 410: what was asked for is no longer available anywhere. */
export const gone = (message: string): StatusError => failure(410, "Gone", message)

/** 405: the resource does not know this verb. */
export const methodNotAllowed = (resource: ResourceName, action: string): StatusError =>
  failure(
    405,
    "MethodNotAllowed",
    `${action} is not supported on resources of kind ${quote(groupResourceOf(resource))}`,
    detailsOf(resource, "")
  )

/** 415: the body is in a format that is not read here. */
export const unsupportedMediaType = (accepted: ReadonlyArray<string>): StatusError =>
  failure(
    415,
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`
  )

/** 406: none of the formats asked for can be written. */
export const notAcceptable = (offered: ReadonlyArray<string>): StatusError =>
  failure(406, "NotAcceptable", `only the following media types are accepted: ${offered.join(", ")}`)

/** 413: the body, or the object, is too big. */
export const tooLarge = (message: string): StatusError =>
  failure(413, "RequestEntityTooLarge", `Request entity too large: ${message}`)

/** 429: come back in `retryAfterSeconds`. */
export const tooManyRequests = (message: string, retryAfterSeconds: number): StatusError =>
  failure(429, "TooManyRequests", message, { retryAfterSeconds })

/** 500: a bug, or a part that broke. */
export const internal = (cause: unknown): StatusError => {
  const message = cause instanceof Error ? cause.message : String(cause)
  return failure(500, "InternalError", `Internal error occurred: ${message}`, { causes: [{ message }] })
}

/** 504: no answer in time; the outcome is not known. */
export const timeout = (message: string, retryAfterSeconds = 0): StatusError =>
  failure(504, "Timeout", `Timeout: ${message}`, retryAfterSeconds === 0 ? {} : { retryAfterSeconds })

/** 500: the operation could not be done now; try again. */
export const serverTimeout = (resource: ResourceName, operation: string, retryAfterSeconds: number): StatusError =>
  failure(
    500,
    "ServerTimeout",
    `The ${operation} operation against ${groupResourceOf(resource)} could not be completed at this time, please try again.`,
    { ...detailsOf(resource, ""), ...(retryAfterSeconds === 0 ? {} : { retryAfterSeconds }) }
  )

/** 503: the server, or what stands behind it, is not there now. */
export const serviceUnavailable = (message: string): StatusError => failure(503, "ServiceUnavailable", message)

/** Wraps a `Status` that came over the wire. */
export const statusErrorOf = (status: Status): StatusError => new StatusError({ status })
