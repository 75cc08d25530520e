/** The query string of list, watch and deletecollection: selectors, pages and resource versions, checked as upstream checks them. @module */
import {
  badRequest,
  type FieldError,
  type FieldSelector,
  fieldError,
  invalid,
  parseFieldSelector,
  parseLabelSelector,
  type Selector
} from "@tsukube/api"
import { isTrue } from "./paths.ts"

/** What a collection request asks for. */
export interface ListRequest {
  readonly labels: Selector
  readonly fields: FieldSelector
  /** 0: no limit. */
  readonly limit: number
  /** "" on the first page. */
  readonly continueToken: string
  /** Undefined: the newest. */
  readonly resourceVersion: bigint | undefined
  readonly match: "" | "Exact" | "NotOlderThan"
  readonly allowBookmarks: boolean
  /** Undefined when not said. */
  readonly sendInitialEvents: boolean | undefined
  readonly timeoutSeconds: number | undefined
}

const integer = (query: URLSearchParams, name: string): number | undefined => {
  const text = query.get(name)
  if (text === null || text === "") return undefined
  if (!/^[-+]?\d{1,15}$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  return Number(text)
}

const parsed = <T>(parse: (text: string) => T, text: string): T => {
  try {
    return parse(text)
  } catch (error) {
    throw badRequest(error instanceof Error ? error.message : String(error))
  }
}

/** Reads `resourceVersion`; "" is undefined. */
export const readResourceVersion = (text: string | null): bigint | undefined => {
  if (text === null || text === "") return undefined
  if (!/^\d{1,19}$/.test(text)) {
    const shown = JSON.stringify(text)
    const message = `resourceVersion: Invalid value: ${shown}: strconv.ParseUint: parsing ${shown}: invalid syntax`
    throw badRequest(`invalid resource version: ${message}`)
  }
  return BigInt(text)
}

const refusals = (query: URLSearchParams, request: ListRequest, watching: boolean): ReadonlyArray<FieldError> => {
  const match = query.get("resourceVersionMatch") ?? ""
  const version = query.get("resourceVersion") ?? ""
  const errors: Array<FieldError> = []
  const forbid = (field: string, detail: string) => errors.push(fieldError.forbidden(field, detail))
  if (watching) {
    if (match !== "" && request.sendInitialEvents === undefined) {
      forbid("resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")
    }
    if (request.sendInitialEvents !== undefined && match !== "NotOlderThan") {
      forbid("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
    }
    return errors
  }
  if (request.sendInitialEvents !== undefined) forbid("sendInitialEvents", "sendInitialEvents is forbidden for list")
  if (match === "") return errors
  if (version === "") forbid("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided")
  if (request.continueToken !== "") {
    forbid("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided")
  }
  if (match !== "Exact" && match !== "NotOlderThan") {
    errors.push(fieldError.notSupported("resourceVersionMatch", match, ["Exact", "NotOlderThan", ""]))
  }
  if (match === "Exact" && version === "0") {
    forbid("resourceVersionMatch", 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"')
  }
  return errors
}

/** Reads the query of a list (or of a watch); throws 400 for what cannot be read and 422 for what does not fit together. */
export const readListRequest = (query: URLSearchParams, watching: boolean): ListRequest => {
  const initial = query.get("sendInitialEvents")
  const match = query.get("resourceVersionMatch")
  const request: ListRequest = {
    labels: parsed(parseLabelSelector, query.get("labelSelector") ?? ""),
    fields: parsed(parseFieldSelector, query.get("fieldSelector") ?? ""),
    limit: Math.max(0, integer(query, "limit") ?? 0),
    continueToken: query.get("continue") ?? "",
    resourceVersion: readResourceVersion(query.get("resourceVersion")),
    match: match === "Exact" || match === "NotOlderThan" ? match : "",
    allowBookmarks: isTrue(query.get("allowWatchBookmarks")),
    sendInitialEvents: initial === null ? undefined : isTrue(initial),
    timeoutSeconds: integer(query, "timeoutSeconds")
  }
  const errors = refusals(query, request, watching)
  if (errors.length > 0) throw invalid({ group: "meta.k8s.io", kind: "ListOptions" }, "", errors)
  return request
}
