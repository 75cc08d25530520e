/** Chooses the store by the `--store` flag; the heavy ones are loaded only when they are chosen. @module */
import { join } from "node:path"
import { layerMemory, type Store, type StoreError } from "@tsukube/store"
import { Effect, Layer } from "effect"
import type { ClusterOptions } from "./flags.ts"

/** The layer of the chosen store. Building it fails with `StoreError` when the database cannot be used. */
export const storeLayer = ({ store, dataDir }: ClusterOptions): Layer.Layer<Store, StoreError> => {
  if (store === "memory") return layerMemory
  if (store === "embedded")
    return Layer.unwrap(
      Effect.promise(async () => {
        const { layerEmbedded } = await import("@tsukube/store/embedded")
        return layerEmbedded({ dataDir: join(dataDir, "postgres") })
      })
    )
  if (store === "pglite")
    return Layer.unwrap(
      Effect.promise(async () => {
        const { layerPglite } = await import("@tsukube/store/pglite")
        return layerPglite({ dataDir: join(dataDir, "pglite") })
      })
    )
  return Layer.unwrap(
    Effect.promise(async () => {
      const { layerPostgres } = await import("@tsukube/store/postgres")
      return layerPostgres({ url: store })
    })
  )
}
