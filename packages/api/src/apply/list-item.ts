/** Which item of a list is which: by its keys, or by its value in a set. @module */
import { isList, isObject, own } from "../json.ts"
import { keyElement, valueElement } from "./path-element.ts"
import type { Shape } from "./shape.ts"

/** The path element of an item of a list that is not atomic; `undefined` when it has none, see `itemProblem`. */
export const elementOf = (item: unknown, list: Shape): string | undefined => {
  if (list.keys.length === 0) return isList(item) || typeof item === "object" ? undefined : valueElement(item)
  if (!isObject(item)) return undefined
  const fields: Array<readonly [string, unknown]> = []
  for (const { name, absent } of list.keys) {
    const value = own(item, name) ?? absent
    if (value !== undefined) fields.push([name, value])
  }
  return fields.length === 0 ? undefined : keyElement(fields)
}

/** Why an item has no path element, in upstream's words. */
export const itemProblem = (item: unknown, list: Shape): string => {
  if (list.keys.length === 0) {
    if (item === null) return "associative list without keys has an element that's an explicit null"
    if (isList(item)) return "not supported: associative list with lists as elements"
    return "associative list without keys has an element that's a map type"
  }
  if (item === null) return "associative list with keys may not have a null element"
  if (!isObject(item)) return "associative list with keys may not have non-map elements"
  const names = list.keys.map(({ name }) => JSON.stringify(name)).join(" ")
  return `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`
}
