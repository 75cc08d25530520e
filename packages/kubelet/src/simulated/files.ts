/** The files of a simulated container: a small tree in memory, with a bound. @module */

/** A file, a folder or a symbolic link. */
export type FileEntry =
  | { readonly kind: "file"; readonly content: Uint8Array; readonly mode: number }
  | { readonly kind: "folder"; readonly mode: number }
  | { readonly kind: "link"; readonly target: string }

/** Something that a command says on stderr, as `No such file or directory`. */
export class FileError extends Error {}

/** All files of a container may hold this much together. */
const bytesLimit = 64 * 1024 * 1024
const entriesLimit = 10_000
const linksLimit = 20

/** `b/../c` below `/a` is `/a/c`. */
export const resolvePath = (directory: string, path: string): string => {
  const parts: Array<string> = []
  for (const part of (path.startsWith("/") ? path : `${directory}/${path}`).split("/")) {
    if (part === "..") parts.pop()
    else if (part !== "" && part !== ".") parts.push(part)
  }
  return `/${parts.join("/")}`
}

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf("/")) || "/"

/** Files by their absolute path. */
export class Files {
  readonly #entries: Map<string, FileEntry> = new Map([["/", { kind: "folder", mode: 0o755 }]])
  #bytes = 0

  /** The entry at a path, links followed. */
  find(path: string): FileEntry | undefined {
    return this.#entries.get(this.#follow(path))
  }

  /** The entry itself, be it a link. */
  entry(path: string): FileEntry | undefined {
    return this.#entries.get(this.#inFolder(path))
  }

  read(path: string): Uint8Array {
    const entry = this.find(path)
    if (entry === undefined) throw new FileError("No such file or directory")
    if (entry.kind !== "file") throw new FileError("Is a directory")
    return entry.content
  }

  write(path: string, content: Uint8Array, mode?: number): void {
    const place = this.#follow(path)
    const before = this.#entries.get(place)
    if (before?.kind === "folder") throw new FileError("Is a directory")
    this.#put(place, { kind: "file", content, mode: mode ?? (before?.kind === "file" ? before.mode : 0o644) })
  }

  link(path: string, target: string): void {
    this.remove(path)
    this.#put(this.#inFolder(path), { kind: "link", target })
  }

  /** With `parents` what is there already is left alone. */
  makeFolder(path: string, parents: boolean): void {
    const place = this.#follow(path)
    const there = this.#entries.get(place)
    if (there?.kind === "folder" && parents) return
    if (there !== undefined) throw new FileError("File exists")
    if (parents && place !== "/") this.makeFolder(parentOf(place), true)
    this.#put(place, { kind: "folder", mode: 0o755 })
  }

  /** Removes an entry and all below it; nothing when it is not there. */
  remove(path: string): void {
    const place = this.#inFolder(path)
    for (const [name, entry] of this.#entries) {
      if (name === "/" || (name !== place && !name.startsWith(`${place}/`))) continue
      this.#entries.delete(name)
      if (entry.kind === "file") this.#bytes -= entry.content.length
    }
  }

  /** The names in a folder, sorted. */
  list(path: string): ReadonlyArray<string> {
    const place = this.#follow(path)
    const prefix = place === "/" ? "/" : `${place}/`
    const names: Array<string> = []
    for (const name of this.#entries.keys()) {
      if (name.startsWith(prefix) && name !== "/" && !name.includes("/", prefix.length)) names.push(name.slice(prefix.length))
    }
    return names.sort()
  }

  #put(place: string, entry: FileEntry): void {
    const folder = this.#entries.get(parentOf(place))
    if (folder === undefined) throw new FileError("No such file or directory")
    if (folder.kind !== "folder") throw new FileError("Not a directory")
    const before = this.#entries.get(place)
    const grown = (entry.kind === "file" ? entry.content.length : 0) - (before?.kind === "file" ? before.content.length : 0)
    if (this.#bytes + grown > bytesLimit || this.#entries.size >= entriesLimit) throw new FileError("No space left on device")
    this.#bytes += grown
    this.#entries.set(place, entry)
  }

  /** The same path with the links of its folders followed. */
  #inFolder(path: string): string {
    const place = resolvePath("/", path)
    if (place === "/") return place
    const folder = this.#follow(parentOf(place))
    return `${folder === "/" ? "" : folder}${place.slice(place.lastIndexOf("/"))}`
  }

  #follow(path: string, depth: number = 0): string {
    if (depth > linksLimit) throw new FileError("Too many levels of symbolic links")
    const place = resolvePath("/", path)
    if (place === "/") return place
    const folder = this.#follow(parentOf(place), depth + 1)
    const inFolder = `${folder === "/" ? "" : folder}${place.slice(place.lastIndexOf("/"))}`
    const entry = this.#entries.get(inFolder)
    return entry?.kind === "link" ? this.#follow(resolvePath(folder, entry.target), depth + 1) : inFolder
  }
}
