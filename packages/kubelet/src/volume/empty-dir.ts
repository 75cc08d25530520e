/** Folders that live as long as their pod, on disk or in memory. @module */
import { chmodSync, chownSync, existsSync, mkdirSync } from "node:fs"
import { quantityValue } from "@tsukube/api"
import type { EmptyDirVolumeSource } from "@tsukube/api/core-v1"
import { Effect } from "effect"
import { VolumeError } from "./files.ts"
import { type MountPlace, mountTmpfs } from "./mounts.ts"

/** Makes the folder, once; a later call finds it with what the pod has put there. */
export const makeEmptyDir = (
  dir: string,
  source: EmptyDirVolumeSource,
  fsGroup: number | undefined,
  place: MountPlace
): Effect.Effect<void, VolumeError> =>
  Effect.gen(function* () {
    const isNew = !existsSync(dir)
    mkdirSync(dir, { recursive: true })
    const medium = source.medium ?? ""
    if (medium === "Memory") {
      const size = source.sizeLimit === undefined ? undefined : quantityValue(source.sizeLimit)
      yield* mountTmpfs(dir, size, place).pipe(Effect.mapError(({ message }) => new VolumeError(message)))
    } else if (medium !== "" && medium !== "Memory") {
      return yield* Effect.fail(new VolumeError(`unknown storage medium "${medium}"`))
    }
    if (!isNew) return
    chmodSync(dir, 0o777)
    if (fsGroup === undefined) return
    chownSync(dir, 0, fsGroup)
    chmodSync(dir, 0o2777)
  })
