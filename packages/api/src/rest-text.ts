/** An object's text without its metadata, made once: validation remembers objects by it, and it is most of what is stored. @module */
import { onceIfFrozen } from "./frozen.ts"
import { isObject, type JsonObject } from "./json.ts"
import type { KubernetesObject } from "./resource.ts"

const texts = new WeakMap<KubernetesObject, string>()

/** The JSON of an object without its metadata, kind and apiVersion first. The object must not change afterwards. */
export const restTextOf = (object: KubernetesObject): string => {
  const known = texts.get(object)
  if (known !== undefined) return known
  const { kind, apiVersion, metadata: _, ...rest } = object
  const whole = { kind, apiVersion, ...rest }
  const text = Object.values(rest).some(isShared) ? joinedText(whole) : JSON.stringify(whole)
  texts.set(object, text)
  return text
}

const isShared = (value: unknown): boolean => isObject(value) && Object.isFrozen(value)

const textOf = onceIfFrozen((value: object): string => JSON.stringify(value))

/** The same for an object with fields that many share, which are written once. */
const joinedText = (fields: JsonObject): string => {
  let text = ""
  for (const key in fields) {
    const value = fields[key]
    const written = isObject(value) ? textOf(value) : JSON.stringify(value)
    if (written !== undefined) text += `${text === "" ? "{" : ","}${JSON.stringify(key)}:${written}`
  }
  return `${text}}`
}
