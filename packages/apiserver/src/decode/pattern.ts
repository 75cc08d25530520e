/**
 * Reads the bodies of new pods, most of which differ in their metadata only: those of a ReplicaSet or a Job. What follows the metadata
 * is read once, and then shared by all pods that are created with the very same text behind theirs. Bodies of other kinds rarely come
 * again, and remembering them would cost more than it saves: one that never comes again takes half a microsecond longer.
 * @module
 */
import { checkStructure, deepFrozen, type JsonObject, type KubernetesObject } from "@tsukube/api"
import { pods } from "@tsukube/api/core-v1"
import type { RequestContext } from "../request.ts"
import { type Body, type ParsedBody, parseJson } from "./body.ts"
import { decodeObject, decodeValue, type ExpectedKind } from "./object.ts"
import type { FieldValidation } from "./write-options.ts"

/** How many texts are remembered of those that came once, and of those that came again. */
const onceLimit = 256
const knownLimit = 1024
/** Longer bodies are not remembered: their texts keep them in memory. Shorter rests are read as quickly as they are found. */
const bodyLimit = 16_384
const restLeast = 128

/** Texts that came once, which most never do again. They do not drive out those that did. */
const once = new Set<string>()
/** What others say, frozen; undefined when there is something in it that somebody is to hear of every time. */
const known = new Map<string, JsonObject | undefined>()

/** The object of the body of a creation, as `decodeObject` gives it; what follows its metadata may be shared and frozen. */
export const decodeNew = (
  context: RequestContext,
  body: Body,
  expected: ExpectedKind,
  fieldValidation: FieldValidation
): KubernetesObject => {
  const end = expected.schema === pods.schema ? endOfMetadata(body) : -1
  if (end < 0 || body.text.length - end < restLeast) return decodeObject(context, body, expected, fieldValidation)
  const text = body.text.slice(end)
  const rest = known.get(text)
  if (rest !== undefined) {
    const start = parseStart(`${body.text.slice(0, end)}}`)
    if (start !== undefined) return { ...decodeValue(context, start, expected, fieldValidation), ...rest }
  }
  const object = decodeObject(context, body, expected, fieldValidation)
  if (!known.has(text)) remember(text, body)
  return object
}

const remember = (text: string, body: Body): void => {
  if (once.delete(text)) {
    if (known.size === knownLimit) known.clear()
    known.set(text, fieldsBehindMetadata(body))
    return
  }
  if (once.size === onceLimit) once.clear()
  once.add(text)
}

/** Only as programs write it: the two names of the type, then the metadata, without white space. */
const beginning = /^\{(?:"kind":"\w+","apiVersion":"[\w./-]+"|"apiVersion":"[\w./-]+","kind":"\w+"),"metadata":\{/

const quote = 34
const backslash = 92
const openBrace = 123
const closeBrace = 125

/** Where the metadata of a body ends; -1 when that cannot be told at a glance. */
const endOfMetadata = ({ text, type }: Body): number => {
  if ((type !== "application/json" && type !== "") || text.length > bodyLimit) return -1
  const start = beginning.exec(text)
  if (start === null) return -1
  let depth = 1
  for (let at = start[0].length; at < text.length; at++) {
    const character = text.charCodeAt(at)
    if (character === quote) {
      for (at++; at < text.length; at++) {
        const inside = text.charCodeAt(at)
        if (inside === quote) break
        if (inside === backslash) at++
      }
    } else if (character === openBrace) depth++
    else if (character === closeBrace && --depth === 0) return at + 1
  }
  return -1
}

/** What comes before the rest, as an object; undefined when there is something wrong with it, which is told by its place in the whole. */
const parseStart = (text: string): JsonObject | undefined => {
  let parsed: ParsedBody
  try {
    parsed = parseJson(text)
  } catch {
    return undefined
  }
  return parsed.duplicates.length === 0 ? (parsed.value as JsonObject) : undefined
}

/** What a body says besides its type and metadata, for all others that say the same; undefined when anybody is to hear of something in it. */
const fieldsBehindMetadata = ({ text }: Body): JsonObject | undefined => {
  const { value, duplicates } = parseJson(text)
  const { pruned, issues, unknown } = checkStructure(value, pods.schema)
  if (duplicates.length + issues.length + unknown.length > 0) return undefined
  const { kind: _kind, apiVersion: _apiVersion, metadata: _metadata, ...fields } = pruned
  return deepFrozen(fields)
}
