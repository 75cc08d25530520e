/** What a terminal does between a keyboard and a program: echo, lines, ^C and ^D, and ends of lines for the screen. @module */
import { makeQueue } from "../byte-queue.ts"
import type { TerminalSize } from "../runtime.ts"
import type { Output, Terminal } from "./process.ts"

const keys = { interrupt: 0x03, end: 0x04, backspace: 0x08, newline: 0x0a, return: 0x0d, escape: 0x1b, delete: 0x7f } as const
const inputLimit = 64 * 1024

/** A terminal, from both sides. */
export interface OpenTerminal extends Terminal {
  /** What is typed comes here. */
  readonly type: (bytes: Uint8Array) => Promise<void>
  readonly hangUp: () => void
  /** What the program reads. */
  readonly input: AsyncIterable<Uint8Array>
  /** What the program writes. */
  readonly output: Output
  readonly resize: (size: TerminalSize) => void
}

/** `screen` gets what is to be seen, `onInterrupt` is called by ^C. */
export const openTerminal = (screen: Output, onInterrupt: () => void): OpenTerminal => {
  const queue = makeQueue(inputLimit)
  const size = { width: 80, height: 24 }
  let line: Array<number> = []
  let sequence = ""

  const key = async (code: number, echo: Array<number>): Promise<void> => {
    if (sequence !== "" || code === keys.escape) {
      // Arrow keys and their like edit nothing here; they end with a letter.
      sequence = sequence !== "" && code !== 0x5b && code !== 0x4f ? "" : `${sequence}x`
      return
    }
    if (code === keys.return || code === keys.newline) {
      echo.push(keys.return, keys.newline)
      const whole = Uint8Array.from([...line, keys.newline])
      line = []
      await queue.push(whole)
    } else if (code === keys.delete || code === keys.backspace) {
      // A letter may be several bytes long.
      while (((line.at(-1) ?? 0) & 0xc0) === 0x80) line.pop()
      if (line.pop() !== undefined) echo.push(keys.backspace, 0x20, keys.backspace)
    } else if (code === keys.interrupt) {
      line = []
      echo.push(0x5e, 0x43, keys.return, keys.newline)
      onInterrupt()
    } else if (code === keys.end) {
      if (line.length === 0) queue.end()
      else await queue.push(Uint8Array.from(line.splice(0)))
    } else if (line.length < inputLimit) {
      line.push(code)
      echo.push(code)
    }
  }

  return {
    size,
    input: queue.read(),
    type: async (bytes) => {
      const echo: Array<number> = []
      for (const code of bytes) await key(code, echo)
      if (echo.length > 0) await screen(Uint8Array.from(echo))
    },
    hangUp: queue.end,
    output: (bytes) => {
      if (!bytes.includes(keys.newline)) return screen(bytes)
      const shown: Array<number> = []
      for (const byte of bytes) {
        if (byte === keys.newline) shown.push(keys.return)
        shown.push(byte)
      }
      return screen(Uint8Array.from(shown))
    },
    resize: ({ width, height }) => Object.assign(size, { width, height })
  }
}
