/** Commands that print, pass on, count and pick lines. @module */
import { openInput, openOutput } from "../devices.ts"
import { FileError, resolvePath } from "../files.ts"
import { bytesOf, type Command, type Input, joined, type Process, textOf } from "../process.ts"

const escapes: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  "\\": "\\",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
  "0": "\0"
}
const withEscapes = (text: string): string => text.replace(/\\([ntr\\abfv0])/g, (_, name: string) => escapes[name] ?? name)

/** The inputs that the arguments name, one after the other; stdin when they name none, or `-`. */
const inputsOf = (process: Process, names: ReadonlyArray<string>): ReadonlyArray<Input> =>
  names.length === 0
    ? [process.stdin]
    : names.map((name) => {
        try {
          return name === "-" ? process.stdin : openInput(process, resolvePath(process.directory, name))
        } catch (error) {
          if (error instanceof FileError) throw new FileError(`${name}: ${error.message}`)
          throw error
        }
      })

/** Flags without values, values of the flags in `valued`, and what is left. */
const readArgs = (args: ReadonlyArray<string>, valued: string) => {
  const flags = new Set<string>()
  const values = new Map<string, string>()
  const rest: Array<string> = []
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!
    if (arg === "--") {
      rest.push(...args.slice(i + 1))
      break
    }
    if (!/^-[A-Za-z0-9]/.test(arg)) rest.push(arg)
    else if (valued.includes(arg[1]!)) values.set(arg[1]!, arg.length > 2 ? arg.slice(2) : (args[++i] ?? ""))
    else if (/^-\d+$/.test(arg)) values.set("n", arg.slice(1))
    else for (const flag of arg.slice(1)) flags.add(flag)
  }
  return { flags, values, rest }
}

async function* linesOf(process: Process, names: ReadonlyArray<string>): AsyncGenerator<string> {
  for (const input of inputsOf(process, names)) {
    for (;;) {
      const line = await input.line(process.signal)
      if (line === undefined) break
      yield textOf(line)
    }
  }
}

const allOf = async (process: Process, names: ReadonlyArray<string>): Promise<Uint8Array> => {
  const parts: Array<Uint8Array> = []
  for (const input of inputsOf(process, names)) parts.push(await input.all(process.signal))
  return joined(parts)
}

const print = (process: Process, text: string): Promise<void> => process.stdout(bytesOf(text))

const echo: Command = async (process) => {
  const [first = ""] = process.args
  const flags = /^-[neE]+$/.test(first) ? first : ""
  const text = process.args.slice(flags === "" ? 0 : 1).join(" ")
  await print(process, `${flags.includes("e") ? withEscapes(text) : text}${flags.includes("n") ? "" : "\n"}`)
  return 0
}

const printf: Command = async (process) => {
  const [format = "", ...args] = process.args
  const left = [...args]
  let text = ""
  do {
    text += withEscapes(format).replace(/%([-0]?\d*)([sdiuxc%])/g, (_, width: string, kind: string) => {
      if (kind === "%") return "%"
      const arg = left.shift() ?? ""
      const number = Math.trunc(Number(arg) || 0)
      const value = kind === "s" ? arg : kind === "c" ? arg.slice(0, 1) : kind === "x" ? number.toString(16) : String(number)
      const size = Math.min(1000, Math.abs(Number(width) || 0))
      return width.startsWith("-") ? value.padEnd(size) : value.padStart(size, width.startsWith("0") && kind !== "s" ? "0" : " ")
    })
  } while (left.length > 0 && /%[-0]?\d*[sdiuxc]/.test(format))
  await print(process, text)
  return 0
}

const cat: Command = async (process) => {
  const { rest } = readArgs(process.args, "")
  for (const input of inputsOf(process, rest)) {
    for (;;) {
      const bytes = await input.chunk(process.signal)
      if (bytes === undefined) break
      await process.stdout(bytes)
    }
  }
  return 0
}

const tee: Command = async (process) => {
  const { flags, rest } = readArgs(process.args, "")
  const outputs = rest.map((name) => openOutput(process, resolvePath(process.directory, name), flags.has("a"), process))
  try {
    for (;;) {
      const bytes = await process.stdin.chunk(process.signal)
      if (bytes === undefined) return 0
      await process.stdout(bytes)
      for (const { output } of outputs) await output(bytes)
    }
  } finally {
    for (const { close } of outputs) close()
  }
}

const head: Command = async (process) => {
  const { values, rest } = readArgs(process.args, "nc")
  if (!values.has("c")) {
    let left = Number(values.get("n") ?? 10)
    for await (const line of linesOf(process, rest)) {
      if (left-- <= 0) break
      await print(process, `${line}\n`)
      if (left <= 0) break
    }
    return 0
  }
  let left = Number(values.get("c"))
  for (const input of inputsOf(process, rest)) {
    while (left > 0) {
      const bytes = await input.chunk(process.signal)
      if (bytes === undefined) break
      await process.stdout(bytes.subarray(0, left))
      left -= bytes.length
    }
  }
  return 0
}

const tail: Command = async (process) => {
  const { values, rest } = readArgs(process.args, "nc")
  const content = await allOf(process, rest)
  const bytes = values.get("c")
  if (bytes !== undefined) {
    const from = bytes.startsWith("+") ? Number(bytes) - 1 : content.length - Number(bytes)
    await process.stdout(content.subarray(Math.max(0, from)))
    return 0
  }
  const lines = textOf(content).split("\n")
  if (lines.at(-1) === "") lines.pop()
  const count = values.get("n") ?? "10"
  const from = count.startsWith("+") ? Number(count) - 1 : lines.length - Number(count)
  for (const line of lines.slice(Math.max(0, from))) await print(process, `${line}\n`)
  return 0
}

const wc: Command = async (process) => {
  const { flags, rest } = readArgs(process.args, "")
  let lines = 0
  let words = 0
  let bytes = 0
  let inWord = false
  for (const input of inputsOf(process, rest)) {
    for (;;) {
      const chunk = await input.chunk(process.signal)
      if (chunk === undefined) break
      bytes += chunk.length
      for (const byte of chunk) {
        const isSpace = byte === 32 || (byte >= 9 && byte <= 13)
        if (byte === 10) lines++
        if (!isSpace && !inWord) words++
        inWord = !isSpace
      }
    }
  }
  const chosen = [...(flags.has("l") ? [lines] : []), ...(flags.has("w") ? [words] : []), ...(flags.has("c") ? [bytes] : [])]
  const numbers = chosen.length === 0 ? [lines, words, bytes] : chosen
  await print(process, `${[...numbers, ...rest].join(" ")}\n`)
  return 0
}

const rangesOf = (set: string): string =>
  withEscapes(set)
    .replaceAll("[:upper:]", "A-Z")
    .replaceAll("[:lower:]", "a-z")
    .replaceAll("[:digit:]", "0-9")
    .replace(/(.)-(.)/gs, (_, from: string, to: string) => {
      const [first, last] = [from.charCodeAt(0), to.charCodeAt(0)]
      return Array.from({ length: Math.max(0, Math.min(256, last - first + 1)) }, (_, i) => String.fromCharCode(first + i)).join(
        ""
      )
    })

const tr: Command = async (process) => {
  const { flags, rest } = readArgs(process.args, "")
  const [from = "", to = ""] = rest.map(rangesOf)
  const table = new Map(
    [...from].map((char, i) => [char.charCodeAt(0), flags.has("d") ? -1 : (to[i] ?? to.at(-1) ?? char).charCodeAt(0)])
  )
  for (;;) {
    const bytes = await process.stdin.chunk(process.signal)
    if (bytes === undefined) return 0
    await process.stdout(Uint8Array.from([...bytes].map((byte) => table.get(byte) ?? byte).filter((byte) => byte >= 0)))
  }
}

/** Finds plain text: patterns of strangers could keep this process busy for ever. `^` and `$` at its ends are understood. */
const grep: Command = async (process) => {
  const { flags, values, rest } = readArgs(process.args, "e")
  const [pattern = "", ...names] = values.has("e") ? [values.get("e") ?? "", ...rest] : rest
  const atStart = pattern.startsWith("^")
  const atEnd = pattern.endsWith("$")
  const fold = (text: string): string => (flags.has("i") ? text.toLowerCase() : text)
  const wanted = fold(pattern.slice(atStart ? 1 : 0, atEnd ? -1 : undefined))
  const matches = (line: string): boolean => {
    const text = fold(line)
    if (atStart && atEnd) return text === wanted
    return atStart ? text.startsWith(wanted) : atEnd ? text.endsWith(wanted) : text.includes(wanted)
  }
  let count = 0
  for await (const line of linesOf(process, names)) {
    if (matches(line) === flags.has("v")) continue
    count++
    if (!flags.has("q") && !flags.has("c")) await print(process, `${line}\n`)
  }
  if (flags.has("c")) await print(process, `${count}\n`)
  return count > 0 ? 0 : 1
}

const sort: Command = async (process) => {
  const { flags, rest } = readArgs(process.args, "k")
  const lines = textOf(await allOf(process, rest)).split("\n")
  if (lines.at(-1) === "") lines.pop()
  lines.sort(flags.has("n") ? (a, b) => Number.parseFloat(a) - Number.parseFloat(b) || 0 : (a, b) => (a < b ? -1 : a > b ? 1 : 0))
  if (flags.has("r")) lines.reverse()
  for (const line of flags.has("u") ? new Set(lines) : lines) await print(process, `${line}\n`)
  return 0
}

const uniq: Command = async (process) => {
  const { rest } = readArgs(process.args, "")
  let last: string | undefined
  for await (const line of linesOf(process, rest)) {
    if (line !== last) await print(process, `${line}\n`)
    last = line
  }
  return 0
}

const seq: Command = async (process) => {
  const numbers = process.args.map(Number)
  const [first = 1, step = 1, last = 1] =
    numbers.length === 1 ? [1, 1, numbers[0]] : numbers.length === 2 ? [numbers[0], 1, numbers[1]] : numbers
  if (!(step !== 0) || numbers.some(Number.isNaN)) return 1
  for (let value = first; step > 0 ? value <= last : value >= last; value += step) await print(process, `${value}\n`)
  return 0
}

const base64: Command = async (process) => {
  const { flags, rest } = readArgs(process.args, "w")
  const content = await allOf(process, rest)
  if (flags.has("d")) await process.stdout(Buffer.from(textOf(content), "base64"))
  else
    await print(
      process,
      `${Buffer.from(content)
        .toString("base64")
        .replace(/.{76}(?=.)/g, "$&\n")}\n`
    )
  return 0
}

const hashing =
  (algorithm: "md5" | "sha256"): Command =>
  async (process) => {
    const { createHash } = await import("node:crypto")
    const names = process.args.length === 0 ? ["-"] : process.args
    for (const name of names) {
      const content = await allOf(process, [name])
      await print(process, `${createHash(algorithm).update(content).digest("hex")}  ${name}\n`)
    }
    return 0
  }

/** By name. */
export const textCommands: Readonly<Record<string, Command>> = {
  echo,
  printf,
  cat,
  tee,
  head,
  tail,
  wc,
  tr,
  grep,
  sort,
  uniq,
  seq,
  base64,
  md5sum: hashing("md5"),
  sha256sum: hashing("sha256")
}
