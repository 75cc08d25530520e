/** A simulated container: its files, its log, its own process if its command is one that is known, and others by exec. @module */
import { makeQueue } from "../byte-queue.ts"
import type { ContainerSpec, LogOptions, Program, ProgramStreams, SandboxSpec, StreamRequest } from "../runtime.ts"
import { emptyInput } from "./devices.ts"
import { Files } from "./files.ts"
import { ContainerLog } from "./log.ts"
import { BrokenPipe, bytesOf, Input, Interrupted, type Machine, type Output, type Process } from "./process.ts"
import { codeOf, isSimulatedCommand, runCommand } from "./shell.ts"
import { openTerminal } from "./terminal.ts"

/** What a simulated container is made of. */
export interface SimulatedContainerOptions {
  readonly nodeName: string
  readonly sandbox: Pick<SandboxSpec, "hostname" | "dns"> & { readonly ips: ReadonlyArray<string> }
  readonly spec: Pick<ContainerSpec, "name" | "command" | "args" | "environment" | "workingDir" | "stdin" | "stdinOnce" | "tty">
  readonly now: () => number
  readonly sleep: Machine["sleep"]
}

/** A container of a simulated node. */
export interface SimulatedContainer {
  /** Starts its own process, and tells how that ended; undefined when its command is none of the simulated ones. */
  readonly start: () => Promise<number> | undefined
  /** Whether its own process is there. */
  readonly runs: () => boolean
  /** Ends everything that runs in it. */
  readonly stop: () => void
  readonly exec: (command: ReadonlyArray<string>, request: StreamRequest) => Program
  readonly attach: (request: StreamRequest) => Program
  readonly logs: (options: LogOptions, ended: () => Promise<boolean>) => AsyncIterable<Uint8Array>
  /** What it left as its last words: the file's content, or the end of its log. */
  readonly lastWords: (path: string, orLog: boolean) => string
}

const attachLimit = 1024 * 1024
const killed = 137
const terminated = 143
const lastWordsBytes = 4096
const lastWordsLogBytes = 2048
const lastWordsLogLines = 80
const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/** The command of a container: one without any that wants input is a shell, as the images that people attach to have it. */
export const commandOf = ({ command, args, stdin }: SimulatedContainerOptions["spec"]): ReadonlyArray<string> => {
  const words = [...command, ...args]
  return words.length === 0 && stdin ? ["sh"] : words
}

/** Nothing is made before it is asked for: a node may have many containers that nobody looks at. */
export const makeSimulatedContainer = (options: SimulatedContainerOptions): SimulatedContainer => {
  const { spec, nodeName } = options
  const stopped = new AbortController()
  const attached = new Set<ProgramStreams>()
  let log: ContainerLog | undefined
  let machine: Machine | undefined
  /** What attached clients say; absent while no process listens. */
  let typed: ((bytes: Uint8Array) => Promise<unknown>) | undefined
  let hangUp: () => void = () => undefined
  let resize: ReturnType<typeof openTerminal>["resize"] = () => undefined
  let ended: Promise<number> | undefined

  const logOf = (): ContainerLog => {
    if (log !== undefined) return log
    log = new ContainerLog(options.now)
    return log
  }
  /** To the log, and to everybody who is attached. */
  const console =
    (name: "stdout" | "stderr"): Output =>
    async (bytes) => {
      logOf().write(name, bytes)
      for (const client of attached) await client[name](bytes)
    }
  const machineOf = (): Machine => {
    machine ??= {
      hostname: options.sandbox.hostname === "" ? nodeName : options.sandbox.hostname,
      files: filesOf(options),
      environment: environmentOf(options),
      console: { stdout: console("stdout"), stderr: console("stderr") },
      now: options.now,
      sleep: options.sleep
    }
    return machine
  }
  const processOf = (streams: Pick<Process, "stdin" | "stdout" | "stderr" | "signal">, args: ReadonlyArray<string>): Process => {
    const machine = machineOf()
    const directory = spec.workingDir === "" ? "/" : spec.workingDir
    return { machine, args, environment: new Map(machine.environment), directory, ...streams }
  }

  const runOwn = async (name: string, args: ReadonlyArray<string>): Promise<number> => {
    const { console } = machineOf()
    const interrupted = new AbortController()
    const signal = AbortSignal.any([stopped.signal, interrupted.signal])
    const terminal = spec.tty ? openTerminal(console.stdout, () => interrupted.abort()) : undefined
    const queue = makeQueue(attachLimit)
    typed = terminal === undefined ? queue.push : terminal.type
    hangUp = terminal === undefined ? queue.end : terminal.hangUp
    if (terminal !== undefined) resize = terminal.resize
    const stdin = spec.stdin ? new Input(terminal === undefined ? queue.read() : terminal.input) : emptyInput()
    const stdout = terminal === undefined ? console.stdout : terminal.output
    const stderr = terminal === undefined ? console.stderr : terminal.output
    const process = processOf({ stdin, stdout, stderr, signal }, args)
    return outcomeOf(() => runCommand(terminal === undefined ? process : { ...process, terminal }, name), stopped.signal)
  }

  return {
    start: () => {
      const [name = "", ...args] = commandOf(spec)
      if (name === "" || !isSimulatedCommand([name, ...args])) {
        logOf().write("stdout", bytesOf(idleLine(nodeName, spec.name)))
        return undefined
      }
      ended = runOwn(name, args).then((code) => {
        log?.end()
        typed = undefined
        return code
      })
      return ended
    },
    runs: () => typed !== undefined,
    stop: () => {
      stopped.abort()
      log?.end()
    },
    exec:
      ([name = "", ...args], request) =>
      async (streams) => {
        const interrupted = new AbortController()
        const signal = AbortSignal.any([stopped.signal, streams.signal, interrupted.signal])
        if (!isKnown(name)) {
          await streams.stderr(bytesOf(`exec: "${name}": executable file not found in $PATH (node "${nodeName}" is simulated)\n`))
          return 127
        }
        if (!request.tty) {
          const stdin = request.stdin ? new Input(streams.stdin) : emptyInput()
          const { stdout, stderr } = streams
          return outcomeOf(() => runCommand(processOf({ stdin, stdout, stderr, signal }, args), name), stopped.signal)
        }
        const terminal = openTerminal(streams.stdout, () => interrupted.abort())
        streams.onResize(terminal.resize)
        if (request.stdin) void pump(streams.stdin, terminal.type).finally(terminal.hangUp)
        const stdin = request.stdin ? new Input(terminal.input) : emptyInput()
        const process = processOf({ stdin, stdout: terminal.output, stderr: terminal.output, signal }, args)
        return outcomeOf(() => runCommand({ ...process, terminal }, name), stopped.signal)
      },
    attach: (request) => async (streams) => {
      attached.add(streams)
      streams.onResize((size) => resize(size))
      if (request.stdin && spec.stdin) {
        void pump(streams.stdin, async (bytes) => typed?.(bytes)).finally(() => {
          if (spec.stdinOnce) hangUp()
        })
      }
      const over = new Promise<number>((resolve) => {
        for (const signal of [streams.signal, stopped.signal]) signal.addEventListener("abort", () => resolve(0))
        if (stopped.signal.aborted) resolve(0)
      })
      await Promise.race([over, ...(ended === undefined ? [] : [ended])])
      attached.delete(streams)
      return 0
    },
    logs: (wanted, isEnded) => logOf().read(wanted, isEnded),
    lastWords: (path, orLog) => {
      const entry = machine?.files.find(path)
      const words = entry?.kind === "file" ? new TextDecoder().decode(entry.content.subarray(0, lastWordsBytes)) : ""
      return words === "" && orLog ? logOf().tail(lastWordsLogLines, lastWordsLogBytes) : words
    }
  }
}

const isKnown = (name: string): boolean => isSimulatedCommand([name])

const pump = async (from: AsyncIterable<Uint8Array>, to: (bytes: Uint8Array) => Promise<unknown>): Promise<void> => {
  for await (const bytes of from) await to(bytes)
}

/** A process that is stopped from outside ends as by SIGTERM; one that nobody listens to ends in silence. */
const outcomeOf = async (run: () => Promise<number>, stopped: AbortSignal): Promise<number> => {
  try {
    return await codeOf(run())
  } catch (error) {
    if (error instanceof Interrupted) return stopped.aborted ? terminated : 130
    return error instanceof BrokenPipe ? 141 : killed
  }
}

/** The one line in the log of a container in which nothing runs. */
const idleLine = (nodeName: string, name: string): string =>
  `node "${nodeName}" is simulated: container "${name}" does not run and writes no log\n`

const filesOf = ({ sandbox, nodeName }: SimulatedContainerOptions): Files => {
  const files = new Files()
  for (const folder of ["bin", "dev", "etc", "home", "proc", "root", "tmp", "usr", "var"]) files.makeFolder(`/${folder}`, false)
  const hostname = sandbox.hostname === "" ? nodeName : sandbox.hostname
  const { servers = [], searches = [] } = sandbox.dns ?? {}
  files.write("/etc/hostname", bytesOf(`${hostname}\n`))
  files.write("/etc/hosts", bytesOf(`127.0.0.1\tlocalhost\n${sandbox.ips.map((ip) => `${ip}\t${hostname}\n`).join("")}`))
  const search = searches.length === 0 ? "" : `search ${searches.join(" ")}\n`
  files.write("/etc/resolv.conf", bytesOf(`${search}${servers.map((server) => `nameserver ${server}\n`).join("")}`))
  return files
}

const environmentOf = ({ spec, sandbox, nodeName }: SimulatedContainerOptions): ReadonlyMap<string, string> =>
  new Map([
    ["PATH", path],
    ["HOSTNAME", sandbox.hostname === "" ? nodeName : sandbox.hostname],
    ["HOME", "/root"],
    ...spec.environment.map(({ name, value }) => [name, value] as const)
  ])
