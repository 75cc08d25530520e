/** Field selectors: `spec.nodeName=a,status.phase!=Running`. @module */
import { ParseError } from "./parse-error.ts"

/** One condition on one field; the field must equal the value, or must not. */
export interface FieldRequirement {
  readonly field: string
  readonly operator: "=" | "!="
  readonly value: string
}

/** All requirements must hold; none at all matches everything. */
export type FieldSelector = ReadonlyArray<FieldRequirement>

/** Reads a field selector; `\\`, `\,` and `\=` stand for themselves in values. Throws `ParseError` with upstream's words. */
export const parseFieldSelector = (text: string): FieldSelector =>
  splitTerms(text)
    .filter((term) => term !== "")
    .map((term) => {
      const match = /^(.*?)(!=|==|=)(.*)$/s.exec(term)
      if (match === null) throw new ParseError({ message: `invalid selector: '${text}'; can't understand '${term}'` })
      const [, field = "", operator, value = ""] = match
      return { field, operator: operator === "!=" ? "!=" : "=", value: unescaped(value) }
    })

const splitTerms = (text: string): ReadonlyArray<string> => {
  const terms: Array<string> = []
  let term = ""
  for (let i = 0; i < text.length; i++) {
    const letter = text[i] ?? ""
    if (letter === "\\") {
      term += letter + (text[++i] ?? "")
    } else if (letter === ",") {
      terms.push(term)
      term = ""
    } else {
      term += letter
    }
  }
  return [...terms, term]
}

const unescaped = (value: string): string => {
  const bare = /(?:^|[^\\])(?:\\\\)*=/.exec(value)
  if (bare !== null) throw new ParseError({ message: `invalid field selector: unescaped character in value: =` })
  return value.replace(/\\([\s\S]?)/g, (_, letter: string) => {
    if (letter !== "\\" && letter !== "," && letter !== "=")
      throw new ParseError({ message: `invalid field selector: invalid escape sequence: \\${letter}` })
    return letter
  })
}

/** Whether an object's fields satisfy a selector; a field that is not there counts as empty. */
export const matchesFields = (selector: FieldSelector, fields: Readonly<Record<string, string>>): boolean => {
  for (const { field, operator, value } of selector) if (((fields[field] ?? "") === value) !== (operator === "=")) return false
  return true
}

/** Prints a field selector so that `parseFieldSelector` reads the same. */
export const formatFieldSelector = (selector: FieldSelector): string =>
  selector.map(({ field, operator, value }) => `${field}${operator}${value.replace(/[\\,=]/g, "\\$&")}`).join(",")
