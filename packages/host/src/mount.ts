/** Mount namespaces that outlive the process that made them, and the unmounting of what was left. @module */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Effect, type Scope } from "effect"
import { type RunError, run } from "./run.ts"

/** A mount namespace bound to a file. */
export interface MountNamespace {
  /** What `nsenter --mount` and `ProcessSpec.mountNs` take. */
  readonly path: string
}

/** Octal escapes by which mountinfo writes blanks in paths. */
const unescapePath = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)))

/** The mount points in the text of a mountinfo file, in the order in which they were mounted. */
export const mountPoints = (mountinfo: string): ReadonlyArray<string> =>
  mountinfo
    .split("\n")
    .filter(Boolean)
    .map((line) => unescapePath(line.split(" ")[4] ?? ""))

const isBelow = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`)

const mountedBelow = (folder: string): ReadonlyArray<string> =>
  mountPoints(readFileSync("/proc/self/mountinfo", "utf8")).filter((path) => isBelow(path, folder))

/** Unmounts everything at and below a folder in our mount namespace, newest first; what is busy is detached. Fails when something stays. */
export const unmountBelow = (folder: string): Effect.Effect<void, RunError> =>
  Effect.gen(function* () {
    // A shared mount takes its copies with it, so some are gone before their turn.
    for (const path of mountedBelow(folder).toReversed()) yield* Effect.ignore(run("umount", ["--lazy", path]))
    for (const path of mountedBelow(folder).toReversed()) yield* run("umount", ["--lazy", path])
  })

/** Whether there is a mount namespace bound to this file. */
const isBound = (path: string): Effect.Effect<boolean> =>
  mountedBelow(path).length === 0 ? Effect.succeed(false) : Effect.isSuccess(run("true", [], { mountNs: path }))

/**
 * Makes a mount namespace with shared propagation, bound to `folder/name`, so that a container runtime started in it, killed and
 * started again finds the mounts of its pods. The folder must be for this one alone. One of the same name, left by a killed run, is taken
 * away first, or with `adopt` used as it is, so that what still runs inside goes on. Deleted when the scope ends; its mounts vanish with
 * it, once the last process inside has ended.
 */
export const createMountNamespace = (
  folder: string,
  name: string,
  options: { readonly adopt?: boolean } = {}
): Effect.Effect<MountNamespace, RunError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.gen(function* () {
      const path = join(folder, name)
      if (options.adopt === true && (yield* isBound(path))) return { path }
      mkdirSync(folder, { recursive: true })
      yield* unmountBelow(folder)
      // A namespace may only be bound on a mount whose propagation is private.
      yield* run("mount", ["--bind", folder, folder])
      yield* run("mount", ["--make-private", folder])
      writeFileSync(path, "")
      yield* run("unshare", [`--mount=${path}`, "--propagation", "shared", "sh", "-c", leaveUnifiedCgroups])
      return { path }
    }),
    () => Effect.ignore(unmountBelow(folder))
  )

/** On machines with both cgroup versions crun takes the second one for the real one, unless it does not see it. */
const leaveUnifiedCgroups =
  "if grep -q ' /sys/fs/cgroup/unified ' /proc/self/mountinfo; then mount --make-private /sys/fs/cgroup && umount /sys/fs/cgroup/unified; fi"

/** Whether a folder is itself a mount point, seen from our mount namespace. */
export const isMountPoint = (folder: string): boolean =>
  existsSync(folder) && mountPoints(readFileSync("/proc/self/mountinfo", "utf8")).includes(folder)
