/** Expressions (CEL) as trees. @module */
import { type Complaint, type Token, tokensOf } from "./token.ts"

/** A part of an expression; `at` is where a complaint of it points to. */
export type Node = { readonly at: number } & (
  | { readonly op: "literal"; readonly type: string }
  | { readonly op: "name"; readonly name: string }
  | { readonly op: "field"; readonly of: Node; readonly name: string; readonly optional: boolean }
  | { readonly op: "index"; readonly of: Node; readonly index: Node; readonly optional: boolean }
  | { readonly op: "call"; readonly name: string; readonly on?: Node; readonly args: ReadonlyArray<Node> }
  | { readonly op: "list"; readonly items: ReadonlyArray<Node> }
  | { readonly op: "map"; readonly entries: ReadonlyArray<readonly [key: Node, value: Node]> }
  | { readonly op: "message"; readonly name: string; readonly values: ReadonlyArray<Node> }
  | { readonly op: "unary"; readonly sign: string; readonly of: Node }
  | { readonly op: "binary"; readonly sign: string; readonly left: Node; readonly right: Node }
  | { readonly op: "choice"; readonly condition: Node; readonly then: Node; readonly otherwise: Node }
)

/** Deeper than this is refused: it is no expression of a person. */
const maxDepth = 200

/** How strongly signs between two operands bind. */
const strength: Readonly<Record<string, number>> = {
  "||": 1,
  "&&": 2,
  ...Object.fromEntries(["==", "!=", "<", "<=", ">", ">=", "in"].map((sign) => [sign, 3])),
  ...Object.fromEntries(["+", "-"].map((sign) => [sign, 4])),
  ...Object.fromEntries(["*", "/", "%"].map((sign) => [sign, 5]))
}

const reserved = new Set(
  "as break const continue else for function if import let loop package namespace return var void while".split(" ")
)
const literals: Readonly<Record<string, string>> = { true: "bool", false: "bool", null: "null_type" }
const starts = "'.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"

/** Why parsing ended early. */
class SyntaxProblem extends Error {
  readonly complaint: Complaint
  constructor(complaint: Complaint) {
    super(complaint.message)
    this.complaint = complaint
  }
}

class Parser {
  readonly tokens: ReadonlyArray<Token>
  next = 0
  depth = 0

  constructor(tokens: ReadonlyArray<Token>) {
    this.tokens = tokens
  }

  get token(): Token {
    return this.tokens[this.next]!
  }

  is(text: string): boolean {
    const { token } = this
    return token.text === text && (token.kind === "sign" || token.kind === "name")
  }

  take(): Token {
    const { token } = this
    if (token.kind !== "end") this.next++
    return token
  }

  skip(text: string): boolean {
    const is = this.is(text)
    if (is) this.next++
    return is
  }

  fail(message: string, at = this.token.at): never {
    throw new SyntaxProblem({ at, message })
  }

  mismatch(expected: string): never {
    return this.fail(`Syntax error: mismatched input '${this.token.text}' expecting ${expected}`)
  }

  whole(): Node {
    const node = this.expression()
    if (this.token.kind === "end") return node
    const word = this.tokens[this.next + 1]?.kind === "end" ? "extraneous" : "mismatched"
    return this.fail(`Syntax error: ${word} input '${this.token.text}' expecting <EOF>`)
  }

  expression(): Node {
    if (++this.depth > maxDepth) this.fail(`expression recursion limit exceeded: ${maxDepth}`)
    const condition = this.operands(1)
    let node = condition
    if (this.is("?")) {
      const { at } = this.take()
      const then = this.operands(1)
      if (!this.skip(":")) this.mismatch("':'")
      node = { op: "choice", at, condition, then, otherwise: this.expression() }
    }
    this.depth--
    return node
  }

  operands(least: number): Node {
    let left = this.unary()
    while (true) {
      const { token } = this
      const own = token.kind === "sign" || token.text === "in" ? strength[token.text] : undefined
      if (own === undefined || own < least) return left
      this.next++
      left = { op: "binary", sign: token.text, at: token.at, left, right: this.operands(own + 1) }
    }
  }

  unary(): Node {
    if (!this.is("!") && !this.is("-")) return this.postfix()
    const { at, text: sign } = this.take()
    if (++this.depth > maxDepth) this.fail(`expression recursion limit exceeded: ${maxDepth}`)
    const of = this.unary()
    this.depth--
    return { op: "unary", at, sign, of }
  }

  postfix(): Node {
    let node = this.primary()
    while (true) {
      const { at } = this.token
      if (this.skip(".")) node = this.member(node, at)
      else if (this.skip("[")) {
        const optional = this.skip("?")
        const index = this.expression()
        if (!this.skip("]")) this.mismatch("']'")
        node = { op: "index", at, of: node, index, optional }
      } else if (this.is("{") && dottedName(node) !== undefined) node = this.message(dottedName(node)!)
      else return node
    }
  }

  member(of: Node, at: number): Node {
    const optional = this.skip("?")
    const { kind, text } = this.token
    if (kind === "quoted") this.fail("unsupported syntax: '`'")
    if (kind !== "name" || Object.hasOwn(literals, text) || text === "in")
      this.fail(`Syntax error: no viable alternative at input '.${kind === "end" ? "" : text}'`)
    this.next++
    if (optional || !this.is("(")) return { op: "field", at, of, name: text, optional }
    const open = this.take().at
    return { op: "call", at: open, name: text, on: of, args: this.args() }
  }

  args(): ReadonlyArray<Node> {
    const args: Array<Node> = []
    if (this.skip(")")) return args
    if (this.token.kind === "end") this.mismatch(`{'[', '{', '(', ')', ${starts}`)
    do args.push(this.expression())
    while (this.skip(","))
    this.close()
    return args
  }

  close(): void {
    if (this.skip(")")) return
    if (this.token.kind === "end") this.fail("Syntax error: missing ')' at '<EOF>'")
    this.mismatch("')'")
  }

  /** Parts up to a closing sign; a comma may stand before it. */
  until(close: string, part: () => void): void {
    while (!this.skip(close)) {
      part()
      if (this.skip(",")) continue
      if (!this.skip(close)) this.mismatch(`{'${close}', ','}`)
      return
    }
  }

  message(name: string): Node {
    const { at } = this.take()
    const values: Array<Node> = []
    this.until("}", () => {
      this.skip("?")
      if (this.token.kind !== "name") this.mismatch("{'}', ',', IDENTIFIER}")
      this.next++
      if (!this.skip(":")) this.mismatch("':'")
      values.push(this.expression())
    })
    return { op: "message", at, name, values }
  }

  primary(): Node {
    const { token } = this
    const { at, kind, text } = token
    if (kind === "name" && text !== "in") return this.named()
    if (kind === "int" || kind === "uint" || kind === "double" || kind === "string" || kind === "bytes") {
      this.next++
      return { op: "literal", at, type: kind }
    }
    if (this.skip("(")) {
      const node = this.expression()
      this.close()
      return node
    }
    if (this.skip("[")) {
      const items: Array<Node> = []
      this.until("]", () => {
        this.skip("?")
        items.push(this.expression())
      })
      return { op: "list", at, items }
    }
    if (this.skip("{")) {
      const entries: Array<readonly [Node, Node]> = []
      this.until("}", () => {
        this.skip("?")
        const key = this.expression()
        if (!this.skip(":")) this.mismatch("':'")
        entries.push([key, this.expression()])
      })
      return { op: "map", at, entries }
    }
    if (this.is(".") && this.tokens[this.next + 1]?.kind === "name") {
      this.next++
      return this.named()
    }
    return this.mismatch(`{'[', '{', '(', ${starts}`)
  }

  named(): Node {
    const { at, text } = this.take()
    const type = literals[text]
    if (Object.hasOwn(literals, text) && type !== undefined) return { op: "literal", at, type }
    if (reserved.has(text)) this.fail(`reserved identifier: ${text}`, at)
    if (!this.is("(")) return { op: "name", at, name: text }
    const open = this.take().at
    return { op: "call", at: open, name: text, args: this.args() }
  }
}

/** `a.b.c`, if a node is nothing but that. */
export const dottedName = (node: Node): string | undefined => {
  if (node.op === "name") return node.name
  if (node.op !== "field" || node.optional) return undefined
  const of = dottedName(node.of)
  return of === undefined ? undefined : `${of}.${node.name}`
}

/** The tree of an expression, unless its syntax is wrong. */
export const parse = (source: string): { readonly node?: Node; readonly complaints: ReadonlyArray<Complaint> } => {
  const { tokens, complaints } = tokensOf(source)
  try {
    const node = new Parser(tokens).whole()
    return complaints.length === 0 ? { node, complaints } : { complaints }
  } catch (error) {
    if (!(error instanceof SyntaxProblem)) throw error
    return { complaints: [...complaints, error.complaint].sort((a, b) => a.at - b.at) }
  }
}
