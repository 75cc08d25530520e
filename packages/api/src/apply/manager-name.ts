/** The name under which somebody owns fields. @module */
import { type FieldError, invalid, required, tooLong } from "../field-error.ts"
import { byteLength } from "../name.ts"

/** The longest name, in bytes. */
const nameBytesLimit = 128

/** Nearly all names: printable letters of one byte each, and not too many. */
const plainName = /^[ -~]{0,128}$/

/** Who writes: `fieldManager` of the request, else what the `User-Agent` header begins with (`kubectl/v1.36.0 …` is `kubectl`). */
export const managerOf = (fieldManager: string | undefined, userAgent: string | undefined): string => {
  if (fieldManager !== undefined && fieldManager !== "") return fieldManager
  const first = (userAgent ?? "").split("/")[0] ?? ""
  if (plainName.test(first)) return first
  let name = ""
  for (const character of first) {
    if (!isPrintable(character)) continue
    if (byteLength(name + character) > nameBytesLimit) break
    name += character
  }
  return name
}

/** What is wrong with `fieldManager` of a request; `apply` needs one. The findings are of `PatchOptions.meta.k8s.io` and its like, with no name: 422. */
export const validateFieldManager = (fieldManager: string | undefined, apply: boolean): ReadonlyArray<FieldError> => {
  const field = "fieldManager"
  const name = fieldManager ?? ""
  if (name === "") return apply ? [required(field, "is required for apply patch")] : []
  const errors: Array<FieldError> = byteLength(name) > nameBytesLimit ? [tooLong(field, nameBytesLimit)] : []
  let position = 0
  for (const character of name) {
    if (!isPrintable(character))
      errors.push(invalid(field, name, `invalid character ${unicode(character)} (at position ${position})`))
    position += byteLength(character)
  }
  return errors
}

/** Letters, marks, numbers, punctuation, symbols, and the plain space. */
const isPrintable = (character: string): boolean => /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(character)

const unicode = (character: string): string => `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`
