/** Commands that make, show, move and remove files. @module */
import { FileError, resolvePath } from "../files.ts"
import { bytesOf, type Command, type Process } from "../process.ts"

const split = (args: ReadonlyArray<string>) => ({
  flags: new Set(args.filter((arg) => /^-\w/.test(arg)).flatMap((arg) => [...arg.slice(1)])),
  names: args.filter((arg) => !/^-\w/.test(arg))
})

const at = (process: Process, name: string): string => resolvePath(process.directory, name)

/** Does it for each name; what fails is said, and the others go on. */
const forEach =
  (what: (process: Process, name: string, flags: ReadonlySet<string>) => void | Promise<void>): Command =>
  async (process) => {
    const { flags, names } = split(process.args)
    let code = 0
    for (const name of names) {
      try {
        await what(process, name, flags)
      } catch (error) {
        if (!(error instanceof FileError)) throw error
        code = 1
        await process.stderr(bytesOf(`${name}: ${error.message}\n`))
      }
    }
    return code
  }

const ls: Command = async (process) => {
  const { flags, names } = split(process.args)
  const { files } = process.machine
  const line = (name: string, path: string): string => {
    if (!flags.has("l")) return `${name}\n`
    const entry = files.entry(path)
    const size = entry?.kind === "file" ? entry.content.length : 0
    const mode = entry?.kind === "folder" ? "drwxr-xr-x" : entry?.kind === "link" ? "lrwxrwxrwx" : "-rw-r--r--"
    return `${mode} 1 root root ${size} ${name}\n`
  }
  for (const name of names.length === 0 ? ["."] : names) {
    const path = at(process, name)
    const entry = files.find(path)
    if (entry === undefined) throw new FileError(`${name}: No such file or directory`)
    const listed = entry.kind === "folder" && !flags.has("d") ? files.list(path) : undefined
    const shown = listed?.filter((child) => flags.has("a") || flags.has("A") || !child.startsWith("."))
    const text = shown === undefined ? line(name, path) : shown.map((child) => line(child, `${path}/${child}`)).join("")
    await process.stdout(bytesOf(text))
  }
  return 0
}

/** Copies an entry, folders with all in them. */
const copy = ({ machine: { files } }: Process, source: string, target: string): void => {
  const entry = files.entry(source)
  if (entry === undefined) throw new FileError("No such file or directory")
  if (entry.kind === "file") files.write(target, entry.content, entry.mode)
  else if (entry.kind === "link") files.link(target, entry.target)
  else {
    if (target.startsWith(`${source}/`)) throw new FileError("cannot copy a directory into itself")
    files.makeFolder(target, true)
    for (const name of files.list(source)) copy({ machine: { files } } as Process, `${source}/${name}`, `${target}/${name}`)
  }
}

const transfer =
  (keep: boolean): Command =>
  async (process) => {
    const { names } = split(process.args)
    const { files } = process.machine
    const target = at(process, names.at(-1) ?? "")
    if (names.length < 2) throw new FileError("missing file operand")
    for (const name of names.slice(0, -1)) {
      const source = at(process, name)
      const into = files.find(target)?.kind === "folder" ? `${target}/${source.split("/").at(-1)}` : target
      if (source === into) continue
      copy(process, source, into)
      if (!keep) files.remove(source)
    }
    return 0
  }

const test: Command = async (process) => {
  const args = process.args.at(-1) === "]" ? process.args.slice(0, -1) : process.args
  return truth(process, args) ? 0 : 1
}

const truth = (process: Process, args: ReadonlyArray<string>): boolean => {
  if (args[0] === "!") return !truth(process, args.slice(1))
  const or = args.indexOf("-o")
  if (or > 0) return truth(process, args.slice(0, or)) || truth(process, args.slice(or + 1))
  const and = args.indexOf("-a")
  if (and > 0) return truth(process, args.slice(0, and)) && truth(process, args.slice(and + 1))
  const [first = "", second = "", third = ""] = args
  if (args.length >= 3) return compare(first, second, third)
  if (args.length === 2) return unary(process, first, second)
  return first !== ""
}

const compare = (left: string, operator: string, right: string): boolean => {
  if (operator === "=" || operator === "==") return left === right
  if (operator === "!=") return left !== right
  const difference = Number(left) - Number(right)
  const numbers: Readonly<Record<string, boolean>> = {
    "-eq": difference === 0,
    "-ne": difference !== 0,
    "-lt": difference < 0,
    "-le": difference <= 0,
    "-gt": difference > 0,
    "-ge": difference >= 0
  }
  const found = numbers[operator]
  if (found === undefined) throw new FileError(`${operator}: unknown operand`)
  return found
}

const unary = (process: Process, operator: string, word: string): boolean => {
  if (operator === "-n") return word !== ""
  if (operator === "-z") return word === ""
  if (operator === "-t") return process.terminal !== undefined
  const { files } = process.machine
  const path = at(process, word)
  const entry = files.find(path)
  if (operator === "-L" || operator === "-h") return files.entry(path)?.kind === "link"
  if (operator === "-d") return entry?.kind === "folder"
  if (operator === "-f") return entry?.kind === "file"
  if (operator === "-s") return entry?.kind === "file" && entry.content.length > 0
  if (["-e", "-r", "-w", "-x"].includes(operator)) return entry !== undefined
  throw new FileError(`${operator}: unknown operand`)
}

/** By name. */
export const fileCommands: Readonly<Record<string, Command>> = {
  ls,
  test,
  "[": test,
  cp: transfer(true),
  mv: transfer(false),
  mkdir: forEach(({ directory, machine }, name, flags) => machine.files.makeFolder(resolvePath(directory, name), flags.has("p"))),
  rm: forEach((process, name, flags) => {
    const { files } = process.machine
    const entry = files.entry(at(process, name))
    if (entry === undefined && !flags.has("f")) throw new FileError("No such file or directory")
    if (entry?.kind === "folder" && !flags.has("r") && !flags.has("R")) throw new FileError("is a directory")
    files.remove(at(process, name))
  }),
  rmdir: forEach((process, name) => {
    const { files } = process.machine
    if (files.entry(at(process, name))?.kind !== "folder") throw new FileError("Not a directory")
    if (files.list(at(process, name)).length > 0) throw new FileError("Directory not empty")
    files.remove(at(process, name))
  }),
  touch: forEach((process, name) => {
    const { files } = process.machine
    if (files.find(at(process, name)) === undefined) files.write(at(process, name), new Uint8Array())
  }),
  readlink: forEach(async (process, name) => {
    const entry = process.machine.files.entry(at(process, name))
    if (entry?.kind !== "link") throw new FileError("Invalid argument")
    await process.stdout(bytesOf(`${entry.target}\n`))
  })
}
