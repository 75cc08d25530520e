/** Counts what a JSON text writes, to compare it with what came of it: an object with a repeated key holds fewer members than its text. @module */

/** Deeper texts are left to the walk that never recurses. */
const depthLimit = 200

const quote = 34
const colon = 58
const openBracket = 91
const backslash = 92
const closeBracket = 93
const openBrace = 123
const closeBrace = 125

/** How many members the objects of a text have together; undefined when it is nested deeply. Only means something for valid JSON. */
export const measureJson = (text: string): number | undefined => {
  const { length } = text
  let members = 0
  let depth = 0
  for (let at = 0; at < length; at++) {
    const character = text.charCodeAt(at)
    if (character === quote) {
      for (at++; at < length; at++) {
        const inside = text.charCodeAt(at)
        if (inside === quote) break
        if (inside === backslash) at++
      }
    } else if (character === colon) members++
    else if (character === openBrace || character === openBracket) {
      if (++depth > depthLimit) return undefined
    } else if (character === closeBrace || character === closeBracket) depth--
  }
  return members
}

const membersOf = (value: unknown): number => {
  if (typeof value !== "object" || value === null) return 0
  let members = 0
  if (Array.isArray(value)) for (const item of value) members += membersOf(item)
  else
    for (const key in value) {
      members += 1 + membersOf((value as Readonly<Record<string, unknown>>)[key])
    }
  return members
}

/** Whether a parsed value has as many members as its text wrote: no key came twice. */
export const holdsEvery = (value: unknown, members: number): boolean => membersOf(value) === members
