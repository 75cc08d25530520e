/** `stringData` of a Secret is a way of writing `data` without base64; it is never stored or shown. @module */
import type { KubernetesObject } from "@tsukube/api"
import type { Secret } from "@tsukube/api/core-v1"

/** The Secret with its `stringData` as part of its `data`. */
export const mergeStringData = (object: KubernetesObject): KubernetesObject => {
  const { stringData, ...secret } = object as Secret
  if (stringData === undefined) return object
  const encoded = Object.entries(stringData).map(([key, text]) => [key, Buffer.from(text, "utf8").toString("base64")])
  return Object.assign({}, secret, { data: { ...secret.data, ...Object.fromEntries(encoded) } })
}
