/** Runs shell scripts in this process: pipes, lists, loops, variables, redirections; its commands are the simulated ones. @module */
import { makeQueue } from "../byte-queue.ts"
import { SumProblem, valueOfSum } from "./arithmetic.ts"
import { builtins } from "./builtins.ts"
import { commandNamed } from "./commands.ts"
import { openInput, openOutput } from "./devices.ts"
import { FileError, resolvePath } from "./files.ts"
import { BrokenPipe, breathe, bytesOf, Input, Interrupted, joined, type Output, type Process, textOf } from "./process.ts"
import {
  literalOf,
  type Node,
  type Part,
  type Pipeline,
  parseScript,
  type Script,
  type Stage,
  SyntaxProblem,
  type Word
} from "./script.ts"

/** Where a script is: variables, folder, and the streams of the command that runs. */
export interface Shell {
  readonly process: Process
  readonly variables: Map<string, string>
  readonly exported: Set<string>
  readonly words: ReadonlyArray<string>
  readonly jobs: Set<Promise<number>>
  directory: string
  lastCode: number
}

/** `exit`, `break` and `continue` leave what they are in. */
export class Leave extends Error {
  readonly kind: "exit" | "break" | "continue"
  readonly code: number
  constructor(kind: "exit" | "break" | "continue", code: number) {
    super(kind)
    this.kind = kind
    this.code = code
  }
}

type Streams = Pick<Process, "stdin" | "stdout" | "stderr">

const shellNames = /(^|\/)(sh|ash|bash)$/
const pipeLimit = 64 * 1024
const textLimit = 1024 * 1024
const depthLimit = 100
let depth = 0

/** Runs a script to its end. */
export const runScript = async (script: Script, shell: Shell): Promise<number> => {
  for (const pipeline of script) {
    if (pipeline.when === "success" && shell.lastCode !== 0) continue
    if (pipeline.when === "failure" && shell.lastCode === 0) continue
    if (shell.process.signal.aborted) throw new Interrupted()
    if (pipeline.background) {
      const job = runPipeline(pipeline, childOf(shell)).catch(() => 1)
      shell.jobs.add(job)
      void job.then(() => shell.jobs.delete(job))
      shell.lastCode = 0
      continue
    }
    const code = await runPipeline(pipeline, shell)
    shell.lastCode = pipeline.negated ? Number(code === 0) : code
  }
  return shell.lastCode
}

/** A shell over a process; `words` are `$0` and the script's own. */
export const shellOf = (process: Process, words: ReadonlyArray<string>): Shell => ({
  process,
  variables: new Map(process.environment),
  exported: new Set(process.environment.keys()),
  words,
  jobs: new Set(),
  directory: process.directory,
  lastCode: 0
})

const childOf = (shell: Shell, streams?: Streams): Shell => ({
  ...shell,
  process: streams === undefined ? shell.process : { ...shell.process, ...streams },
  variables: new Map(shell.variables),
  exported: new Set(shell.exported),
  jobs: new Set()
})

/** The code a script leaves with, `exit` included. */
export const codeOf = async (running: Promise<number>): Promise<number> => {
  try {
    return await running
  } catch (error) {
    if (error instanceof Leave) return error.code
    throw error
  }
}

const runPipeline = async ({ stages }: Pipeline, shell: Shell): Promise<number> => {
  const [first] = stages
  if (stages.length === 1 && first !== undefined) return runStage(first, shell)
  let stdin = shell.process.stdin
  const running = stages.map(async (stage, index) => {
    const input = stdin
    const isLast = index === stages.length - 1
    const queue = makeQueue(pipeLimit)
    stdin = new Input(queue.read())
    const stdout: Output = isLast
      ? shell.process.stdout
      : async (bytes) => {
          if (!(await queue.push(bytes))) throw new BrokenPipe()
        }
    try {
      return await codeOf(runStage(stage, childOf(shell, { stdin: input, stdout, stderr: shell.process.stderr })))
    } finally {
      queue.end()
      if (index > 0) input.close()
    }
  })
  const codes = await Promise.all(running)
  return codes.at(-1) ?? 0
}

const runStage = async (stage: Stage, shell: Shell): Promise<number> => {
  if (stage.redirects.length === 0) return runNode(stage.node, shell, shell.process)
  const { stdin, stdout, stderr } = shell.process
  const streams = { stdin, stdout, stderr }
  const closers: Array<() => void> = []
  try {
    for (const { descriptor, mode, target } of stage.redirects) {
      if (typeof target === "number") {
        const copied = target === 2 ? streams.stderr : streams.stdout
        if (descriptor === 2) streams.stderr = copied
        else if (descriptor === 1) streams.stdout = copied
        continue
      }
      const [name = ""] = await expandWord(target, shell)
      const path = resolvePath(shell.directory, name)
      if (mode === "read") streams.stdin = openInput(shell.process, path)
      else {
        const { output, close } = openOutput(shell.process, path, mode === "append", streams)
        closers.push(close)
        if (descriptor === 2) streams.stderr = output
        else streams.stdout = output
      }
    }
    return await runNode(stage.node, shell, streams)
  } catch (error) {
    if (!(error instanceof FileError)) throw error
    await shell.process.stderr(bytesOf(`sh: can't open: ${error.message}\n`))
    return 1
  } finally {
    for (const close of closers) close()
  }
}

const runNode = async (node: Node, shell: Shell, streams: Streams): Promise<number> => {
  if (node.type === "simple") return runSimple(node, shell, streams)
  const inner = streams === shell.process ? shell : sharing(shell, streams)
  if (node.type === "group") {
    return node.subshell ? codeOf(runScript(node.body, childOf(inner))) : runScript(node.body, inner)
  }
  if (node.type === "if") {
    for (const { test, body } of node.branches) if ((await runScript(test, inner)) === 0) return runScript(body, inner)
    shell.lastCode = 0
    return node.otherwise === undefined ? 0 : runScript(node.otherwise, inner)
  }
  if (node.type === "while") {
    let code = 0
    for (;;) {
      await breathe()
      if (((await runScript(node.test, inner)) === 0) === node.until) return code
      if (await endsLoop(async () => (code = await runScript(node.body, inner)))) return 0
    }
  }
  let code = 0
  const words = (await Promise.all(node.words.map((word) => expandWord(word, inner)))).flat()
  for (const word of words) {
    await breathe()
    setVariable(inner, node.name, word)
    if (await endsLoop(async () => (code = await runScript(node.body, inner)))) return 0
  }
  return code
}

/** The same variables, other streams. */
const sharing = (shell: Shell, streams: Streams): Shell => {
  const process = { ...shell.process, ...streams }
  return Object.defineProperties(
    { ...shell, process },
    {
      lastCode: { get: () => shell.lastCode, set: (code: number) => (shell.lastCode = code) },
      directory: { get: () => shell.directory, set: (path: string) => (shell.directory = path) }
    }
  )
}

const endsLoop = async (body: () => Promise<unknown>): Promise<boolean> => {
  try {
    await body()
    return false
  } catch (error) {
    if (error instanceof Leave && error.kind === "continue") return false
    if (error instanceof Leave && error.kind === "break") return true
    throw error
  }
}

/** Sets a variable; a value that grew beyond all measure is cut off. */
export const setVariable = (shell: Shell, name: string, value: string): void => {
  shell.variables.set(name, value.slice(0, textLimit))
}

const runSimple = async (node: Node & { readonly type: "simple" }, shell: Shell, streams: Streams): Promise<number> => {
  const words: Array<string> = []
  for (const word of node.words) words.push(...(await expandWord(word, shell)))
  const values = new Map<string, string>()
  for (const { name, value } of node.assignments) values.set(name, (await expandWord(value, shell, false))[0] ?? "")
  const [name, ...args] = words
  if (name === undefined) {
    for (const [variable, value] of values) setVariable(shell, variable, value)
    return shell.lastCode
  }
  const builtin = builtins[name]
  if (builtin !== undefined) return builtin(args, shell, streams.stdin, streams)
  const environment = new Map([...shell.exported].map((key) => [key, shell.variables.get(key) ?? ""] as const))
  for (const [key, value] of values) environment.set(key, value)
  return runCommand({ ...shell.process, ...streams, args, environment, directory: shell.directory }, name)
}

/** Runs a command by its name; errors of it become its exit code, as a kernel and a shell have it. */
export const runCommand = async (process: Process, name: string): Promise<number> => {
  const command = commandNamed(name)
  try {
    if (command === undefined) {
      await process.stderr(bytesOf(`sh: ${name}: not found\n`))
      return 127
    }
    if (depth > depthLimit) throw new RangeError("too many processes")
    depth++
    try {
      return await command(process)
    } finally {
      depth--
    }
  } catch (error) {
    if (error instanceof BrokenPipe) return 141
    if (error instanceof FileError || error instanceof RangeError) {
      await process.stderr(bytesOf(`${name}: ${error.message}\n`)).catch(() => undefined)
      return 1
    }
    throw error
  }
}

/** `sh`, `sh -c SCRIPT`, `sh FILE`; without a script the lines of stdin, one after the other. */
export const shellCommand = async (process: Process): Promise<number> => {
  const args = process.args.filter((word, index, all) => !(index < all.indexOf("-c") && word.startsWith("-")))
  let words = [...args]
  while (words[0]?.startsWith("-") === true && !words[0].includes("c")) words = words.slice(1)
  if (words[0]?.startsWith("-") === true) {
    const [, script = "", ...rest] = words
    return runText(script, shellOf(process, rest.length === 0 ? ["sh"] : rest))
  }
  const [file] = words
  if (file !== undefined) {
    const text = textOf(process.machine.files.read(resolvePath(process.directory, file)))
    return runText(text, shellOf(process, words))
  }
  return runLines(shellOf(process, ["sh"]))
}

const runText = async (text: string, shell: Shell): Promise<number> => {
  try {
    return await codeOf(runScript(parseScript(text), shell))
  } catch (error) {
    if (!(error instanceof SyntaxProblem)) throw error
    await shell.process.stderr(bytesOf(`sh: ${error.message}\n`))
    return 2
  }
}

/** An interactive shell says that it waits; what is typed goes on over lines until it is a whole command. */
const runLines = async (shell: Shell): Promise<number> => {
  const { process } = shell
  const prompt = process.terminal === undefined ? undefined : () => process.stdout(bytesOf(`${shell.directory} # `))
  let text = ""
  for (;;) {
    if (text === "") await prompt?.()
    const line = await process.stdin.line(process.signal)
    if (line === undefined) return text === "" ? shell.lastCode : runText(text, shell)
    text += `${textOf(line)}\n`
    try {
      const script = parseScript(text)
      text = ""
      await runScript(script, shell)
    } catch (error) {
      if (error instanceof Leave) return error.code
      if (!(error instanceof SyntaxProblem)) throw error
      const unfinished = /end of file|unterminated|expecting/.test(error.message)
      if (unfinished && text.length < textLimit) continue
      text = ""
      shell.lastCode = 2
      await process.stderr(bytesOf(`sh: ${error.message}\n`))
    }
  }
}

/** The fields that a word becomes. With `split` false it is always one. */
export const expandWord = async (word: Word, shell: Shell, split: boolean = true): Promise<ReadonlyArray<string>> => {
  const fields: Array<string> = []
  let current: string | undefined
  for (const part of word) {
    if ("text" in part) {
      current = (current ?? "") + part.text
      continue
    }
    if ("variable" in part && part.variable === "@" && part.quoted && split) {
      const [first, ...rest] = shell.words.slice(1)
      if (first !== undefined) current = (current ?? "") + first
      for (const next of rest) {
        fields.push(current ?? "")
        current = next
      }
      continue
    }
    const value = await partValue(part, shell)
    if (part.quoted || !split) {
      current = (current ?? "") + value
      continue
    }
    const pieces = value.split(/\s+/)
    pieces.forEach((piece, index) => {
      if (index > 0 && current !== undefined) {
        fields.push(current)
        current = undefined
      }
      if (piece !== "") current = (current ?? "") + piece
    })
  }
  if (current !== undefined) fields.push(current.slice(0, textLimit))
  else if (!split) fields.push("")
  return fields
}

const partValue = async (part: Exclude<Part, { readonly text: string }>, shell: Shell): Promise<string> => {
  if ("sum" in part) {
    try {
      return String(valueOfSum(part.sum, (name) => shell.variables.get(name) ?? ""))
    } catch (error) {
      if (!(error instanceof SumProblem)) throw error
      await shell.process.stderr(bytesOf(`sh: ${error.message}\n`))
      throw new Leave("exit", 2)
    }
  }
  if ("script" in part) {
    const parts: Array<Uint8Array> = []
    let size = 0
    const stdout: Output = async (bytes) => {
      size += bytes.length
      if (size > textLimit) throw new BrokenPipe()
      parts.push(bytes.slice())
    }
    const { stdin, stderr } = shell.process
    shell.lastCode = await codeOf(runScript(part.script, childOf(shell, { stdin, stdout, stderr })))
    return textOf(joined(parts)).replace(/\n+$/, "")
  }
  const value = variableOf(part.variable, shell)
  if (part.length === true) return String((value ?? "").length)
  const missing = value === undefined || (part.ifEmpty === true && value === "")
  return missing && part.fallback !== undefined ? ((await expandWord(part.fallback, shell, false))[0] ?? "") : (value ?? "")
}

const variableOf = (name: string, shell: Shell): string | undefined => {
  if (name === "?") return String(shell.lastCode)
  if (name === "$") return "1"
  if (name === "!") return ""
  if (name === "#") return String(Math.max(0, shell.words.length - 1))
  if (name === "@" || name === "*") return shell.words.slice(1).join(" ")
  return /^\d$/.test(name) ? shell.words[Number(name)] : shell.variables.get(name)
}

/** Whether every command of a script is known: what is not known as a whole is not begun. */
export const isSimulatedScript = (text: string): boolean => {
  try {
    return knows(parseScript(text))
  } catch {
    return false
  }
}

const knows = (script: Script): boolean => script.every(({ stages }) => stages.every(({ node }) => knowsNode(node)))

const knowsNode = (node: Node): boolean => {
  if (node.type === "group") return knows(node.body)
  if (node.type === "while") return knows(node.test) && knows(node.body)
  if (node.type === "for") return knows(node.body) && node.words.every(knowsWord)
  if (node.type === "if") {
    return (
      node.branches.every(({ test, body }) => knows(test) && knows(body)) &&
      (node.otherwise === undefined || knows(node.otherwise))
    )
  }
  if (!node.words.every(knowsWord) || !node.assignments.every(({ value }) => knowsWord(value))) return false
  const [first, ...rest] = node.words
  return first === undefined || isSimulatedCommand([literalOf(first) ?? "", ...rest.map((word) => literalOf(word) ?? "")])
}

const knowsWord = (word: Word): boolean => word.every((part) => !("script" in part) || knows(part.script))

/** Whether a command is known, and everything in its script if it is a shell with one. */
export const isSimulatedCommand = (words: ReadonlyArray<string>): boolean => {
  const [name = "", flag = "", script = ""] = words
  if (name in builtins) return true
  const command = commandNamed(name)
  if (command === undefined) return false
  return !shellNames.test(name) || !/^-\w*c$/.test(flag) || isSimulatedScript(script)
}
