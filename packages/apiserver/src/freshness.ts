/** Makes a read as fresh as its resourceVersion asks: of now, at least of a revision, or whatever is at hand. @module */
import { StatusError, timeout } from "@tsukube/api"
import type { Serving } from "./serving.ts"

/** How long a read waits for the cache before it gives up, as upstream's. */
const freshWithinMs = 3000

/** 504 with the cause by which clients know that the revision is from the future. */
const tooLargeResourceVersion = (wanted: bigint, current: bigint): StatusError => {
  const { status } = timeout(`Too large resource version: ${wanted}, current: ${current}`, 1)
  const causes = [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }]
  return new StatusError({ status: { ...status, details: { ...status.details, causes } } })
}

/** `undefined`: everything that was committed before this call is in the cache when it returns; `0n`: no wait; else at least that revision. */
export const freshen = async (serving: Serving, resourceVersion: bigint | undefined): Promise<void> => {
  const { cache } = serving
  if (resourceVersion === 0n) return
  if (resourceVersion === undefined) {
    if (await cache.fresh(freshWithinMs)) return
    throw timeout("the server's cache is behind the store, please try again", 1)
  }
  if (await cache.reached(resourceVersion, freshWithinMs)) return
  throw tooLargeResourceVersion(resourceVersion, cache.revision())
}
