/** Mounts below a pod's folder, made and taken away where the container runtime sees them. @module */
import { type RunError, run, unmountBelow } from "@tsukube/host"
import { Effect } from "effect"

/** Where mounts take effect: in a mount namespace by path, or in our own. */
export interface MountPlace {
  readonly mountNs?: string | undefined
}

const placeOf = ({ mountNs }: MountPlace) => (mountNs === undefined ? {} : { mountNs })

/** Mounts a tmpfs on a folder unless it is one already; a size in bytes limits it. */
export const mountTmpfs = (dir: string, sizeBytes: number | undefined, place: MountPlace): Effect.Effect<void, RunError> => {
  const size = sizeBytes === undefined ? "" : `-o size=${sizeBytes}`
  const script = `mountpoint -q "$1" || mount -t tmpfs ${size} tmpfs "$1"`
  return Effect.asVoid(run("sh", ["-c", script, "sh", dir], placeOf(place)))
}

/** Unmounts everything below a folder, in the runtime's namespace and in ours. */
export const unmountAll = (folder: string, place: MountPlace): Effect.Effect<void> =>
  Effect.gen(function* () {
    const script = `awk -v d="$1/" 'index($5, d) == 1 { print $5 }' /proc/self/mountinfo | sort -r | while read -r m; do umount -l "$m"; done`
    if (place.mountNs !== undefined) yield* Effect.ignore(run("sh", ["-c", script, "sh", folder], placeOf(place)))
    yield* Effect.ignore(unmountBelow(folder))
  })
