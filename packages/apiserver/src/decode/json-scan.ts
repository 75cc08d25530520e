/** Walks JSON text for what JSON.parse does not tell: repeated keys with their paths, nesting that is too deep, errors in upstream's words. @module */
import { ParseError } from "@tsukube/api"

/** Deeper nesting is refused, as upstream's decoder refuses it. */
const depthLimit = 10_000

const quoteCharacter = (text: string, at: number): string => {
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0)
  return character === "'" ? `'\\''` : character === '"' ? `'"'` : `'${JSON.stringify(character).slice(1, -1)}'`
}

interface Level {
  /** Undefined for arrays. */
  readonly keys: Set<string> | undefined
  key: string
  index: number
}

const pathOf = (levels: ReadonlyArray<Level>): string =>
  levels
    .map(({ keys, key, index }) => (keys === undefined ? `[${index}]` : `.${key}`))
    .join("")
    .replace(/^\./, "")

const space = /[ \t\r\n]*/y
/** Everything but quote, backslash and control characters. */
const plainString = /[ !#-[\]-\uffff]*/y
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y
const literals = ["true", "false", "null"]

class Scanner {
  readonly text: string
  at = 0
  readonly levels: Array<Level> = []
  readonly duplicates: Array<string> = []

  constructor(text: string) {
    this.text = text
  }

  fail(context: string): never {
    const ended = this.at >= this.text.length
    throw new ParseError({
      message: ended ? "unexpected end of JSON input" : `invalid character ${quoteCharacter(this.text, this.at)} ${context}`
    })
  }

  match(pattern: RegExp): string {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)?.[0] ?? ""
    this.at += found.length
    return found
  }

  /** The character after white space; "" at the end. */
  peek(): string {
    this.match(space)
    return this.text[this.at] ?? ""
  }

  string(): string {
    const start = this.at++
    for (;;) {
      this.match(plainString)
      const character = this.text[this.at]
      if (character === '"') break
      if (character !== "\\") this.fail("in string literal")
      this.at++
      this.escape()
    }
    this.at++
    const raw = this.text.slice(start, this.at)
    return raw.includes("\\") ? JSON.parse(raw) : raw.slice(1, -1)
  }

  escape(): void {
    const kind = this.text[this.at] ?? ""
    if (kind === "" || !'"\\/bfnrtu'.includes(kind)) this.fail("in string escape code")
    this.at++
    if (kind !== "u") return
    for (let i = 0; i < 4; i++, this.at++) {
      if (!/[0-9a-fA-F]/.test(this.text[this.at] ?? "")) this.fail("in \\u hexadecimal character escape")
    }
  }

  literal(word: string): void {
    for (const expected of word) {
      if (this.text[this.at] !== expected) this.fail(`in literal ${word} (expecting '${expected}')`)
      this.at++
    }
  }

  /** A key and its colon. */
  key(level: Level): void {
    if (this.peek() !== '"') this.fail("looking for beginning of object key string")
    level.key = this.string()
    if (level.keys?.has(level.key)) this.duplicates.push(pathOf(this.levels))
    level.keys?.add(level.key)
    if (this.peek() !== ":") this.fail("after object key")
    this.at++
  }

  open(level: Level): void {
    this.levels.push(level)
    if (this.levels.length > depthLimit) throw new ParseError({ message: "exceeded max depth" })
    this.at++
  }

  /** Reads a scalar, or opens an object or array; true when a value is complete. */
  value(): boolean {
    const character = this.peek()
    if (character === '"') {
      this.string()
      return true
    }
    if (character === "{") {
      const level: Level = { keys: new Set(), key: "", index: 0 }
      this.open(level)
      if (this.peek() === "}") return this.close()
      this.key(level)
      return false
    }
    if (character === "[") {
      this.open({ keys: undefined, key: "", index: 0 })
      return this.peek() === "]" ? this.close() : false
    }
    const word = literals.find((word) => word[0] === character)
    if (word !== undefined) this.literal(word)
    else if (this.match(number) === "") this.fail(character === "-" ? "in numeric literal" : "looking for beginning of value")
    return true
  }

  close(): boolean {
    this.at++
    this.levels.pop()
    return true
  }

  /** After a complete value: the next member, or the end of what holds it; true when that is complete as well. */
  next(level: Level): boolean {
    const character = this.peek()
    if (character === ",") {
      this.at++
      level.index++
      if (level.keys !== undefined) this.key(level)
      return false
    }
    if (character === (level.keys === undefined ? "]" : "}")) return this.close()
    return this.fail(level.keys === undefined ? "after array element" : "after object key:value pair")
  }

  run(): void {
    let complete = this.value()
    for (;;) {
      if (!complete) {
        complete = this.value()
        continue
      }
      const level = this.levels[this.levels.length - 1]
      if (level === undefined) break
      complete = this.next(level)
    }
    if (this.peek() !== "") this.fail("after top-level value")
  }
}

/** The paths of repeated keys (`spec.containers[0].image`); throws `ParseError` on text that is no JSON. Never recurses. */
export const scanJson = (text: string): ReadonlyArray<string> => {
  const scanner = new Scanner(text)
  scanner.run()
  return scanner.duplicates
}
