/**
 * Reads an object by its schema as upstream's decoder does: refuses wrong types in its words, drops nulls and unknown fields,
 * and brings quantities, times and base64 text into canonical form.
 * @module
 */
import { isList, isObject, type JsonObject } from "./json.ts"
import { type Reading, readScalar } from "./scalar.ts"
import { type Schema, schemaOf } from "./schema.ts"

/** A value that cannot be decoded; upstream answers 400 with the first one. */
export interface StructureIssue {
  /** Where, with indexes: `spec.containers[0].image`. */
  readonly path: string
  /** The decoder's sentence: `json: cannot unmarshal …`. */
  readonly message: string
}

/** What came of reading an object. */
export interface Structure {
  /** The object without unknown fields, nulls and empty optional lists and maps. The very input when there was nothing to change. */
  readonly pruned: JsonObject
  readonly issues: ReadonlyArray<StructureIssue>
  /** Paths of fields the schema does not have, as `unknown field "…"` names them. */
  readonly unknown: ReadonlyArray<string>
}

interface Walk {
  readonly issues: Array<StructureIssue>
  readonly unknown: Array<string>
  /** The way from the root: field names, list indexes, and map keys marked by a leading dot so that they are told from fields. */
  readonly way: Array<string | number>
  /** Name of the type that holds the field at hand. */
  holder: string
}

/** Upstream stops counting strict errors here. */
const maxUnknown = 100

/** Reads `object` as `definition`; see `Structure`. Duplicate fields are the JSON parser's to find. */
export const checkStructure = (object: unknown, definition: string): Structure => {
  const walk: Walk = { issues: [], unknown: [], way: [], holder: "" }
  const pruned = readValue(object, { ref: definition }, walk)
  return { pruned: isObject(pruned) ? pruned : {}, issues: walk.issues, unknown: walk.unknown }
}

/** The message of the 400 for an object that cannot be decoded. */
export const decodeMessage = (kind: string, version: string, message: string): string =>
  `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${message}`

/** The message of the 400 under `fieldValidation=Strict`; each field also serves as a warning: `unknown field "…"`. */
export const strictMessage = (unknown: ReadonlyArray<string>): string =>
  `strict decoding error: ${unknown.map((path) => `unknown field ${JSON.stringify(path)}`).join(", ")}`

const readValue = (value: unknown, place: Schema, walk: Walk): unknown => {
  const schema = place.ref === undefined ? place : schemaOf(place.ref)
  if (schema.preserveUnknown === true) return value
  if (value === null) return zeroOf(schema, place.ref)
  if (schema.properties !== undefined) return readStruct(value, schema, schema.properties, place.ref ?? "", walk)
  if (schema.type === "array") return readList(value, schema, walk)
  if (schema.type === "object") return readMap(value, schema, place.ref, walk)
  return readLeaf(value, schema, place.ref, walk)
}

const readStruct = (
  value: unknown,
  schema: Schema,
  properties: Readonly<Record<string, Schema>>,
  definition: string,
  walk: Walk
): unknown => {
  if (!isObject(value)) return refuse(value, goType({ ref: definition }), walk)
  const holder = walk.holder
  walk.holder = definition.slice(definition.lastIndexOf(".") + 1)
  let result: Record<string, unknown> | undefined
  for (const key in value) {
    const place = Object.hasOwn(properties, key) ? properties[key] : undefined
    const before = value[key]
    walk.way.push(key)
    let after: unknown
    if (place === undefined) {
      if (walk.unknown.length < maxUnknown) walk.unknown.push(printWay(walk.way))
    } else if (before !== null) {
      after = readValue(before, place, walk)
      if (isEmptyCollection(after, place) && schema.required?.includes(key) !== true) after = undefined
    }
    walk.way.pop()
    if (after === before) continue
    result ??= { ...value }
    if (after === undefined) delete result[key]
    else result[key] = after
  }
  walk.holder = holder
  return result ?? value
}

/** Empty lists and maps of optional fields are not written by upstream, so nobody can tell them from absent ones; objects are. */
const isEmptyCollection = (value: unknown, place: Schema): boolean => {
  if (isList(value)) return value.length === 0
  if (place.additionalProperties === undefined || !isObject(value)) return false
  for (const _ in value) return false
  return true
}

const readList = (value: unknown, schema: Schema, walk: Walk): unknown => {
  if (!isList(value)) return refuse(value, goType(schema), walk)
  const items = schema.items ?? {}
  let result: Array<unknown> | undefined
  for (let i = 0; i < value.length; i++) {
    walk.way.push(i)
    const after = readValue(value[i], items, walk)
    walk.way.pop()
    if (after === value[i]) continue
    result ??= [...value]
    result[i] = after
  }
  return result ?? value
}

const readMap = (value: unknown, schema: Schema, ref: string | undefined, walk: Walk): unknown => {
  if (!isObject(value)) return refuse(value, goType(ref === undefined ? schema : { ref }), walk)
  if (schema.additionalProperties === undefined) return value
  let result: Record<string, unknown> | undefined
  for (const key in value) {
    walk.way.push(`.${key}`)
    const after = readValue(value[key], schema.additionalProperties, walk)
    walk.way.pop()
    if (after === value[key]) continue
    result ??= { ...value }
    result[key] = after
  }
  return result ?? value
}

const readLeaf = (value: unknown, schema: Schema, ref: string | undefined, walk: Walk): unknown => {
  // Most of an object: a text that may be any text.
  if (typeof value === "string" && ref === undefined && schema.type === "string" && isAnyText(schema)) return value
  const reading: Reading = readScalar(value, schema, ref)
  if ("value" in reading) return reading.value
  if ("message" in reading) {
    walk.issues.push({ path: printWay(walk.way), message: reading.message })
    return value
  }
  return refuse(value, goType(ref === undefined ? schema : { ref }), walk)
}

const isAnyText = ({ format, intOrString }: Schema): boolean => format === undefined && intOrString !== true

/** What a null becomes inside a list or a map; fields that are null are dropped before. */
const zeroOf = (schema: Schema, ref: string | undefined): unknown => {
  if (ref?.endsWith(".Quantity") === true) return "0"
  if (schema.properties !== undefined || schema.type === "object") return {}
  if (schema.type === "array") return []
  if (schema.type === "boolean") return false
  return schema.type === "string" ? "" : 0
}

const refuse = (value: unknown, type: string, walk: Walk): unknown => {
  const fields = walk.way.filter((step) => typeof step === "string" && !step.startsWith(".")).join(".")
  // Go adds the literal when a number was wanted, only another kind of number.
  const number = typeof value === "number" && (type.startsWith("int") || type === "float64")
  const where = fields === "" ? "Go value" : `Go struct field ${walk.holder}.${fields}`
  walk.issues.push({
    path: printWay(walk.way),
    message: `json: cannot unmarshal ${number ? `number ${value}` : jsonType(value)} into ${where} of type ${type}`
  })
  return value
}

const jsonType = (value: unknown): string => {
  if (isList(value)) return "array"
  if (typeof value === "boolean") return "bool"
  return typeof value
}

/** The type's name in upstream's sentences. */
const goType = (place: Schema): string => {
  if (place.ref !== undefined) {
    const [version = "", name = ""] = place.ref.split(".").slice(-2)
    return `${version}.${name}`
  }
  if (place.type === "array") return `[]${goType(place.items ?? {})}`
  if (place.type === "object") return `map[string]${goType(place.additionalProperties ?? {})}`
  if (place.type === "integer") return place.format ?? "int64"
  if (place.type === "number") return "float64"
  return place.type === "boolean" ? "bool" : "string"
}

const printWay = (way: ReadonlyArray<string | number>): string => {
  let path = ""
  for (const step of way) {
    if (typeof step === "number") path += `[${step}]`
    else path += step.startsWith(".") ? step : path === "" ? step : `.${step}`
  }
  return path
}
