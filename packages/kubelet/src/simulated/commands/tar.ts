/** `tar`, as far as `kubectl cp` and backups by hand need it: `c`, `x` and `t`, from and to files, stdin and stdout. @module */
import { type TarEntry, tarOf } from "../../tar.ts"
import { openInput } from "../devices.ts"
import { FileError, type Files, resolvePath } from "../files.ts"
import { bytesOf, type Command, type Input, joined, type Process, textOf } from "../process.ts"

const block = 512

interface Asked {
  readonly mode: string
  readonly file: string
  readonly directory: string
  readonly names: ReadonlyArray<string>
}

const read = (process: Process): Asked => {
  const names: Array<string> = []
  let flags = ""
  let file = "-"
  let { directory } = process
  const args = [...process.args]
  if (args[0] !== undefined && !args[0].startsWith("-")) args[0] = `-${args[0]}`
  while (args.length > 0) {
    const arg = args.shift() ?? ""
    if (arg === "-C") directory = resolvePath(directory, args.shift() ?? "")
    else if (arg.startsWith("--")) continue
    else if (arg.startsWith("-") && arg !== "-") {
      flags += arg.slice(1)
      if (arg.includes("f")) file = args.shift() ?? "-"
    } else names.push(arg)
  }
  return { mode: /[cxt]/.exec(flags)?.[0] ?? "", file, directory, names }
}

/** Reads exactly so many bytes; fewer at the end. */
const take = async (input: Input, size: number, signal: AbortSignal): Promise<Uint8Array> => {
  const parts: Array<Uint8Array> = []
  let left = size
  while (left > 0) {
    const bytes = await input.chunk(signal)
    if (bytes === undefined) break
    parts.push(bytes.slice(0, left))
    if (bytes.length > left) input.unread(bytes.subarray(left))
    left -= bytes.length
  }
  return joined(parts)
}

const field = (header: Uint8Array, offset: number, length: number): string =>
  textOf(header.subarray(offset, offset + length)).split("\0")[0] ?? ""

/** What a header says about the entry after it, where names are too long for their own. */
const paxPath = (content: string): string | undefined => /(?:^|\n)\d+ path=(.*)\n/.exec(content)?.[1]

const extract = async (process: Process, { directory, file, mode }: Asked): Promise<number> => {
  const { files } = process.machine
  const input = file === "-" ? process.stdin : openInput(process, resolvePath(process.directory, file))
  let longName: string | undefined
  for (;;) {
    const header = await take(input, block, process.signal)
    if (header.length < block || header[0] === 0) break
    const size = Number.parseInt(field(header, 124, 12).trim() || "0", 8)
    if (!Number.isSafeInteger(size) || size < 0) throw new FileError("invalid tar header")
    const type = String.fromCharCode(header[156] ?? 0)
    const content = await take(input, size, process.signal)
    await take(input, (block - (size % block)) % block, process.signal)
    const prefix = field(header, 345, 155)
    const name = longName ?? `${prefix === "" ? "" : `${prefix}/`}${field(header, 0, 100)}`
    longName = type === "L" ? textOf(content).split("\0")[0] : type === "x" ? paxPath(textOf(content)) : undefined
    if (type === "L" || type === "x" || type === "g") continue
    if (mode === "t") await process.stdout(bytesOf(`${name}\n`))
    else put(files, resolvePath("/", `${directory}/${resolvePath("/", name)}`), type, content, header)
  }
  // What follows the end is read too, or who sends it would be told that nobody listens.
  await input.all(process.signal)
  return 0
}

const put = (files: Files, path: string, type: string, content: Uint8Array, header: Uint8Array): void => {
  files.makeFolder(path.slice(0, path.lastIndexOf("/")) || "/", true)
  if (type === "5") files.makeFolder(path, true)
  else if (type === "2") files.link(path, field(header, 157, 100))
  else files.write(path, content, Number.parseInt(field(header, 100, 8).trim() || "644", 8) & 0o777)
}

const entriesOf = (files: Files, path: string, name: string): ReadonlyArray<TarEntry> => {
  const entry = files.entry(path)
  if (entry === undefined) throw new FileError(`${name}: Cannot stat: No such file or directory`)
  if (entry.kind === "file") return [{ path: name, content: entry.content, mode: entry.mode }]
  if (entry.kind === "link") return [{ path: name, linkTo: entry.target }]
  const inside = files.list(path).flatMap((child) => entriesOf(files, `${path}/${child}`, `${name}/${child}`))
  return [{ path: `${name}/` }, ...inside]
}

/** The command. */
export const tarCommand: Command = async (process) => {
  const asked = read(process)
  if (asked.mode === "x" || asked.mode === "t") return extract(process, asked)
  if (asked.mode !== "c") throw new FileError("You must specify one of -c, -x, -t")
  const { files } = process.machine
  const entries = asked.names.flatMap((name) =>
    // As every tar does: what is unpacked elsewhere must not land at the root.
    entriesOf(files, resolvePath(asked.directory, name), name.replace(/^\/+/, "").replace(/\/+$/, "") || ".")
  )
  const archive = tarOf(entries)
  if (asked.file === "-") await process.stdout(archive)
  else files.write(resolvePath(process.directory, asked.file), archive)
  return 0
}
