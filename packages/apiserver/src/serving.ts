/** What every verb of one running server works with. @module */
import type { Resource } from "@tsukube/api"
import type { StoreError } from "@tsukube/store"
import type { Effect } from "effect"
import type { Exposition } from "./metrics/exposition.ts"
import type { Meter } from "./metrics/meter.ts"
import type { ApiserverOptions } from "./options.ts"
import type { Parts, Registry } from "./request.ts"
import type { WatchCache } from "./watch-cache.ts"

/** One server: its memory, its choices and its parts. */
export interface Serving {
  readonly cache: WatchCache
  readonly registry: Registry
  readonly options: ApiserverOptions
  readonly parts: Parts
  /** What this server serves of the catalog. */
  readonly resources: ReadonlySet<Resource>
  /** Milliseconds since 1970, by the clock the server was built with. */
  readonly now: () => number
  /** Ends when the server does: open watches are closed then. */
  readonly closed: AbortSignal
  /** True from the moment the server is to be closed: it still answers, but says that it is not ready. */
  readonly draining: () => boolean
  readonly meter: Meter
  /** What `/metrics` says. */
  readonly exposition: () => Promise<Exposition>
  /** The store's revision right now; for the readiness check. */
  readonly ping: Effect.Effect<bigint, StoreError>
}

let second = Number.NaN
let text = ""

/** A time as Kubernetes writes it, in whole seconds; most are of the second that was written last. */
export const timestamp = (milliseconds: number): string => {
  const wanted = Math.floor(milliseconds / 1000)
  if (wanted === second) return text
  text = `${new Date(milliseconds).toISOString().slice(0, 19)}Z`
  second = wanted
  return text
}
