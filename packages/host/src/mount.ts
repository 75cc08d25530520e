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

/** Unmounts everything at and below a folder in our mount namespace, newest first; what is busy is detached. Fails when something stays. */
export const unmountBelow = (folder: string): Effect.Effect<void, RunError> =>
  Effect.gen(function* () {
    const mounted = mountPoints(readFileSync("/proc/self/mountinfo", "utf8")).filter((path) => isBelow(path, folder))
    for (const path of mounted.toReversed()) yield* run("umount", ["--lazy", path])
  })

/**
 * Makes a mount namespace with shared propagation, bound to `folder/name`, so that a container runtime started in it, killed and
 * started again finds the mounts of its pods. One of the same name, left by a killed run, is taken away first; deleted when the scope ends.
 * Its mounts vanish with it, once the last process inside has ended.
 */
export const createMountNamespace = (folder: string, name: string): Effect.Effect<MountNamespace, RunError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.gen(function* () {
      mkdirSync(folder, { recursive: true })
      yield* unmountBelow(folder)
      // A namespace may only be bound on a mount whose propagation is private.
      yield* run("mount", ["--bind", folder, folder])
      yield* run("mount", ["--make-private", folder])
      const path = join(folder, name)
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
