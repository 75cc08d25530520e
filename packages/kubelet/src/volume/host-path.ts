/** Files and folders of the node, checked for being what the pod expects. @module */
import { chmodSync, mkdirSync, type Stats, statSync, writeFileSync } from "node:fs"
import type { HostPathVolumeSource } from "@tsukube/api/core-v1"
import { VolumeError } from "./files.ts"

const checks: Readonly<Record<string, readonly [test: (stats: Stats) => boolean, what: string]>> = {
  Directory: [(stats) => stats.isDirectory(), "a directory"],
  File: [(stats) => stats.isFile(), "a file"],
  Socket: [(stats) => stats.isSocket(), "a socket file"],
  CharDevice: [(stats) => stats.isCharacterDevice(), "a character device"],
  BlockDevice: [(stats) => stats.isBlockDevice(), "a block device"]
}

/** The path on the node; made first where the type says so. */
export const hostPathOf = ({ path, type = "" }: HostPathVolumeSource): string => {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (type === "DirectoryOrCreate") {
    if (stats === undefined) mkdirSync(path, { recursive: true, mode: 0o755 })
    else if (!stats.isDirectory()) throw new VolumeError(`hostPath type check failed: ${path} is not a directory`)
  } else if (type === "FileOrCreate") {
    if (stats === undefined) {
      writeFileSync(path, "")
      chmodSync(path, 0o644)
    } else if (!stats.isFile()) throw new VolumeError(`hostPath type check failed: ${path} is not a file`)
  } else if (type !== "") {
    const [test, what] = checks[type] ?? [() => false, type]
    if (stats === undefined || !test(stats)) throw new VolumeError(`hostPath type check failed: ${path} is not ${what}`)
  } else if (stats === undefined) {
    // Upstream leaves it to the runtime, which makes a folder.
    mkdirSync(path, { recursive: true, mode: 0o755 })
  }
  return path
}
