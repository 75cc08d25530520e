/** Writes a volume's files so that readers see either all of the old ones or all of the new ones. @module */
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { dirname, join } from "node:path"
import { checkPath, type VolumeFile } from "./files.ts"

/** Whose the files are; without it root's. */
export interface Owner {
  readonly uid?: number
  readonly gid?: number
}

const dataLink = "..data"

/**
 * Files lie in a folder named after the time; `..data` points to it, and every first-level name points through `..data`. An update
 * writes a new folder and swaps that one link. Nothing is written when nothing has changed. Gives whether something was written.
 */
export const writeFiles = (dir: string, files: ReadonlyArray<VolumeFile>, owner: Owner, now: number): boolean => {
  for (const { path } of files) checkPath(path)
  mkdirSync(dir, { recursive: true })
  const current = currentFolder(dir)
  if (current !== undefined && holdsExactly(join(dir, current), files)) return false
  const folder = `..${new Date(now).toISOString().replace(/\D/g, "_")}${String(Math.floor(Math.random() * 1e9)).padStart(9, "0")}`
  mkdirSync(join(dir, folder), { mode: 0o755 })
  for (const file of files) writeOne(join(dir, folder), file, owner)
  symlinkSync(folder, join(dir, "..data_tmp"))
  renameSync(join(dir, "..data_tmp"), join(dir, dataLink))
  linkNames(dir, new Set(files.map(({ path }) => path.split("/")[0] ?? "")))
  if (current !== undefined) rmSync(join(dir, current), { recursive: true, force: true })
  return true
}

const currentFolder = (dir: string): string | undefined => {
  try {
    return readlinkSync(join(dir, dataLink))
  } catch {
    return undefined
  }
}

const holdsExactly = (folder: string, files: ReadonlyArray<VolumeFile>): boolean => {
  try {
    const there = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory())
    return there.length === files.length && files.every(({ path, content }) => readFileSync(join(folder, path)).equals(content))
  } catch {
    return false
  }
}

const writeOne = (folder: string, { path, content, mode }: VolumeFile, owner: Owner): void => {
  const target = join(folder, path)
  mkdirSync(dirname(target), { recursive: true, mode: 0o755 })
  writeFileSync(target, content)
  // A group that the volume is for can read it, whatever the mode says.
  chmodSync(target, owner.gid === undefined ? mode : mode | 0o040)
  if (owner.uid !== undefined || owner.gid !== undefined) chownSync(target, owner.uid ?? 0, owner.gid ?? 0)
}

const linkNames = (dir: string, names: ReadonlySet<string>): void => {
  for (const name of names) {
    if (lstatSync(join(dir, name), { throwIfNoEntry: false }) === undefined) symlinkSync(join(dataLink, name), join(dir, name))
  }
  for (const name of readdirSync(dir)) if (!name.startsWith("..") && !names.has(name)) rmSync(join(dir, name), { force: true })
}
