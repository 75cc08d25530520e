/** One finding of validation: which field, what is wrong, in upstream's words. @module */
import type { StatusCause } from "./types/meta-v1.ts"

/** What kind of wrong; the word a client reads in `details.causes[].reason`. */
export type FieldErrorType =
  | "FieldValueRequired"
  | "FieldValueInvalid"
  | "FieldValueNotSupported"
  | "FieldValueForbidden"
  | "FieldValueDuplicate"
  | "FieldValueNotFound"
  | "FieldValueTooLong"
  | "FieldValueTooMany"
  | "FieldValueTypeInvalid"
  | "InternalError"

/** A field of an object that may not be as it is. `field` is a path such as `spec.containers[0].image`. */
export interface FieldError {
  readonly type: FieldErrorType
  readonly field: string
  readonly detail: string
  readonly badValue?: unknown
}

const titles: Readonly<Record<FieldErrorType, string>> = {
  FieldValueRequired: "Required value",
  FieldValueInvalid: "Invalid value",
  FieldValueNotSupported: "Unsupported value",
  FieldValueForbidden: "Forbidden",
  FieldValueDuplicate: "Duplicate value",
  FieldValueNotFound: "Not found",
  FieldValueTooLong: "Too long",
  FieldValueTooMany: "Too many",
  FieldValueTypeInvalid: "Invalid value",
  InternalError: "Internal error"
}
/** These say nothing of the value: it is absent, secret or too big. */
const withoutValue: ReadonlySet<FieldErrorType> = new Set([
  "FieldValueRequired",
  "FieldValueForbidden",
  "FieldValueTooLong",
  "InternalError"
])

/** A field that must be there is not. */
export const required = (field: string, detail = ""): FieldError => ({ type: "FieldValueRequired", field, detail })

/** A value breaks a rule. */
export const invalid = (field: string, badValue: unknown, detail: string): FieldError => ({
  type: "FieldValueInvalid",
  field,
  detail,
  badValue
})

/** A value is of the wrong JSON type. */
export const typeInvalid = (field: string, badValue: unknown, detail: string): FieldError => ({
  type: "FieldValueTypeInvalid",
  field,
  detail,
  badValue
})

/** A value is not in its enumeration. */
export const notSupported = (field: string, badValue: unknown, supported: ReadonlyArray<string>): FieldError => ({
  type: "FieldValueNotSupported",
  field,
  detail: supported.length === 0 ? "" : `supported values: ${supported.map((value) => JSON.stringify(value)).join(", ")}`,
  badValue
})

/** A field may not be set, or not now. */
export const forbidden = (field: string, detail: string): FieldError => ({ type: "FieldValueForbidden", field, detail })

/** A value that must be unique is there twice. */
export const duplicate = (field: string, badValue: unknown): FieldError => ({
  type: "FieldValueDuplicate",
  field,
  detail: "",
  badValue
})

/** A value names something that is not there. */
export const notFound = (field: string, badValue: unknown): FieldError => ({
  type: "FieldValueNotFound",
  field,
  detail: "",
  badValue
})

/** A text is longer than `maxBytes`. */
export const tooLong = (field: string, maxBytes: number): FieldError => ({
  type: "FieldValueTooLong",
  field,
  detail: `may not be more than ${maxBytes} bytes`
})

/** A list has more than `max` items. */
export const tooMany = (field: string, count: number, max: number): FieldError => ({
  type: "FieldValueTooMany",
  field,
  detail: `must have at most ${max} item${max === 1 ? "" : "s"}`,
  badValue: count
})

/** A field that may not change has changed. */
export const immutable = (field: string, badValue: unknown): FieldError => invalid(field, badValue, "field is immutable")

/** What is wrong, without the path: `Invalid value: "x": must be …`. */
export const describeFieldError = ({ type, detail, badValue }: FieldError): string => {
  const value = withoutValue.has(type) || badValue === omitted ? "" : `: ${printValue(badValue)}`
  return `${titles[type]}${value}${detail === "" ? "" : `: ${detail}`}`
}

/** What is wrong, with the path: `metadata.name: Required value: …`. */
export const formatFieldError = (error: FieldError): string => `${error.field}: ${describeFieldError(error)}`

/** The finding as `Status.details.causes` holds it. */
export const causeOf = (error: FieldError): StatusCause => ({
  reason: error.type,
  message: describeFieldError(error),
  field: error.field
})

/** Stands for a value that is not shown. */
export const omitted: unique symbol = Symbol("omitted")

const printValue = (value: unknown): string => (value === undefined || value === null ? "null" : JSON.stringify(value))
