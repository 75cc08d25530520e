/** Writes files so that a reader sees the old text or the new, never half of either. @module */
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs"
import { dirname } from "node:path"

export interface WriteOptions {
  /** Permission bits; default 0o644. */
  readonly mode?: number
  /** Also survive a power cut: the file and its folder are flushed. Costs milliseconds. */
  readonly durable?: boolean
}

let counter = 0

const flushFolder = (folder: string): void => {
  const fd = openSync(folder, "r")
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Writes to a new file beside the target and renames it over; folders are made. Throws what `node:fs` throws. */
export const writeFileAtomic = (path: string, text: string | Uint8Array, options: WriteOptions = {}): void => {
  mkdirSync(dirname(path), { recursive: true })
  const draft = `${path}.${process.pid}.${counter++}.new`
  const bytes = typeof text === "string" ? Buffer.from(text) : text
  const fd = openSync(draft, "wx", options.mode ?? 0o644)
  try {
    for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written)
    if (options.durable === true) fsyncSync(fd)
    closeSync(fd)
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  }
  if (options.durable === true) flushFolder(dirname(path))
}
