/** JSON Merge Patch, RFC 7386: objects merge, null removes, everything else replaces. @module */
import { isObject, own } from "../json.ts"

/** Applies a merge patch and returns the new document; the old one is untouched. */
export const applyMergePatch = (document: unknown, patch: unknown): unknown => {
  if (!isObject(patch)) return patch
  const source = isObject(document) ? document : {}
  const changes = Object.entries(patch).flatMap(([key, value]) =>
    value === null ? [] : [[key, applyMergePatch(own(source, key), value)] as const]
  )
  const kept = Object.entries(source).filter(([key]) => !Object.hasOwn(patch, key) || patch[key] !== null)
  return Object.fromEntries([...kept, ...changes])
}
