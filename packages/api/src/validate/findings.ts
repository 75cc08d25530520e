/** The small rules that validation of every kind is made of. @module */
import { type FieldError, invalid, notSupported, required } from "../field-error.ts"
import { isLabelValue, isPercent, isPortName, isPortNumber, isQualifiedName } from "../name.ts"

/** What a validator finds, in the order in which upstream reports it. */
export type Findings = Generator<FieldError, void, undefined>

/** A type as it really comes over the wire: nothing is sure to be there, however required. */
export type Loose<T> =
  T extends ReadonlyArray<infer Item>
    ? ReadonlyArray<Loose<Item>>
    : T extends object
      ? { readonly [K in keyof T]?: Loose<T[K]> | undefined }
      : T

type Text = string | undefined

/** The value breaks the rules that the sentences name. */
export function* breaks(field: string, value: unknown, sentences: ReadonlyArray<string>): Findings {
  for (const sentence of sentences) yield invalid(field, value, sentence)
}

/** The same where much is checked and little is wrong. */
export const broken = (field: string, value: unknown, sentences: ReadonlyArray<string>): ReadonlyArray<FieldError> =>
  sentences.length === 0 ? none : sentences.map((sentence) => invalid(field, value, sentence))

const none: ReadonlyArray<FieldError> = []

/** The text must be there. */
export function* needs(field: string, value: unknown, detail = ""): Findings {
  if (value === undefined || value === "") yield required(field, detail)
}

/** The text must be there and keep a rule. */
export function* needsForm(field: string, value: Text, rule: (text: string) => ReadonlyArray<string>): Findings {
  if (value === undefined || value === "") yield required(field)
  else yield* breaks(field, value, rule(value))
}

/** The text keeps a rule if it is there. */
export function* mayHaveForm(field: string, value: Text, rule: (text: string) => ReadonlyArray<string>): Findings {
  if (value !== undefined && value !== "") yield* breaks(field, value, rule(value))
}

/** The value is one of a few, if it is there. */
export function* mayBeOneOf(field: string, value: Text, supported: ReadonlyArray<string>): Findings {
  if (value !== undefined && value !== "" && !supported.includes(value)) yield notSupported(field, value, supported)
}

/** The value is there and one of a few. */
export function* needsOneOf(field: string, value: Text, supported: ReadonlyArray<string>): Findings {
  if (value === undefined || value === "") yield required(field)
  else yield* mayBeOneOf(field, value, supported)
}

/** The number is not below zero, if it is there. */
export function* nonNegative(field: string, value: number | undefined): Findings {
  if (value !== undefined && value < 0) yield invalid(field, value, "must be greater than or equal to 0")
}

/** The number is above zero, if it is there. */
export function* positive(field: string, value: number | undefined): Findings {
  if (value !== undefined && value <= 0) yield invalid(field, value, "must be greater than 0")
}

/** The number lies between two others, if it is there. */
export function* within(field: string, value: number | undefined, min: number, max: number): Findings {
  if (value !== undefined && (value < min || value > max))
    yield invalid(field, value, `must be between ${min} and ${max}, inclusive`)
}

/** Keys and values of labels. */
export const labels = (
  field: string,
  map: Readonly<Record<string, string | undefined>> | undefined
): ReadonlyArray<FieldError> => {
  const found: Array<FieldError> = []
  for (const key in map) {
    const value = map[key]
    found.push(...broken(field, key, isQualifiedName(key)), ...broken(field, value, isLabelValue(value ?? "")))
  }
  return found
}

/** A port by number or by name. */
export function* portOrName(field: string, port: number | string | undefined): Findings {
  if (typeof port === "string") yield* breaks(field, port, isPortName(port))
  else yield* breaks(field, port ?? 0, isPortNumber(port ?? 0))
}

/** A count or a percentage, not below zero. */
export function* countOrPercent(field: string, value: number | string | undefined): Findings {
  if (typeof value === "string") yield* breaks(field, value, isPercent(value))
  else yield* nonNegative(field, value)
}

/** The value of a percentage or `undefined` for a count. */
export const percentOf = (value: number | string | undefined): number | undefined =>
  typeof value === "string" && isPercent(value).length === 0 ? Number(value.slice(0, -1)) : undefined

/** Whether a count or percentage is zero. */
export const isZero = (value: number | string | undefined): boolean =>
  value === undefined || value === 0 || percentOf(value) === 0
