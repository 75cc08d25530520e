/** GET of a collection: from memory as a rule, from the store's history for later pages and exact revisions. @module */
import { badRequest, expired, StatusError } from "@tsukube/api"
import type { Compacted, Entry, Page, StoreError } from "@tsukube/store"
import * as Effect from "effect/Effect"
import { listResponse, storedListResponse, wantsStoredBytes } from "../encode/json.ts"
import { type Filter, filterOf } from "../filter.ts"
import { freshen } from "../freshness.ts"
import { type ListRequest, readListRequest } from "../list-options.ts"
import type { RequestContext } from "../request.ts"
import type { Served } from "../served.ts"
import type { Serving } from "../serving.ts"
import { StoredObject } from "../stored.ts"
import { decodeContinue, encodeContinue } from "./continue-token.ts"

/** Entries read from the store at once when selectors make the number of matches unknown. */
const readLimit = 1000

/** Objects of a list, with what its metadata has to say. */
interface Listed {
  readonly items: ReadonlyArray<StoredObject>
  readonly revision: bigint
  /** Where the next page starts. */
  readonly next?: string
  /** Only known without selectors. */
  readonly remaining?: number
}

/** Answers GET of a collection. */
export const list = async (serving: Serving, context: RequestContext, served: Served): Promise<Response> => {
  const request = readListRequest(context.url.searchParams, false)
  const filter = filterOf(served, context.info, request)
  if (isWhole(request, filter) && wantsStoredBytes(context, served)) {
    await freshen(serving, request.resourceVersion)
    const items = serving.cache.bucket(served.folder).encoded(filter.prefix)
    return storedListResponse(context, served, items, { resourceVersion: String(serving.cache.revision()) })
  }
  const { items, revision, next, remaining } = await listObjects(serving, served, filter, request)
  return listResponse(serving, context, served, items, {
    resourceVersion: String(revision),
    ...(next === undefined ? {} : { continue: encodeContinue({ revision, start: next.slice(filter.prefix.length) }) }),
    ...(next === undefined || remaining === undefined ? {} : { remainingItemCount: remaining })
  })
}

/** Everything under a prefix, at the newest revision. */
const isWhole = ({ continueToken, limit, match }: ListRequest, filter: Filter): boolean =>
  filter.matches === undefined && limit === 0 && continueToken === "" && match !== "Exact"

/** The objects of a collection request. */
const listObjects = async (serving: Serving, served: Served, filter: Filter, request: ListRequest): Promise<Listed> => {
  if (request.continueToken !== "") {
    if (request.resourceVersion !== undefined && request.resourceVersion !== 0n) {
      throw badRequest("specifying resource version is not allowed when using continue")
    }
    return listPage(serving, served, filter, request)
  }
  const { resourceVersion, match, limit } = request
  const exact = match === "Exact" || (match === "" && limit > 0 && resourceVersion !== undefined && resourceVersion !== 0n)
  await freshen(serving, resourceVersion)
  if (exact && resourceVersion !== undefined) {
    return listAt(serving, served, filter, { limit, start: filter.prefix, revision: resourceVersion })
  }
  return listCached(serving, served, filter, limit, filter.prefix)
}

/** A page after the first: at the first one's revision, or of now when the token says so. */
const listPage = async (serving: Serving, served: Served, filter: Filter, request: ListRequest): Promise<Listed> => {
  const { revision, start } = decodeContinue(request.continueToken)
  const from = filter.prefix + start
  if (revision < 0n) {
    await freshen(serving, undefined)
    return listCached(serving, served, filter, request.limit, from)
  }
  return listAt(serving, served, filter, { limit: request.limit, start: from, revision })
}

const listCached = (serving: Serving, served: Served, filter: Filter, limit: number, start: string): Listed => {
  const revision = serving.cache.revision()
  const items: Array<StoredObject> = []
  let remaining = 0
  let next: string | undefined
  for (const stored of serving.cache.bucket(served.folder).range(filter.prefix, start)) {
    if (limit > 0 && items.length === limit) {
      next ??= `${items[items.length - 1]!.key}\0`
      if (filter.matches !== undefined) break
      remaining++
      continue
    }
    if (filter.matches === undefined || filter.matches(stored)) items.push(stored)
  }
  return {
    items,
    revision,
    ...(next === undefined ? {} : { next }),
    ...(filter.matches === undefined ? { remaining } : {})
  }
}

/** The history's view; memory serves it as long as nothing of the resource changed since. */
const listAt = async (
  serving: Serving,
  served: Served,
  filter: Filter,
  page: { readonly limit: number; readonly start: string; readonly revision: bigint }
): Promise<Listed> => {
  const { limit, start, revision } = page
  const bucket = serving.cache.bucket(served.folder)
  if (bucket.changedAt <= revision && serving.cache.revision() >= revision) {
    return { ...listCached(serving, served, filter, limit, start), revision }
  }
  const items: Array<StoredObject> = []
  // A page starts at the last key of the one before with a zero byte behind it; the store wants that key itself.
  let after = start === filter.prefix ? undefined : start.slice(0, -1)
  for (;;) {
    const wanted = limit === 0 || filter.matches !== undefined ? readLimit : limit - items.length
    const read = await readPage(
      serving,
      filter.prefix,
      { limit: wanted, at: revision, ...(after === undefined ? {} : { after }) },
      start
    )
    for (const [index, entry] of read.entries.entries()) {
      const stored = objectOf(entry)
      if (filter.matches !== undefined && !filter.matches(stored)) continue
      items.push(stored)
      if (limit === 0 || items.length < limit) continue
      const remaining = read.remaining + read.entries.length - index - 1
      if (remaining === 0) return { items, revision }
      return { items, revision, next: `${entry.key}\0`, ...(filter.matches === undefined ? { remaining } : {}) }
    }
    if (read.next === undefined) return { items, revision }
    after = read.next
  }
}

const objectOf = ({ key, value, revision, createRevision }: Entry): StoredObject =>
  StoredObject.read(key, value, revision, createRevision)

const readPage = async (
  serving: Serving,
  prefix: string,
  options: { readonly limit: number; readonly at: bigint; readonly after?: string },
  start: string
): Promise<Page> => {
  const read: Effect.Effect<Page, Compacted | StoreError> = serving.cache.store.list({ prefix }, options)
  return Effect.runPromise(
    read.pipe(
      Effect.catchTag("Compacted", () => Effect.fail(start === prefix ? tooOld() : tokenExpired(start.slice(prefix.length))))
    )
  )
}

const tooOld = (): StatusError => expired("The resourceVersion for the provided list is too old.")

/** The error carries a token with which a client can go on at the newest state, if it can live with a gap. */
const tokenExpired = (start: string): StatusError => {
  const error = expired(
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list."
  )
  const metadata = { continue: encodeContinue({ revision: -1n, start }) }
  return new StatusError({ status: { ...error.status, metadata } })
}
