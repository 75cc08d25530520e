/** Writes tar archives of files, folders and symbolic links, owned by root and dated 1970, so that equal input gives equal bytes. @module */

/** A file (with content), a symbolic link (with a target) or a folder (a path that ends with a slash). */
export interface TarEntry {
  readonly path: string
  readonly content?: Uint8Array
  readonly linkTo?: string
  readonly mode?: number
}

const block = 512
const encoder = new TextEncoder()

const headerOf = (entry: TarEntry): Uint8Array => {
  const header = new Uint8Array(block)
  const text = (offset: number, value: string) => header.set(encoder.encode(value), offset)
  const octal = (offset: number, length: number, value: number) => text(offset, value.toString(8).padStart(length - 1, "0"))
  const name = encoder.encode(entry.path)
  if (name.length > 100) throw new Error(`path too long for this archive: ${entry.path}`)
  const isFolder = entry.path.endsWith("/")
  header.set(name, 0)
  octal(100, 8, entry.mode ?? (isFolder ? 0o755 : 0o644))
  octal(108, 8, 0)
  octal(116, 8, 0)
  octal(124, 12, entry.content?.length ?? 0)
  octal(136, 12, 0)
  text(148, "        ")
  text(156, isFolder ? "5" : entry.linkTo === undefined ? "0" : "2")
  text(157, entry.linkTo ?? "")
  text(257, "ustar\u000000")
  let sum = 0
  for (const byte of header) sum += byte
  text(148, `${sum.toString(8).padStart(6, "0")}\u0000 `)
  return header
}

/** The archive as bytes. */
export const tarOf = (entries: ReadonlyArray<TarEntry>): Uint8Array => {
  const parts: Array<Uint8Array> = []
  for (const entry of entries) {
    parts.push(headerOf(entry))
    if (entry.content === undefined) continue
    parts.push(entry.content, new Uint8Array((block - (entry.content.length % block)) % block))
  }
  parts.push(new Uint8Array(2 * block))
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let position = 0
  for (const part of parts) {
    bytes.set(part, position)
    position += part.length
  }
  return bytes
}
