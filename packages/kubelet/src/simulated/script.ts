/** Reads shell scripts: a part of POSIX, enough for what containers are commonly told to do. @module */

/** A piece of a word. Unquoted values are split at spaces. */
export type Part =
  | { readonly text: string; readonly quoted: boolean }
  /** `$name`, `${name:-word}`, `${name-word}`, `${#name}`. */
  | {
      readonly variable: string
      readonly quoted: boolean
      readonly fallback?: Word
      readonly ifEmpty?: boolean
      readonly length?: boolean
    }
  | { readonly script: Script; readonly quoted: boolean }
  | { readonly sum: string; readonly quoted: boolean }
export type Word = ReadonlyArray<Part>

/** `2>&1` has a descriptor as its target, `>file` a word. */
export interface Redirect {
  readonly descriptor: number
  readonly mode: "read" | "write" | "append"
  readonly target: Word | number
}

export type Node =
  | {
      readonly type: "simple"
      readonly assignments: ReadonlyArray<{ readonly name: string; readonly value: Word }>
      readonly words: ReadonlyArray<Word>
    }
  | { readonly type: "group"; readonly body: Script; readonly subshell: boolean }
  | {
      readonly type: "if"
      readonly branches: ReadonlyArray<{ readonly test: Script; readonly body: Script }>
      readonly otherwise?: Script
    }
  | { readonly type: "while"; readonly test: Script; readonly body: Script; readonly until: boolean }
  | { readonly type: "for"; readonly name: string; readonly words: ReadonlyArray<Word>; readonly body: Script }

export interface Stage {
  readonly node: Node
  readonly redirects: ReadonlyArray<Redirect>
}

/** Commands joined by `|`. */
export interface Pipeline {
  readonly stages: ReadonlyArray<Stage>
  readonly negated: boolean
  /** Whether it runs is up to the one before. */
  readonly when: "always" | "success" | "failure"
  readonly background: boolean
}
export type Script = ReadonlyArray<Pipeline>

/** The script is none, or one of a kind that is not read here. */
export class SyntaxProblem extends Error {}

const keywords = new Set([
  "if",
  "then",
  "elif",
  "else",
  "fi",
  "while",
  "until",
  "for",
  "in",
  "do",
  "done",
  "case",
  "esac",
  "{",
  "}",
  "!",
  "function"
])
const wordEnd = /[\s;&|<>()]/
const depthLimit = 50

/** Parses a whole script. Throws a `SyntaxProblem`. */
export const parseScript = (text: string): Script => {
  const parser = new Parser(text)
  const script = parser.list([])
  parser.expectEnd()
  return script
}

class Parser {
  readonly #text: string
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
  }

  expectEnd(): void {
    this.#skip(true)
    if (this.#at < this.#text.length) throw new SyntaxProblem(`syntax error: unexpected "${this.#text[this.#at]}"`)
  }

  /** Commands up to one of the words in `ends`, which is left to the caller. */
  list(ends: ReadonlyArray<string>): Script {
    if (++this.#depth > depthLimit) throw new SyntaxProblem("syntax error: nested too deeply")
    const pipelines: Array<Pipeline> = []
    let when: Pipeline["when"] = "always"
    for (;;) {
      this.#skip(true)
      if (this.#at >= this.#text.length || this.#text[this.#at] === ")" || ends.includes(this.#peekWord())) break
      const pipeline = this.#pipeline(when)
      this.#skip(false)
      const background = this.#text[this.#at] === "&" && this.#text[this.#at + 1] !== "&"
      pipelines.push({ ...pipeline, background })
      when = "always"
      if (background) this.#at++
      else if (this.#take("&&")) when = "success"
      else if (this.#take("||")) when = "failure"
      else if (!this.#take(";") && this.#text[this.#at] !== "\n") break
    }
    if (when !== "always") throw new SyntaxProblem("syntax error: unexpected end of file")
    this.#depth--
    return pipelines
  }

  #pipeline(when: Pipeline["when"]): Pipeline {
    let negated = false
    if (this.#peekWord() === "!") {
      this.#word()
      this.#skip(false)
      negated = true
    }
    const stages = [this.#stage()]
    for (;;) {
      this.#skip(false)
      if (this.#text[this.#at] !== "|" || this.#text[this.#at + 1] === "|") break
      this.#at++
      this.#skip(true)
      stages.push(this.#stage())
    }
    return { stages, negated, when, background: false }
  }

  #stage(): Stage {
    const keyword = this.#peekWord()
    if (this.#text[this.#at] === "(") {
      this.#at++
      const body = this.list([])
      this.#expect(")")
      return { node: { type: "group", body, subshell: true }, redirects: this.#redirects() }
    }
    if (keyword === "{") {
      this.#word()
      const body = this.list(["}"])
      this.#expectWord("}")
      return { node: { type: "group", body, subshell: false }, redirects: this.#redirects() }
    }
    if (keyword === "if") return { node: this.#if(), redirects: this.#redirects() }
    if (keyword === "while" || keyword === "until") {
      this.#word()
      const test = this.list(["do"])
      const body = this.#loopBody()
      return { node: { type: "while", test, body, until: keyword === "until" }, redirects: this.#redirects() }
    }
    if (keyword === "for") return { node: this.#for(), redirects: this.#redirects() }
    if (keywords.has(keyword)) throw new SyntaxProblem(`syntax error: unexpected "${keyword}"`)
    return this.#simple()
  }

  #if(): Node {
    this.#word()
    const branches: Array<{ readonly test: Script; readonly body: Script }> = []
    for (;;) {
      const test = this.list(["then"])
      this.#expectWord("then")
      const body = this.list(["elif", "else", "fi"])
      branches.push({ test, body })
      const next = this.#peekWord()
      this.#skip(true)
      this.#word()
      if (next === "elif") continue
      if (next === "fi") return { type: "if", branches }
      const otherwise = this.list(["fi"])
      this.#expectWord("fi")
      return { type: "if", branches, otherwise }
    }
  }

  #for(): Node {
    this.#word()
    this.#skip(false)
    const name = literalOf(this.#word() ?? []) ?? ""
    if (!/^[A-Za-z_]\w*$/.test(name)) throw new SyntaxProblem("syntax error: bad for loop variable")
    this.#expectWord("in")
    const words: Array<Word> = []
    for (;;) {
      this.#skip(false)
      const word = this.#word()
      if (word === undefined) break
      words.push(word)
    }
    if (!this.#take(";") && !this.#take("\n")) throw new SyntaxProblem('syntax error: expecting "do"')
    return { type: "for", name, words, body: this.#loopBody() }
  }

  #loopBody(): Script {
    this.#expectWord("do")
    const body = this.list(["done"])
    this.#expectWord("done")
    return body
  }

  #simple(): Stage {
    const assignments: Array<{ readonly name: string; readonly value: Word }> = []
    const words: Array<Word> = []
    const redirects: Array<Redirect> = []
    for (;;) {
      this.#skip(false)
      const redirect = this.#redirect()
      if (redirect !== undefined) {
        redirects.push(redirect)
        continue
      }
      const assigned = words.length === 0 ? /^([A-Za-z_]\w*)=/.exec(this.#text.slice(this.#at, this.#at + 300))?.[1] : undefined
      if (assigned !== undefined) {
        this.#at += assigned.length + 1
        assignments.push({ name: assigned, value: this.#word() ?? [] })
        continue
      }
      const word = this.#word()
      if (word === undefined) break
      words.push(word)
    }
    if (words.length + assignments.length + redirects.length === 0) {
      const found = this.#text[this.#at]
      throw new SyntaxProblem(`syntax error: unexpected ${found === undefined ? "end of file" : `"${found}"`}`)
    }
    return { node: { type: "simple", assignments, words }, redirects }
  }

  #redirects(): ReadonlyArray<Redirect> {
    const redirects: Array<Redirect> = []
    for (;;) {
      this.#skip(false)
      const redirect = this.#redirect()
      if (redirect === undefined) return redirects
      redirects.push(redirect)
    }
  }

  #redirect(): Redirect | undefined {
    const [whole, digit = "", sign = ""] = /^(\d?)(>>|>&|<&|<<|>|<)/.exec(this.#text.slice(this.#at, this.#at + 4)) ?? []
    if (whole === undefined) return undefined
    if (sign === "<<") throw new SyntaxProblem("here-documents are not simulated")
    this.#at += whole.length
    this.#skip(false)
    const target = this.#word()
    if (target === undefined) throw new SyntaxProblem("syntax error: unexpected newline")
    const mode = sign === ">>" ? "append" : sign.startsWith("<") ? "read" : "write"
    const descriptor = digit === "" ? (mode === "read" ? 0 : 1) : Number(digit)
    if (!sign.endsWith("&")) return { descriptor, mode, target }
    const copied = Number(literalOf(target) ?? "x")
    if (![0, 1, 2].includes(copied)) throw new SyntaxProblem("syntax error: bad descriptor")
    return { descriptor, mode, target: copied }
  }

  /** Spaces, comments and joined lines; with `lines` also ends of lines and stray semicolons. */
  #skip(lines: boolean): void {
    for (;;) {
      const [space = ""] = (lines ? /^(?:\s|\\\n)+/ : /^(?:[^\S\n]|\\\n)+/).exec(this.#text.slice(this.#at)) ?? []
      this.#at += space.length
      if (this.#text[this.#at] !== "#") return
      const end = this.#text.indexOf("\n", this.#at)
      this.#at = end < 0 ? this.#text.length : end
    }
  }

  #take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false
    this.#at += text.length
    return true
  }

  #expect(text: string): void {
    this.#skip(true)
    if (!this.#take(text)) throw new SyntaxProblem(`syntax error: expecting "${text}"`)
  }

  #expectWord(word: string): void {
    this.#skip(true)
    if (this.#peekWord() !== word) throw new SyntaxProblem(`syntax error: expecting "${word}"`)
    this.#at += word.length
  }

  #peekWord(): string {
    const [word = ""] = /^[^\s;&|<>()'"$\\`]+/.exec(this.#text.slice(this.#at, this.#at + 20)) ?? []
    return word
  }

  #word(): Word | undefined {
    const parts: Array<Part> = []
    let plain = ""
    const flush = (): void => {
      if (plain !== "") parts.push({ text: plain, quoted: false })
      plain = ""
    }
    for (;;) {
      const char = this.#text[this.#at]
      if (char === undefined || wordEnd.test(char)) break
      if (char === "'") {
        flush()
        const end = this.#text.indexOf("'", this.#at + 1)
        if (end < 0) throw new SyntaxProblem("syntax error: unterminated quoted string")
        parts.push({ text: this.#text.slice(this.#at + 1, end), quoted: true })
        this.#at = end + 1
      } else if (char === '"') {
        flush()
        this.#at++
        parts.push(...this.#doubleQuoted())
      } else if (char === "\\") {
        flush()
        parts.push({ text: this.#text[this.#at + 1] ?? "", quoted: true })
        this.#at += 2
      } else if (char === "$" || char === "`") {
        flush()
        parts.push(this.#dollar(false))
      } else {
        plain += char
        this.#at++
      }
    }
    flush()
    return parts.length === 0 ? undefined : parts
  }

  #doubleQuoted(): ReadonlyArray<Part> {
    const parts: Array<Part> = []
    let plain = ""
    for (;;) {
      const char = this.#text[this.#at]
      if (char === undefined) throw new SyntaxProblem("syntax error: unterminated quoted string")
      if (char === '"') break
      if (char === "\\" && '"\\$`\n'.includes(this.#text[this.#at + 1] ?? " ")) {
        if (this.#text[this.#at + 1] !== "\n") plain += this.#text[this.#at + 1]
        this.#at += 2
      } else if (char === "$" || char === "`") {
        parts.push({ text: plain, quoted: true })
        plain = ""
        parts.push(this.#dollar(true))
      } else {
        plain += char
        this.#at++
      }
    }
    this.#at++
    return [...parts, { text: plain, quoted: true }]
  }

  #dollar(quoted: boolean): Part {
    if (this.#text[this.#at] === "`") {
      const end = this.#text.indexOf("`", this.#at + 1)
      if (end < 0) throw new SyntaxProblem("syntax error: unterminated quoted string")
      const script = parseScript(this.#text.slice(this.#at + 1, end))
      this.#at = end + 1
      return { script, quoted }
    }
    this.#at++
    if (this.#take("((")) {
      const end = this.#endOfSum()
      const sum = this.#text.slice(this.#at, end)
      this.#at = end + 2
      return { sum, quoted }
    }
    if (this.#take("(")) {
      const script = this.list([])
      this.#expect(")")
      return { script, quoted }
    }
    if (this.#take("{")) return this.#braced(quoted)
    const [name] = /^(?:[A-Za-z_]\w*|[0-9?#$@*!])/.exec(this.#text.slice(this.#at, this.#at + 300)) ?? []
    if (name === undefined) return { text: "$", quoted: true }
    this.#at += name.length
    return { variable: name, quoted }
  }

  /** Where the `))` is that closes an expression with parentheses of its own. */
  #endOfSum(): number {
    let open = 0
    for (let at = this.#at; at < this.#text.length; at++) {
      if (this.#text[at] === "(") open++
      if (this.#text[at] === ")" && open-- === 0) {
        if (this.#text[at + 1] === ")") return at
        break
      }
    }
    throw new SyntaxProblem("syntax error: unterminated arithmetic")
  }

  #braced(quoted: boolean): Part {
    const end = this.#text.indexOf("}", this.#at)
    const inside = end < 0 ? "" : this.#text.slice(this.#at, end)
    const [, hash, name = "", colon, word] = /^(#?)([A-Za-z_]\w*|[0-9?#@*])(?:(:?)-(.*))?$/s.exec(inside) ?? []
    if (name === "") throw new SyntaxProblem("syntax error: bad substitution")
    this.#at = end + 1
    if (hash === "#") return { variable: name, quoted, length: true }
    if (word === undefined) return { variable: name, quoted }
    const inner = new Parser(`"${word.replaceAll('"', "")}"`)
    return { variable: name, quoted, fallback: inner.#word() ?? [], ifEmpty: colon === ":" }
  }
}

/** The text of a word in which nothing is to be worked out. */
export const literalOf = (word: Word): string | undefined => {
  let text = ""
  for (const part of word) {
    if (!("text" in part)) return undefined
    text += part.text
  }
  return text
}
