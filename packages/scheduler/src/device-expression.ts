/** The part of CEL that device selectors are written in: comparisons of attributes, joined by and, or, not. @module */
import { compareQuantity } from "@tsukube/api"
import type { Device, DeviceAttribute } from "@tsukube/api/resource-v1"

type Value = string | number | boolean | ReadonlyArray<string | number | boolean> | { readonly quantity: string }

/** A selector compiled: true for devices that match; throws where an attribute is missing or the types do not go together. */
export type DeviceExpression = (device: Device, driver: string) => boolean

type Node = (device: Device, driver: string) => Value

const token = /\s*(?:(\d+(?:\.\d+)?)|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(&&|\|\||==|!=|<=|>=|[!<>()[\].,])|([A-Za-z_]\w*))/y

interface Token {
  readonly kind: "number" | "text" | "sign" | "word"
  readonly text: string
}

const tokensOf = (expression: string): ReadonlyArray<Token> => {
  const tokens: Array<Token> = []
  token.lastIndex = 0
  const whole = expression.trimEnd()
  while (token.lastIndex < whole.length) {
    const at = token.lastIndex
    const match = token.exec(whole)
    if (match === null) throw new Error(`unexpected ${JSON.stringify(whole.slice(at, at + 10))}`)
    const [, number, double, single, sign, word] = match
    if (number !== undefined) tokens.push({ kind: "number", text: number })
    else if (double !== undefined || single !== undefined) tokens.push({ kind: "text", text: double ?? single ?? "" })
    else if (sign !== undefined) tokens.push({ kind: "sign", text: sign })
    else tokens.push({ kind: "word", text: word ?? "" })
  }
  return tokens
}

const attributeValue = ({ string, int, bool, version }: DeviceAttribute): Value | undefined => string ?? int ?? bool ?? version

const lookUp = (device: Device, driver: string, domain: string, name: string, what: "attributes" | "capacity"): Value => {
  const all = device[what] as Readonly<Record<string, DeviceAttribute & { readonly value?: string | number }>> | undefined
  const found = all?.[`${domain}/${name}`] ?? (domain === driver ? all?.[name] : undefined)
  const value =
    what === "capacity" && found?.value !== undefined ? { quantity: String(found.value) } : found && attributeValue(found)
  if (value === undefined) throw new Error(`no such key: ${name}`)
  return value
}

const compare = (left: Value, right: Value): number => {
  if (typeof left === "object" && "quantity" in left && typeof right === "object" && "quantity" in right)
    return compareQuantity(left.quantity, right.quantity)
  if (typeof left !== typeof right || typeof left === "object") throw new Error("no such overload")
  return left < right ? -1 : left > right ? 1 : 0
}

const comparisons: Readonly<Record<string, (order: number) => boolean>> = {
  "==": (order) => order === 0,
  "!=": (order) => order !== 0,
  "<": (order) => order < 0,
  "<=": (order) => order <= 0,
  ">": (order) => order > 0,
  ">=": (order) => order >= 0
}

/** Reads tokens from left to right. */
class Parser {
  readonly #tokens: ReadonlyArray<Token>
  #at = 0

  constructor(tokens: ReadonlyArray<Token>) {
    this.#tokens = tokens
  }

  parse(): Node {
    const node = this.#or()
    if (this.#at < this.#tokens.length) throw new Error(`unexpected ${JSON.stringify(this.#tokens[this.#at]!.text)}`)
    return node
  }

  #takes(text: string): boolean {
    const next = this.#tokens[this.#at]
    if (next === undefined || next.kind === "text" || next.text !== text) return false
    this.#at++
    return true
  }

  #expect(text: string): void {
    if (!this.#takes(text)) throw new Error(`expected ${JSON.stringify(text)}`)
  }

  #next(kind: Token["kind"]): string {
    const next = this.#tokens[this.#at++]
    if (next?.kind !== kind) throw new Error(`expected a ${kind}`)
    return next.text
  }

  #or(): Node {
    let left = this.#and()
    while (this.#takes("||")) {
      const [a, b] = [left, this.#and()]
      left = (device, driver) => a(device, driver) === true || b(device, driver) === true
    }
    return left
  }

  #and(): Node {
    let left = this.#relation()
    while (this.#takes("&&")) {
      const [a, b] = [left, this.#relation()]
      left = (device, driver) => a(device, driver) === true && b(device, driver) === true
    }
    return left
  }

  #relation(): Node {
    const left = this.#unary()
    if (this.#takes("in")) {
      const right = this.#unary()
      return (device, driver) => {
        const all = right(device, driver)
        return Array.isArray(all) && all.includes(left(device, driver) as string)
      }
    }
    const sign = Object.keys(comparisons).find((each) => this.#takes(each))
    if (sign === undefined) return left
    const right = this.#unary()
    return (device, driver) => comparisons[sign]!(compare(left(device, driver), right(device, driver)))
  }

  #unary(): Node {
    if (this.#takes("!")) {
      const inner = this.#unary()
      return (device, driver) => inner(device, driver) !== true
    }
    let node = this.#primary()
    // `a.compareTo(b)` of quantities.
    while (this.#takes(".")) {
      const name = this.#next("word")
      if (name !== "compareTo") throw new Error(`${name} is not supported`)
      this.#expect("(")
      const [a, b] = [node, this.#or()]
      this.#expect(")")
      node = (device, driver) => compare(a(device, driver), b(device, driver))
    }
    return node
  }

  #primary(): Node {
    if (this.#takes("(")) {
      const inner = this.#or()
      this.#expect(")")
      return inner
    }
    if (this.#takes("[")) {
      const items: Array<Node> = []
      while (!this.#takes("]")) {
        items.push(this.#or())
        this.#takes(",")
      }
      return (device, driver) => items.map((item) => item(device, driver) as string)
    }
    const next = this.#tokens[this.#at]
    if (next?.kind === "number") return this.#constant(Number(this.#next("number")))
    if (next?.kind === "text") return this.#constant(this.#next("text"))
    const word = this.#next("word")
    if (word === "true" || word === "false") return this.#constant(word === "true")
    if (word === "quantity") {
      this.#expect("(")
      const quantity = this.#next("text")
      this.#expect(")")
      return this.#constant({ quantity })
    }
    if (word === "device") return this.#device()
    throw new Error(`undeclared reference to '${word}'`)
  }

  #constant(value: Value): Node {
    return () => value
  }

  #device(): Node {
    this.#expect(".")
    const part = this.#next("word")
    if (part === "driver") return (_, driver) => driver
    if (part !== "attributes" && part !== "capacity") throw new Error(`undefined field '${part}'`)
    this.#expect("[")
    const domain = this.#next("text")
    this.#expect("]")
    this.#expect(".")
    const name = this.#next("word")
    return (device, driver) => lookUp(device, driver, domain, name, part)
  }
}

/** Compiles a selector; throws with what cannot be read. */
export const deviceExpression = (expression: string): DeviceExpression => {
  const node = new Parser(tokensOf(expression)).parse()
  return (device, driver) => node(device, driver) === true
}
