/**
 * One step of a field's path as managedFields writes it: `f:` a field, `k:` the keys of a list's item, `v:` the value of a set's item, `i:` an index.
 * The text itself is what sets compare, so it is always in canonical form.
 * @module
 */
import { isObject } from "../json.ts"
import { ParseError } from "../parse-error.ts"

/** The element of a field. */
export const fieldElement = (name: string): string => `f:${name}`

/** The element of a set's item. */
export const valueElement = (value: unknown): string => `v:${goJson(value)}`

/** The element of a list's item with keys; the fields must be sorted by name. */
export const keyElement = (fields: ReadonlyArray<readonly [name: string, value: unknown]>): string => {
  let text = ""
  for (const [name, value] of fields) text += `${text === "" ? "" : ","}${JSON.stringify(name)}:${goJson(value)}`
  return `k:{${text}}`
}

/** The canonical form of an element as somebody wrote it; `undefined` for kinds of elements that are not known, which upstream skips. */
export const canonicalElement = (text: string): string | undefined => {
  if (text.length < 2) throw new ParseError({ message: "key must be 2 characters long:" })
  if (text[1] !== ":") throw new ParseError({ message: `missing colon: ${text}` })
  if (text[0] === "f") return text
  if (text[0] === "v") return valueElement(parse(text.slice(2)))
  if (text[0] === "k") return keyElement(keysOf(text))
  if (text[0] !== "i") return undefined
  if (!/^[+-]?\d+$/.test(text.slice(2)))
    throw new ParseError({ message: `strconv.Atoi: parsing ${JSON.stringify(text.slice(2))}: invalid syntax` })
  return `i:${Number(text.slice(2))}`
}

/** Upstream's order: fields, then keys, then values, then indexes; each by what it holds. */
export const compareElements = (a: string, b: string): number => {
  const [left, right] = [a.charCodeAt(0), b.charCodeAt(0)]
  if (left !== right) return order.indexOf(a[0] ?? "") - order.indexOf(b[0] ?? "")
  if (a.startsWith("k:")) return compareKeys(keysOf(a), keysOf(b))
  if (a.startsWith("f:")) return compareText(a, b)
  return compareScalars(parse(a.slice(2)), parse(b.slice(2)))
}

/** The element as people read it: `.spec`, `[name="web"]`, `[="a"]`, `[0]`. */
export const describeElement = (element: string): string => {
  if (element.startsWith("f:")) return `.${element.slice(2)}`
  if (element.startsWith("i:")) return `[${element.slice(2)}]`
  if (element.startsWith("v:")) return `[=${JSON.stringify(parse(element.slice(2)))}]`
  return `[${keysOf(element)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(",")}]`
}

/** JSON as Go's encoder writes it inside texts: safe to be put into HTML. */
export const goJson = (value: unknown): string => {
  const text = JSON.stringify(value) ?? "null"
  return unsafe.test(text) ? text.replace(unsafeAll, escaped) : text
}

const order = "fkvi"
const unsafe = /[<>&\u2028\u2029]/
const unsafeAll = /[<>&\u2028\u2029]/g
const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ParseError({ message: cause instanceof Error ? cause.message : String(cause) })
  }
}

const keysOf = (element: string): ReadonlyArray<[string, unknown]> => {
  const keys = parse(element.slice(2))
  if (!isObject(keys)) throw new ParseError({ message: `expected an object of keys: ${element}` })
  return Object.entries(keys).sort(([a], [b]) => compareText(a, b))
}

const compareKeys = (a: ReadonlyArray<[string, unknown]>, b: ReadonlyArray<[string, unknown]>): number => {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [left, right] = [a[i], b[i]]
    if (left === undefined || right === undefined) break
    const result = compareText(left[0], right[0]) || compareScalars(left[1], right[1])
    if (result !== 0) return result
  }
  return a.length - b.length
}

/** Numbers come before texts, texts before booleans. */
const compareScalars = (a: unknown, b: unknown): number => {
  const [left, right] = [rank(a), rank(b)]
  if (left !== right) return left - right
  if (typeof a === "string" && typeof b === "string") return compareText(a, b)
  return Number(a) - Number(b)
}

const rank = (value: unknown): number =>
  ["number", "string", "boolean"].indexOf(typeof value) + (typeof value === "object" ? 4 : 0)

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
