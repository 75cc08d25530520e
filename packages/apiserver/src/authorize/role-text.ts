/** The roles and bindings a cluster starts with, as the texts that are stored, but for what is different in every cluster: uid and time. @module */
import type { KubernetesObject } from "@tsukube/api"
import { ownObject, placeOf } from "../own-object.ts"
import { timestamp } from "../serving.ts"
import { storedText } from "../stored.ts"

/** Stand for a uid and a time in a text that is not stored yet; no role has such words in it. */
const uidMark = "<uid>"
const timeMark = "<time>"

/** A role as key and text with marks. */
export const markedText = (role: KubernetesObject): readonly [key: string, text: string] => {
  const { metadata, ...rest } = ownObject(role, 0)
  const text = storedText({ ...rest, metadata: { ...metadata, uid: uidMark } })
  return [placeOf(role).key, text.replaceAll(timestamp(0), timeMark)]
}

/** The text to be stored now. */
export const stampedText = (marked: string, time: string): string =>
  marked.replace(uidMark, crypto.randomUUID()).replaceAll(timeMark, time)
