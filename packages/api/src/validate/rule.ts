/** Rules as values: how tables say what the fields of a kind have to look like. @module */
import {
  duplicate,
  type FieldError,
  forbidden,
  immutable,
  invalid,
  notSupported,
  required,
  tooLong,
  tooMany
} from "../field-error.ts"
import { equalJson, isObject } from "../json.ts"
import { byteLength } from "../name.ts"

/** Checks the value of one place; `path` is where it stands, empty at the root. */
export type Rule<T> = (value: T | undefined, path: string) => Iterable<FieldError>

/** Upstream's sentences for a text that does not have a form; none when it has. */
export type Form = (text: string) => ReadonlyArray<string>

/** The path of a field below another. */
export const below = (path: string, key: string): string => (path === "" ? key : `${path}.${key}`)

/** The fields of an object, in the order in which upstream reports them; an absent object is one without fields. */
export const fields = <T extends object>(rules: { readonly [K in keyof T]?: Rule<NonNullable<T[K]>> }): Rule<T> =>
  function* (value, path) {
    for (const key in rules) {
      const rule = rules[key] as Rule<unknown> | undefined
      if (rule !== undefined) yield* rule(value?.[key], below(path, key))
    }
  }

/** Only looked at when it is there. */
export const optional =
  <T>(rule: Rule<T>): Rule<T> =>
  (value, path) =>
    value === undefined ? [] : rule(value, path)

/** Must be there, and keep a rule. */
export const must = <T>(rule: Rule<T> = () => [], detail = ""): Rule<T> =>
  function* (value, path) {
    if (value === undefined) yield required(path, detail)
    else yield* rule(value, path)
  }

/** Several rules for one place. */
export const all = <T>(...rules: ReadonlyArray<Rule<T>>): Rule<T> =>
  function* (value, path) {
    for (const rule of rules) yield* rule(value, path)
  }

/** A text that must be there. */
export const text = (form: Form = () => [], detail = ""): Rule<string> =>
  function* (value = "", path) {
    if (value === "") yield required(path, detail)
    else for (const sentence of form(value)) yield invalid(path, value, sentence)
  }

/** A text that may be absent or empty. */
export const maybeText = (form: Form): Rule<string> =>
  function* (value = "", path) {
    if (value !== "") for (const sentence of form(value)) yield invalid(path, value, sentence)
  }

/** A text that may be absent, but not empty. */
export const givenText = (form: Form): Rule<string> =>
  function* (value, path) {
    if (value !== undefined) for (const sentence of form(value)) yield invalid(path, value, sentence)
  }

/** A text no longer than this. */
export const shortText = (maxBytes: number): Rule<string> =>
  function* (value = "", path) {
    if (byteLength(value) > maxBytes) yield tooLong(path, maxBytes)
  }

/** One of a few texts, if it is there. */
export const oneOf = (...supported: ReadonlyArray<string>): Rule<string> =>
  function* (value, path) {
    if (value !== undefined && !supported.includes(value)) yield notSupported(path, value, supported)
  }

/** One of a few texts, and there. */
export const mustBeOneOf = (...supported: ReadonlyArray<string>): Rule<string> =>
  function* (value = "", path) {
    if (value === "") yield required(path)
    else if (!supported.includes(value)) yield notSupported(path, value, supported)
  }

/** A number for which `good` holds, if it is there. */
export const number = (good: (value: number) => boolean, sentence: string): Rule<number> =>
  function* (value, path) {
    if (value !== undefined && !good(value)) yield invalid(path, value, sentence)
  }

/** A number that is not below zero. */
export const notNegative: Rule<number> = number((value) => value >= 0, "must be greater than or equal to 0")

/** A number above zero; an absent one is zero. */
export const aboveZero: Rule<number> = (value = 0, path) => (value > 0 ? [] : [invalid(path, value, "must be greater than zero")])

/** A number between two others. */
export const between = (min: number, max: number): Rule<number> =>
  number((value) => value >= min && value <= max, `must be between ${min} and ${max}, inclusive`)

/** What a list as a whole has to keep. */
interface ListLimits<T> {
  /** The most items there may be. */
  readonly max?: number
  /** Complains when there are none. */
  readonly needed?: string
  /** What no two items may have in common, and below which field the complaint stands. */
  readonly unique?: { readonly by: (item: T) => unknown; readonly field?: string }
}

/** The items of a list. */
export const items = <T>(rule: Rule<T>, { max, needed, unique }: ListLimits<T> = {}): Rule<ReadonlyArray<T>> =>
  function* (list = [], path) {
    if (needed !== undefined && list.length === 0) yield required(path, needed)
    if (max !== undefined && list.length > max) yield tooMany(path, list.length, max)
    const seen = new Set<unknown>()
    for (const [i, item] of list.entries()) {
      const at = `${path}[${i}]`
      yield* rule(item, at)
      if (unique === undefined) continue
      const key = unique.by(item)
      if (seen.has(key)) yield duplicate(unique.field === undefined ? at : `${at}.${unique.field}`, key)
      // What is empty is complained of elsewhere, if at all.
      if (key !== undefined && key !== "") seen.add(key)
    }
  }

/** The entries of a map: the form of its keys, a rule for its values. */
export const entries = <T>(form: Form, rule: Rule<T> = () => []): Rule<Readonly<Record<string, T | undefined>>> =>
  function* (map = {}, path) {
    for (const [key, value] of Object.entries(map)) {
      for (const sentence of form(key)) yield invalid(`${path}[${key}]`, key, sentence)
      yield* rule(value, `${path}[${key}]`)
    }
  }

/** Exactly one of several fields is there. */
export const exactlyOne =
  <T extends object>(keys: ReadonlyArray<keyof T & string>, sentence: string): Rule<T> =>
  (value, path) => {
    const given = keys.filter((key) => value?.[key] !== undefined)
    if (given.length === 1) return []
    if (given.length === 0) return [required(path, sentence)]
    return [invalid(path, value, `${sentence}, but multiple fields are set`)]
  }

/** At least one of a union's members; the ones beyond the first are each forbidden. */
export function* oneMember(
  object: object,
  path: string,
  sentences: { readonly none: string; readonly more: string }
): Iterable<FieldError> {
  const given = Object.keys(object)
  if (given.length === 0) yield required(path, sentences.none)
  for (const extra of given.slice(1)) yield forbidden(below(path, extra), sentences.more)
}

/** Compares an object with the one that it replaces. */
export type UpdateCheck = (object: unknown, old: unknown) => Generator<FieldError, void, undefined>

/** Fields that are for life, by their dotted paths. */
export const frozen = (...paths: ReadonlyArray<string>): UpdateCheck =>
  function* (object, old) {
    for (const path of paths) {
      const value = valueAt(object, path)
      if (!sameOrEmpty(value, valueAt(old, path))) yield immutable(path, value)
    }
  }

/** Absent is the same as empty. */
const sameOrEmpty = (a: unknown, b: unknown): boolean => equalJson(a ?? "", b ?? "")

const valueAt = (object: unknown, path: string): unknown => {
  let value = object
  for (const key of path.split(".")) value = isObject(value) ? value[key] : undefined
  return value
}
