/** Reads a single JSON value as a number, a text, a time, a quantity and so on, in canonical form. @module */
import { ParseError } from "./parse-error.ts"
import { canonicalQuantity } from "./quantity.ts"
import type { Schema } from "./schema.ts"

/** The value as it is kept, or the sentence that refuses it, or the plain statement that its JSON type is wrong. */
export type Reading = { readonly value: unknown } | { readonly message: string } | { readonly wrongType: true }

const wrongType: Reading = { wrongType: true }

/** Reads a value that is neither object nor list. */
export const readScalar = (value: unknown, schema: Schema, definition: string | undefined): Reading => {
  if (schema.intOrString === true) return readIntOrString(value)
  switch (schema.type) {
    case "string":
      if (definition?.endsWith(".Quantity") === true) return readQuantity(value)
      return typeof value === "string" ? readText(value, schema, definition) : wrongType
    case "integer":
      return typeof value === "number" && isInRange(value, schema.format) ? { value } : wrongType
    case "number":
      return typeof value === "number" ? { value } : wrongType
    case "boolean":
      return typeof value === "boolean" ? { value } : wrongType
    default:
      return { value }
  }
}

const isInRange = (value: number, format: string | undefined): boolean => {
  const bound = format === "int32" ? 2 ** 31 : 2 ** 63
  return Number.isInteger(value) && value >= -bound && value < bound
}

const readIntOrString = (value: unknown): Reading => {
  if (typeof value === "string" || (typeof value === "number" && isInRange(value, "int32"))) return { value }
  const what =
    typeof value === "number"
      ? `number ${value}`
      : typeof value === "boolean"
        ? "bool"
        : Array.isArray(value)
          ? "array"
          : "object"
  return { message: `json: cannot unmarshal ${what} into Go value of type int32` }
}

const readQuantity = (value: unknown): Reading => {
  const text = typeof value === "string" ? value.trim() : typeof value === "number" ? String(value) : JSON.stringify(value)
  try {
    return { value: canonicalQuantity(text) }
  } catch (error) {
    if (error instanceof ParseError) return { message: error.message }
    throw error
  }
}

const readText = (value: string, schema: Schema, definition: string | undefined): Reading => {
  if (schema.format === "byte") return readBase64(value)
  if (schema.format === "date-time") return readTime(value, definition?.endsWith(".MicroTime") === true ? 6 : 0)
  return { value }
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

const readBase64 = (value: string): Reading => {
  const text = value.replace(/[\r\n]/g, "")
  if (base64.test(text)) return { value: text }
  const illegal = value.search(/[^A-Za-z0-9+/\r\n]/)
  return { message: `illegal base64 data at input byte ${illegal < 0 ? value.length - (text.length % 4) : illegal}` }
}

const rfc3339 = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)$/

/** Times are kept in UTC; seconds have no fraction, microseconds six digits. */
const readTime = (value: string, digits: number): Reading => {
  const layout = digits === 0 ? "2006-01-02T15:04:05Z07:00" : "2006-01-02T15:04:05.000000Z07:00"
  const match = rfc3339.exec(value)
  const seconds = match === null ? Number.NaN : Date.parse(`${match[1]}T${match[2]}${match[4]}`)
  if (match === null || Number.isNaN(seconds) || (digits > 0 && match[3] === undefined)) {
    const text = JSON.stringify(value)
    return { message: `parsing time ${text} as "${layout}": cannot parse ${text} as "2006"` }
  }
  const whole = new Date(seconds).toISOString().slice(0, 19)
  return { value: digits === 0 ? `${whole}Z` : `${whole}.${(match[3] ?? "").padEnd(digits, "0").slice(0, digits)}Z` }
}
