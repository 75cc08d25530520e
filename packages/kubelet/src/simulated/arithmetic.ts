/** Works out `$((…))`: whole numbers, variables, and the operators of C without assignment. @module */

const tokens = /\s*(?:(\d+)|([A-Za-z_]\w*)|\$\{?([A-Za-z_]\w*)\}?|(<=|>=|==|!=|&&|\|\||[-+*/%()<>!]))/y

const levels: ReadonlyArray<ReadonlyArray<string>> = [
  ["||"],
  ["&&"],
  ["==", "!="],
  ["<", "<=", ">", ">="],
  ["+", "-"],
  ["*", "/", "%"]
]

const apply: Readonly<Record<string, (a: number, b: number) => number>> = {
  "||": (a, b) => Number(a !== 0 || b !== 0),
  "&&": (a, b) => Number(a !== 0 && b !== 0),
  "==": (a, b) => Number(a === b),
  "!=": (a, b) => Number(a !== b),
  "<": (a, b) => Number(a < b),
  "<=": (a, b) => Number(a <= b),
  ">": (a, b) => Number(a > b),
  ">=": (a, b) => Number(a >= b),
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => {
    if (b === 0) throw new SumProblem("divide by zero")
    return Math.trunc(a / b)
  },
  "%": (a, b) => {
    if (b === 0) throw new SumProblem("divide by zero")
    return a % b
  }
}

/** The expression is none, or divides by zero. */
export class SumProblem extends Error {}

/** The value; variables that are no numbers count as 0. */
export const valueOfSum = (text: string, variable: (name: string) => string): number => {
  const found: Array<string | number> = []
  tokens.lastIndex = 0
  while (text.slice(tokens.lastIndex).trim() !== "") {
    const [, number, name, dollar, sign] = tokens.exec(text) ?? []
    if (number !== undefined) found.push(Number(number))
    else if (name !== undefined || dollar !== undefined) found.push(Math.trunc(Number(variable(name ?? dollar ?? ""))) || 0)
    else if (sign !== undefined) found.push(sign)
    else throw new SumProblem("arithmetic syntax error")
  }
  let at = 0
  const unary = (): number => {
    const token = found[at++]
    if (typeof token === "number") return token
    if (token === "-") return -unary()
    if (token === "+") return unary()
    if (token === "!") return Number(unary() === 0)
    if (token !== "(") throw new SumProblem("arithmetic syntax error")
    const value = level(0)
    if (found[at++] !== ")") throw new SumProblem("arithmetic syntax error")
    return value
  }
  const level = (index: number): number => {
    const signs = levels[index]
    if (signs === undefined) return unary()
    let value = level(index + 1)
    for (;;) {
      const sign = found[at]
      if (typeof sign !== "string" || !signs.includes(sign)) return value
      at++
      value = apply[sign]!(value, level(index + 1))
    }
  }
  const value = level(0)
  if (at < found.length) throw new SumProblem("arithmetic syntax error")
  return value
}
