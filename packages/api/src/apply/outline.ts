/** What of a new object decides which fields its creator owns: names, the keys of lists and what is empty, but not the values. @module */
import { isList, isObject, own } from "../json.ts"
import { fieldShape } from "./compare.ts"
import { anyShape, type Shape } from "./shape.ts"

/** Two objects with the same outline are compared with the blank object of their kind with the same outcome. */
export const outlineOf = (value: unknown, shape: Shape): string => {
  if (isObject(value)) {
    // What is owned as a whole can still be as blank as it was before.
    const inner = shape.kind === "map" ? undefined : anyShape
    let text = "{"
    for (const key in value) text += `${key.length}:${key}${outlineOf(value[key], inner ?? fieldShape(shape, key))}`
    return `${text}}`
  }
  if (isList(value)) {
    if (value.length === 0) return "[]"
    // No list is part of a blank object, so its items only count where they are owned one by one.
    if (shape.kind !== "list" || shape.atomic) return "[+]"
    let text = "["
    for (const item of value) text += keysOf(item, shape) + outlineOf(item, shape.element ?? anyShape)
    return `${text}]`
  }
  return outlineOfScalar(value)
}

/** What an item is told from others by. */
const keysOf = (item: unknown, list: Shape): string => {
  if (list.keys.length === 0) return exactly(item)
  if (!isObject(item)) return "!"
  let text = ""
  for (const { name, absent } of list.keys) text += exactly(own(item, name) ?? absent)
  return text
}

const exactly = (value: unknown): string => {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "")
  return `${typeof value === "string" ? "s" : "j"}${text.length}:${text}`
}

/** Blank objects hold nothing but zeros of each type. */
const outlineOfScalar = (value: unknown): string => {
  if (typeof value === "string") return value === "" ? "e" : "s"
  if (typeof value === "number") return Object.is(value, 0) ? "z" : "d"
  if (typeof value === "boolean") return value ? "t" : "f"
  return value === null ? "n" : "u"
}
