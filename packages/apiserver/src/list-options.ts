/** The query string of list, watch and deletecollection: selectors, pages and resource versions, checked as upstream checks them. @module */
import { badRequest, type FieldError, fieldError, invalid, parseFieldSelector, parseLabelSelector } from "@tsukube/api"
import type { FieldSelector, Selector } from "@tsukube/api"
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
  /** Undefined when not said: a watch without resourceVersion then begins with what is there. */
  readonly sendInitialEvents: boolean | undefined
  readonly timeoutSeconds: number | undefined
}
