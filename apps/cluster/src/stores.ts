/** Chooses the store by the `--store` flag; the heavy ones are loaded only when they are chosen. @module */
import { join } from "node:path"
import { type Compaction, compactByItself, layerMemory, Store, type StoreError } from "@tsukube/store"
import { Effect, Layer } from "effect"
import type { ClusterOptions } from "./flags.ts"

/** A store in memory forgets by the same rule as the others. */
const forgetful = (compaction: Compaction): Layer.Layer<Store> =>
  Layer.provideMerge(
    Layer.effectDiscard(Effect.flatMap(Store, ({ revision, compact }) => compactByItself(compaction, revision, compact))),
    layerMemory
  )

const chosenLayer = async ({ store, dataDir, compactionMs }: ClusterOptions): Promise<Layer.Layer<Store, StoreError>> => {
  // History that watches may start from and lists may page through.
  const compaction = { keepMs: compactionMs }
  switch (store) {
    case "memory":
      return forgetful(compaction)
    case "embedded": {
      const { layerEmbedded } = await import("@tsukube/store/embedded")
      return layerEmbedded({ dataDir: join(dataDir, "postgres"), compaction })
    }
    case "pglite": {
      const { layerPglite } = await import("@tsukube/store/pglite")
      return layerPglite({ dataDir: join(dataDir, "pglite"), compaction })
    }
    default: {
      const { layerPostgres } = await import("@tsukube/store/postgres")
      return layerPostgres({ url: store, compaction })
    }
  }
}

/** The layer of the chosen store. Building it fails with `StoreError` when the database cannot be used. */
export const storeLayer = (options: ClusterOptions): Layer.Layer<Store, StoreError> =>
  Layer.unwrap(Effect.promise(() => chosenLayer(options)))
