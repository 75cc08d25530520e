/** An object's text without its metadata, made once: validation remembers objects by it, and it is most of what is stored. @module */
import type { KubernetesObject } from "./resource.ts"

const texts = new WeakMap<KubernetesObject, string>()

/** The JSON of an object without its metadata, kind and apiVersion first. The object must not change afterwards. */
export const restTextOf = (object: KubernetesObject): string => {
  const known = texts.get(object)
  if (known !== undefined) return known
  const { kind, apiVersion, metadata: _, ...rest } = object
  const text = JSON.stringify({ kind, apiVersion, ...rest })
  texts.set(object, text)
  return text
}
