/** The pod-template-hash: a short name for one pod template of a Deployment. @module */
import type { PodTemplateSpec } from "@tsukube/api/core-v1"
import { canonical } from "../canonical.ts"

/** The label that keeps the pods of two templates of one Deployment apart. */
export const templateHashLabel = "pod-template-hash"

/** Upstream's alphabet: no vowels and no look-alikes, so that no word appears by accident. */
const alphabet = "bcdfghjklmnpqrstvwxz2456789"

/** FNV-1a over the text's UTF-8 bytes, 32 bits. */
export const fnv32a = (text: string): number => {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash
}

/** Writes any text in the safe alphabet, a character for a character. */
export const safeEncode = (text: string): string =>
  Array.from(text, (letter) => alphabet[letter.charCodeAt(0) % alphabet.length]).join("")

/**
 * The hash of a template. It differs from the one upstream computes for the same template (that one hangs on how Go prints
 * its structs); nothing but uniqueness is promised, and existing replica sets are found by comparing templates.
 */
export const templateHash = (template: PodTemplateSpec, collisionCount: number | undefined): string =>
  safeEncode(String(fnv32a(canonical(template) + (collisionCount === undefined ? "" : `#${collisionCount}`))))

const withoutHash = (template: PodTemplateSpec | undefined): unknown => {
  const { [templateHashLabel]: _, ...labels } = template?.metadata?.labels ?? {}
  return {
    metadata: { annotations: template?.metadata?.annotations, labels, finalizers: template?.metadata?.finalizers },
    spec: template?.spec
  }
}

/** True when two templates make the same pods, whatever their hash label. */
export const sameTemplate = (left: PodTemplateSpec | undefined, right: PodTemplateSpec | undefined): boolean =>
  canonical(withoutHash(left)) === canonical(withoutHash(right))
