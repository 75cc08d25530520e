/** Filling in absent fields without touching what is there. @module */

/** Fields of `T` to fill in; `undefined` ones are skipped, so that conditions can be written in place. */
export type Defaults<T> = { readonly [K in keyof T]?: T[K] | undefined }

/**
 * The object with the defaults for its absent fields; the very object when none is absent.
 * An empty text counts as absent, as it does upstream for every field that has a default text.
 */
export const fill = <T extends object>(object: T, defaults: Defaults<T>): T => fillIf(object, defaults, isAbsent)

/** As `fill`, for numbers whose zero upstream cannot tell from absent. */
export const fillZero = <T extends object>(object: T, defaults: Defaults<T>): T =>
  fillIf(object, defaults, (value) => value === 0 || isAbsent(value))

const isAbsent = (value: unknown): boolean => value === undefined || value === ""

const fillIf = <T extends object>(object: T, defaults: Defaults<T>, absent: (value: unknown) => boolean): T => {
  let result: T | undefined
  for (const key in defaults) {
    const value = defaults[key]
    if (value === undefined || !absent(object[key]) || object[key] === value) continue
    result ??= { ...object }
    result[key] = value
  }
  return result ?? object
}

/** The object with changed fields; `undefined` leaves a field as it is. The very object when nothing changes. */
export const change = <T extends object>(object: T, changes: Defaults<T>): T => {
  let result: T | undefined
  for (const key in changes) {
    const value = changes[key]
    if (value === undefined || object[key] === value) continue
    result ??= { ...object }
    result[key] = value
  }
  return result ?? object
}

/** Maps a list; the very list when no item changes. */
export const each = <T>(list: ReadonlyArray<T> | undefined, f: (item: T) => T): ReadonlyArray<T> | undefined => {
  if (list === undefined) return undefined
  let changed = false
  const result = list.map((item) => {
    const next = f(item)
    if (next !== item) changed = true
    return next
  })
  return changed ? result : list
}

/** Applies `f` to what is there. */
export const maybe = <T>(value: T | undefined, f: (value: T) => T): T | undefined => (value === undefined ? undefined : f(value))
