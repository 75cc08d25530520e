/**
 * Values that many objects are made with, such as the spec of all pods of a template. They are frozen, so what was found out about one
 * holds for ever and is kept with it; about anything else nothing is kept, and asking costs nothing.
 * @module
 */

/** The very value, frozen with all that is in it. */
export const deepFrozen = <T>(value: T): T => {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value
  for (const key in value) deepFrozen(value[key])
  return Object.freeze(value)
}

/** A function that is asked only once about a frozen value. It must not look at anything else; what it gives is frozen as well. */
export const onceIfFrozen = <Value extends object, Result>(make: (value: Value) => Result): ((value: Value) => Result) => {
  const known = new WeakMap<Value, { readonly result: Result }>()
  return (value) => {
    if (!Object.isFrozen(value)) return make(value)
    const before = known.get(value)
    if (before !== undefined) return before.result
    const result = deepFrozen(make(value))
    known.set(value, { result })
    return result
  }
}
