/** Watches a resource beside a test, so that the test can ask which events have come. @module */
import type { KubernetesObject, Resource } from "@tsukube/api"
import type { Selection, WatchEvent, WatchOptions } from "@tsukube/client"
import type { Cluster } from "./suite.ts"

/** A running watch; dispose it to close it. */
export interface Observer<T> extends Disposable {
  /** Every event so far, in order. */
  readonly seen: ReadonlyArray<WatchEvent<T>>
  /** The next event, after those that earlier calls returned, for which `wanted` holds; fails with what came instead. */
  readonly next: (what: string, wanted: (event: WatchEvent<T>) => boolean, withinMs?: number) => Promise<WatchEvent<T>>
}

/** Starts a watch. Without `resourceVersion` it begins with an `ADDED` for everything that is there. */
export const observe = <T extends KubernetesObject>(
  { client }: Pick<Cluster, "client">,
  resource: Resource<T>,
  options: WatchOptions
): Observer<T> => {
  const seen: Array<WatchEvent<T>> = []
  const iterator = client.watch(resource, options)[Symbol.asyncIterator]()
  let ended: string | undefined
  let wake: (() => void) | undefined
  const read = async () => {
    for (let step = await iterator.next(); step.done !== true; step = await iterator.next()) {
      seen.push(step.value)
      wake?.()
    }
  }
  read()
    .then(
      () => (ended = "the server ended the watch"),
      (error: unknown) => (ended = `the watch failed: ${error instanceof Error ? error.message : String(error)}`)
    )
    .finally(() => wake?.())
  let cursor = 0
  const next: Observer<T>["next"] = async (what, wanted, withinMs = 30_000) => {
    const deadline = performance.now() + withinMs
    for (;;) {
      for (; cursor < seen.length; cursor++) {
        const event = seen[cursor]
        if (event !== undefined && wanted(event)) {
          cursor++
          return event
        }
      }
      const leftMs = deadline - performance.now()
      if (ended !== undefined || leftMs <= 0) {
        throw new Error(`no event came: ${what}; ${ended ?? `within ${withinMs / 1000} s`}; seen: ${story(seen)}`)
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }
  return {
    seen,
    next,
    // The server may say nothing for long: leaving must not wait for its next word.
    [Symbol.dispose]: () => void iterator.return?.()?.then(undefined, () => undefined)
  }
}

/** A watch of what happens from now on: what is written after this call has resolved is seen as it was written. */
export const observeFromNow = async <T extends KubernetesObject>(
  cluster: Pick<Cluster, "client">,
  resource: Resource<T>,
  selection: Selection
): Promise<Observer<T>> => {
  const { metadata } = await cluster.client.list(resource, { ...selection, limit: 1 })
  return observe(cluster, resource, { ...selection, resourceVersion: metadata.resourceVersion ?? "" })
}

const story = (events: ReadonlyArray<WatchEvent<KubernetesObject>>): string =>
  events.length === 0
    ? "nothing"
    : events.map(({ type, object }) => `${type} ${object.metadata?.name ?? object.metadata?.resourceVersion}`).join(", ")
