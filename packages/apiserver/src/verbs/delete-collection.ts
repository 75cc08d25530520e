/** DELETE of a collection: every object that the selectors mean, each by the rules of a single deletion. @module */
import type { StatusError } from "@tsukube/api"
import { readDeleteOptions } from "../decode/delete-options.ts"
import { listResponse } from "../encode/json.ts"
import { filterOf } from "../filter.ts"
import { freshen } from "../freshness.ts"
import { readListRequest } from "../list-options.ts"
import type { RequestContext } from "../request.ts"
import type { Served } from "../served.ts"
import type { Serving } from "../serving.ts"
import type { StoredObject } from "../stored.ts"
import { removeObject } from "./delete.ts"

/** Deletions of one request that are under way together. */
const concurrency = 16

/** Answers DELETE of a collection with the list of what was deleted. */
export const removeCollection = async (serving: Serving, context: RequestContext, served: Served): Promise<Response> => {
  const request = readListRequest(context.url.searchParams, false)
  const options = await readDeleteOptions(context)
  const filter = filterOf(served, context.info, request)
  await freshen(serving, undefined)
  const found: Array<StoredObject> = []
  for (const stored of serving.cache.bucket(served.folder).range(filter.prefix)) {
    if (filter.matches === undefined || filter.matches(stored)) found.push(stored)
    if (request.limit > 0 && found.length === request.limit) break
  }
  const items: Array<StoredObject> = []
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < found.length) {
      const index = next++
      try {
        items[index] = (await removeObject(serving, context, served, found[index]!.key, options)).stored
      } catch (thrown) {
        // Somebody else deleted it meanwhile: it is gone, as it should be.
        if ((thrown as StatusError).code !== 404) throw thrown
        items[index] = found[index]!
      }
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  return listResponse(serving, context, served, items, { resourceVersion: String(serving.cache.revision()) })
}
