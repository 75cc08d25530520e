/** Commands that are part of the shell itself, because they change it. @module */
import { resolvePath } from "./files.ts"
import { bytesOf, type Input, orInterrupted, type Process, textOf } from "./process.ts"
import { Leave, runCommand, type Shell, setVariable } from "./shell.ts"

type Builtin = (
  args: ReadonlyArray<string>,
  shell: Shell,
  stdin: Input,
  streams: Pick<Process, "stdin" | "stdout" | "stderr">
) => Promise<number>

const numberOf = (text: string | undefined, otherwise: number): number => (text === undefined ? otherwise : Number(text) & 0xff)

const assign = (args: ReadonlyArray<string>, shell: Shell, exported: boolean): number => {
  for (const arg of args) {
    const [, name = "", , value] = /^([A-Za-z_]\w*)(=(.*))?$/s.exec(arg) ?? []
    if (name === "") continue
    if (value !== undefined) setVariable(shell, name, value)
    if (exported) shell.exported.add(name)
  }
  return 0
}

/** By name. */
export const builtins: Readonly<Record<string, Builtin>> = Object.assign(Object.create(null) as Record<string, Builtin>, {
  ":": async () => 0,
  // Every signal ends a simulated process, so there is nothing to catch.
  trap: async () => 0,
  set: async () => 0,
  cd: async ([path], shell, _stdin, { stderr }) => {
    const place = resolvePath(shell.directory, path ?? shell.variables.get("HOME") ?? "/")
    if (shell.process.machine.files.find(place)?.kind === "folder") {
      shell.directory = place
      return 0
    }
    await stderr(bytesOf(`sh: cd: can't cd to ${path}: No such file or directory\n`))
    return 2
  },
  exit: async ([code], shell) => {
    throw new Leave("exit", numberOf(code, shell.lastCode))
  },
  break: async () => {
    throw new Leave("break", 0)
  },
  continue: async () => {
    throw new Leave("continue", 0)
  },
  exec: async ([name, ...args], shell, _stdin, streams) => {
    if (name === undefined) return 0
    const environment = new Map([...shell.exported].map((key) => [key, shell.variables.get(key) ?? ""] as const))
    throw new Leave(
      "exit",
      await runCommand({ ...shell.process, ...streams, args, environment, directory: shell.directory }, name)
    )
  },
  export: async (args, shell) => assign(args, shell, true),
  local: async (args, shell) => assign(args, shell, false),
  unset: async (args, shell) => {
    for (const name of args) {
      shell.variables.delete(name)
      shell.exported.delete(name)
    }
    return 0
  },
  read: async (args, shell, stdin) => {
    const names = args.filter((arg) => !arg.startsWith("-"))
    const line = await stdin.line(shell.process.signal)
    const words = line === undefined ? [] : textOf(line).trim().split(/\s+/)
    const [first = "REPLY", ...others] = names
    for (const name of [first, ...others]) {
      const isLast = name === (others.at(-1) ?? first)
      setVariable(shell, name, isLast ? words.splice(0).join(" ") : (words.shift() ?? ""))
    }
    return line === undefined || stdin.partial ? 1 : 0
  },
  wait: async (_args, shell) => {
    await orInterrupted(Promise.all(shell.jobs), shell.process.signal)
    return 0
  }
} satisfies Record<string, Builtin>)
