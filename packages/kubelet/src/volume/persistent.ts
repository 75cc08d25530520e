/** Persistent volumes that are places on the node: the path behind a bound claim. @module */
import { statSync } from "node:fs"
import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from "@tsukube/api/core-v1"
import { Effect } from "effect"
import { VolumeError } from "./files.ts"
import { hostPathOf } from "./host-path.ts"

/** Where claims and volumes are read. */
export interface ClaimObjects {
  readonly claim: (name: string) => Effect.Effect<PersistentVolumeClaim | undefined, VolumeError>
  readonly persistentVolume: (name: string) => Effect.Effect<PersistentVolume | undefined, VolumeError>
}

/** The claim that a volume of the pod stands for, if it does: one that it names, or one that was made for it. */
export const claimNameOf = (pod: Pod, { name, persistentVolumeClaim, ephemeral }: Volume): string | undefined =>
  persistentVolumeClaim?.claimName ?? (ephemeral === undefined ? undefined : `${pod.metadata?.name}-${name}`)

/** The volume that is bound to a claim. */
export const boundVolume = (
  name: string,
  { claim, persistentVolume }: ClaimObjects
): Effect.Effect<PersistentVolume, VolumeError> =>
  Effect.gen(function* () {
    const found = yield* claim(name)
    if (found === undefined) return yield* Effect.fail(new VolumeError(`persistentvolumeclaim "${name}" not found`))
    const volumeName = found.spec?.volumeName ?? ""
    if (found.status?.phase !== "Bound" || volumeName === "") return yield* Effect.fail(new VolumeError("PVC is not bound"))
    const volume = yield* persistentVolume(volumeName)
    if (volume === undefined) return yield* Effect.fail(new VolumeError(`persistentvolume "${volumeName}" not found`))
    const { uid } = volume.spec?.claimRef ?? {}
    if (uid !== found.metadata?.uid) return yield* Effect.fail(new VolumeError(`PV ${volumeName} is bound to another claim`))
    return volume
  })

/** The path of a volume on the node; throws a `VolumeError` where it is none, or of a kind that has to be attached. */
export const persistentPathOf = ({ spec }: PersistentVolume): string => {
  if (spec?.volumeMode === "Block") throw new VolumeError("block volumes are not supported yet")
  if (spec?.hostPath !== undefined) return hostPathOf(spec.hostPath)
  if (spec?.local !== undefined) {
    const { path } = spec.local
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true)
      throw new VolumeError(`path "${path}" does not exist or is not a directory`)
    return path
  }
  const about = ["accessModes", "capacity", "claimRef", "mountOptions", "nodeAffinity", "persistentVolumeReclaimPolicy"]
  const kind = Object.keys(spec ?? {}).find((key) => !about.includes(key) && !/^(storageClassName|volume)/.test(key)) ?? "unknown"
  throw new VolumeError(`persistent volumes of type ${kind} are not supported yet`)
}
