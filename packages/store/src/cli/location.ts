/** Which store a command means: a word that names its kind and place. @module */
import { Effect, Layer } from "effect"
import { layerMemory } from "../memory.ts"
import { type Store, StoreError } from "../store.ts"

/** The layer of `postgres://…`, `embedded:FOLDER`, `pglite:FOLDER` or `memory`; each loads only what it needs. */
export const layerAt = (location: string, schema: string | undefined): Layer.Layer<Store, StoreError> => {
  const named = schema === undefined ? {} : { schema }
  const [, kind = "", folder = ""] = /^(embedded|pglite):(.+)$/.exec(location) ?? []
  return Layer.unwrap(
    Effect.tryPromise({
      try: async (): Promise<Layer.Layer<Store, StoreError>> => {
        if (/^postgres(ql)?:/.test(location))
          return (await import("../postgres/mod.ts")).layerPostgres({ url: location, ...named })
        if (kind === "embedded") return (await import("../postgres/embedded.ts")).layerEmbedded({ dataDir: folder, ...named })
        if (kind === "pglite") return (await import("../pglite.ts")).layerPglite({ dataDir: folder, ...named })
        if (location === "memory") return layerMemory
        throw new Error(`${location} is no store: it is postgres://…, embedded:FOLDER or pglite:FOLDER`)
      },
      catch: (error) =>
        new StoreError({ reason: "Rejected", retryable: false, message: error instanceof Error ? error.message : String(error) })
    })
  )
}
