/** Label selectors: the text form of `-l` and query strings, and the object form in specs. @module */
import { isLabelValue, isQualifiedName } from "./name.ts"
import { ParseError } from "./parse-error.ts"
import type { LabelSelector } from "./types/meta-v1.ts"

/** What a label's value is asked; `gt` and `lt` compare whole numbers. */
export type Operator = "=" | "!=" | "in" | "notin" | "exists" | "!" | "gt" | "lt"

/** One condition on one label. */
export interface Requirement {
  readonly key: string
  readonly operator: Operator
  readonly values: ReadonlyArray<string>
}

/** All requirements must hold; none at all matches everything; `nothing` matches nothing. */
export interface Selector {
  readonly requirements: ReadonlyArray<Requirement>
  readonly nothing?: true
}

type Labels = Readonly<Record<string, string>> | undefined

const word = /[^\s,()=!<>]+/y
const space = /\s*/y
const symbol = /==|!=|[,()=!<>]/y
const operators: ReadonlyMap<string, Operator> = new Map([
  ["=", "="],
  ["==", "="],
  ["!=", "!="],
  [">", "gt"],
  ["<", "lt"],
  ["in", "in"],
  ["notin", "notin"]
])

/** Reads `app=web,tier in (a,b),!old`; throws `ParseError` with upstream's words. Empty text selects everything. */
export const parseLabelSelector = (text: string): Selector => {
  const tokens = tokensOf(text)
  const requirements: Array<Requirement> = []
  let at = 0
  const peek = (): string => tokens[at] ?? ""
  const fail = (expected: string): never => {
    throw new ParseError({ message: `found '${peek()}', expected: ${expected}` })
  }
  const valuesInParentheses = (): ReadonlyArray<string> => {
    if (peek() !== "(") fail("'('")
    at++
    const values: Array<string> = []
    for (;;) {
      // `(a,)` and `(,)` name the empty value.
      values.push(isSymbol(peek()) ? "" : (tokens[at++] ?? ""))
      if (peek() === ")") break
      if (peek() !== ",") fail("',' or ')'")
      at++
    }
    at++
    return [...new Set(values)]
  }
  const requirement = (): Requirement => {
    const negated = peek() === "!"
    if (negated) at++
    if (isSymbol(peek()) || peek() === "") fail("identifier")
    const key = tokens[at++] ?? ""
    if (negated) return { key, operator: "!", values: [] }
    if (peek() === "," || peek() === "") return { key, operator: "exists", values: [] }
    const operator = operators.get(peek()) ?? fail("in, notin, =, ==, !=, gt, lt")
    at++
    if (operator === "in" || operator === "notin") return { key, operator, values: valuesInParentheses() }
    const value = isSymbol(peek()) || peek() === "" ? "" : (tokens[at++] ?? "")
    return { key, operator, values: [value] }
  }
  while (at < tokens.length) {
    if (peek() !== "!" && isSymbol(peek())) fail("!, identifier, or 'end of string'")
    requirements.push(checked(wrapped(requirement)))
    if (at >= tokens.length) break
    if (peek() !== ",") fail("',' or 'end of string'")
    at++
    if (peek() !== "!" && (peek() === "" || isSymbol(peek()))) fail("identifier after ','")
  }
  return { requirements }
}

const isSymbol = (token: string): boolean => token !== "" && ",()=!<>".includes(token[0] ?? "")

const tokensOf = (text: string): ReadonlyArray<string> => {
  const tokens: Array<string> = []
  let at = 0
  while (at < text.length) {
    for (const pattern of [space, symbol, word]) {
      pattern.lastIndex = at
      const token = pattern.exec(text)?.[0]
      if (token === undefined || token === "") continue
      if (pattern !== space) tokens.push(token)
      at += token.length
      break
    }
  }
  return tokens
}

const wrapped = (read: () => Requirement): Requirement => {
  try {
    return read()
  } catch (error) {
    throw error instanceof ParseError ? new ParseError({ message: `unable to parse requirement: ${error.message}` }) : error
  }
}

const checked = (requirement: Requirement): Requirement => {
  const { key, operator, values } = requirement
  const complain = (value: string, sentence: string): never => {
    throw new ParseError({ message: `unable to parse requirement: <nil>: Invalid value: ${JSON.stringify(value)}: ${sentence}` })
  }
  const keyErrors = isQualifiedName(key)
  if (keyErrors.length > 0) complain(key, keyErrors.join("; "))
  for (const value of values) {
    if ((operator === "gt" || operator === "lt") && !/^[-+]?\d+$/.test(value))
      complain(value, "for 'Gt', 'Lt' operators, the value must be an integer")
    const valueErrors = isLabelValue(value)
    if (valueErrors.length > 0) complain(value, valueErrors.join("; "))
  }
  return requirement
}

/** The selector of a spec; `undefined` or `null` selects nothing, an empty one everything. */
export const labelSelectorFrom = (selector: LabelSelector | null | undefined): Selector => {
  if (selector === undefined || selector === null) return { requirements: [], nothing: true }
  const labels = Object.entries(selector.matchLabels ?? {}).map(
    ([key, value]): Requirement => ({ key, operator: "=", values: [value] })
  )
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values }): Requirement => {
    const known = expressionOperators.get(operator)
    if (known === undefined)
      throw new ParseError({ message: `${JSON.stringify(operator)} is not a valid label selector operator` })
    return { key, operator: known, values: values ?? [] }
  })
  return { requirements: [...labels, ...expressions] }
}

const expressionOperators: ReadonlyMap<string, Operator> = new Map([
  ["In", "in"],
  ["NotIn", "notin"],
  ["Exists", "exists"],
  ["DoesNotExist", "!"]
])

/** The selector of equal labels, as Services and ReplicationControllers write it. */
export const labelSelectorFromMap = (labels: Readonly<Record<string, string>>): Selector =>
  labelSelectorFrom({ matchLabels: labels })

/** Whether labels satisfy a selector. */
export const matchesLabels = (selector: Selector, labels: Labels): boolean => {
  if (selector.nothing === true) return false
  for (const requirement of selector.requirements) if (!matchesRequirement(requirement, labels)) return false
  return true
}

const matchesRequirement = ({ key, operator, values }: Requirement, labels: Labels): boolean => {
  const value = labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case "=":
    case "in":
      return value !== undefined && values.includes(value)
    case "!=":
    case "notin":
      return value === undefined || !values.includes(value)
    case "exists":
      return value !== undefined
    case "!":
      return value === undefined
    case "gt":
      return isInteger(value) && BigInt(value) > BigInt(values[0] ?? 0)
    case "lt":
      return isInteger(value) && BigInt(value) < BigInt(values[0] ?? 0)
  }
}

const isInteger = (value: string | undefined): value is string => value !== undefined && /^-?\d+$/.test(value)

/** Prints a selector in canonical form: keys and values sorted. */
export const formatLabelSelector = (selector: Selector): string =>
  [...selector.requirements]
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(formatRequirement)
    .join(",")

const formatRequirement = ({ key, operator, values }: Requirement): string => {
  switch (operator) {
    case "exists":
      return key
    case "!":
      return `!${key}`
    case "in":
    case "notin":
      return `${key} ${operator} (${[...values].sort().join(",")})`
    case "gt":
      return `${key}>${values[0]}`
    case "lt":
      return `${key}<${values[0]}`
    default:
      return `${key}${operator}${values[0]}`
  }
}
