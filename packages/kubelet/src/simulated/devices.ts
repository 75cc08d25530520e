/** Opens what a redirection or an argument names: a file, or one of the few devices that a simulated container has. @module */
import { makeQueue } from "../byte-queue.ts"
import { breathe, Input, joined, type Output, type Process } from "./process.ts"

/** So often the bound of all files is looked at. */
const flushBytes = 16 * 1024 * 1024

type Streams = Pick<Process, "stdin" | "stdout" | "stderr">

async function* zeros(): AsyncGenerator<Uint8Array> {
  const block = new Uint8Array(64 * 1024)
  for (;;) {
    await breathe()
    yield block
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes
}

/** Nothing to read. */
export const emptyInput = (): Input => {
  const queue = makeQueue(1)
  queue.end()
  return new Input(queue.read())
}

/** For reading. Throws a `FileError`. */
export const openInput = (process: Process, path: string): Input => {
  if (path === "/dev/null") return emptyInput()
  if (path === "/dev/zero") return new Input(zeros())
  if (path === "/dev/stdin") return process.stdin
  return new Input(once(process.machine.files.read(path)))
}

/** For writing; the file has its content once it is closed. Throws a `FileError`. */
export const openOutput = (
  { machine: { files, console } }: Process,
  path: string,
  append: boolean,
  streams: Streams
): { readonly output: Output; readonly close: () => void } => {
  const close = (): void => undefined
  if (path === "/dev/null") return { output: async () => undefined, close }
  if (path === "/dev/stdout") return { output: streams.stdout, close }
  if (path === "/dev/stderr") return { output: streams.stderr, close }
  if (path === "/proc/1/fd/1") return { output: console.stdout, close }
  if (path === "/proc/1/fd/2") return { output: console.stderr, close }
  const before = append ? files.find(path) : undefined
  const parts: Array<Uint8Array> = before?.kind === "file" ? [before.content] : []
  let waiting = 0
  const flush = (): void => {
    const content = joined(parts)
    parts.splice(0, parts.length, content)
    waiting = 0
    files.write(path, content)
  }
  flush()
  return {
    output: async (bytes) => {
      parts.push(bytes.slice())
      waiting += bytes.length
      if (waiting > flushBytes) flush()
    },
    close: () => {
      if (waiting > 0) flush()
    }
  }
}
