/** JSON values: telling them apart and comparing them. @module */

/** A JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>

/** Whether a value is a JSON object: not null, not a list. */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Whether a value is a list. */
export const isList = (value: unknown): value is ReadonlyArray<unknown> => Array.isArray(value)

/** A field of an object that is really its own, never one of the prototype's. */
export const own = (object: JsonObject, key: string): unknown => (Object.hasOwn(object, key) ? object[key] : undefined)

/** Whether two JSON values are the same; the order of an object's fields does not count, and `undefined` fields count as absent. */
export const equalJson = (a: unknown, b: unknown): boolean => {
  if (Object.is(a, b)) return true
  if (isList(a)) return isList(b) && a.length === b.length && a.every((item, i) => equalJson(item, b[i]))
  if (!isObject(a) || !isObject(b)) return false
  for (const key in a) if (!equalJson(a[key], own(b, key))) return false
  for (const key in b) if (b[key] !== undefined && !Object.hasOwn(a, key)) return false
  return true
}
