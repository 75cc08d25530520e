/** Turns `application/vnd.kubernetes.protobuf` bodies into the JSON objects they stand for; client-go and kubectl send them. @module */
import { badRequest } from "@tsukube/api"
import { messageOfKind } from "./kind.ts"
import { type Message, type MessageField, messageOf } from "./message.ts"
import { readFields } from "./wire.ts"

/** Every body begins with it. */
const magic = Buffer.from("k8s\0")
/** Messages lie in messages; no kind needs more. */
const depthLimit = 64
const meta = "k8s.io.apimachinery.pkg.apis.meta.v1"
const schemas = "k8s.io.apiextensions-apiserver.pkg.apis.apiextensions.v1"

type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [key: string]: Json }

/** The object of a body. Throws a 400 for bodies that are no protobuf, or of no kind known here. */
export const decodeProtobuf = (body: Uint8Array): Json => {
  if (!magic.equals(body.subarray(0, magic.length))) {
    throw badRequest("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
  }
  try {
    return decodeEnvelope(body.subarray(magic.length))
  } catch (error) {
    if (error instanceof RangeError) throw badRequest(`the body of the request is not valid protobuf: ${error.message}`)
    throw error
  }
}

/** `runtime.Unknown`: 1 is the kind's coordinates, 2 the object. */
const decodeEnvelope = (bytes: Uint8Array): Json => {
  let apiVersion = ""
  let kind = ""
  let raw: Uint8Array = new Uint8Array()
  for (const { number, value } of readFields(bytes)) {
    if (!(value instanceof Uint8Array)) continue
    if (number === 2) raw = value
    if (number !== 1) continue
    for (const field of readFields(value)) {
      const text = textOf(field.value)
      if (field.number === 1) apiVersion = text
      if (field.number === 2) kind = text
    }
  }
  const name = messageOfKind(apiVersion, kind)
  const message = name === undefined ? undefined : messageOf(name)
  if (message === undefined)
    throw badRequest(`no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`)
  return { kind, apiVersion, ...(decodeMessage(message, raw, 0) as object) }
}

/** Types that are one value in JSON. Each gets the fields on the wire. */
const special: Readonly<Record<string, (bytes: Uint8Array, depth: number) => Json | undefined>> = {
  [`${meta}.Time`]: (bytes) => timeOf(bytes, false),
  [`${meta}.MicroTime`]: (bytes) => timeOf(bytes, true),
  [`${meta}.Duration`]: (bytes) => `${Number(int(numbers(bytes).get(1) ?? 0n)) / 1e9}s`,
  [`${meta}.FieldsV1`]: (bytes) => rawJson(bytes),
  [`${schemas}.JSON`]: (bytes) => rawJson(bytes),
  [`${schemas}.JSONSchemaPropsOrArray`]: (bytes, depth) => {
    const { schema, others } = schemaOr(bytes, depth)
    return others.length > 0 ? others.map((other) => decodeSchema(other, depth)) : schema
  },
  [`${schemas}.JSONSchemaPropsOrStringArray`]: (bytes, depth) => {
    const { schema, others } = schemaOr(bytes, depth)
    return others.length > 0 ? others.map(textOf) : schema
  },
  [`${schemas}.JSONSchemaPropsOrBool`]: (bytes, depth) => {
    let schema: Json | undefined
    const fields = numbers(bytes, (number, value) => {
      if (number === 2) schema = decodeSchema(value, depth)
    })
    return schema ?? (fields.get(1) ?? 0n) !== 0n
  },
  [`${meta}.Verbs`]: (bytes) => [...readFields(bytes)].map(({ value }) => textOf(value)),
  "k8s.io.apimachinery.pkg.runtime.RawExtension": (bytes) => rawJson(bytes),
  "k8s.io.apimachinery.pkg.api.resource.Quantity": (bytes) => firstText(bytes),
  "k8s.io.apimachinery.pkg.util.intstr.IntOrString": (bytes) => {
    let text = ""
    const fields = numbers(bytes, (number, value) => {
      if (number === 3) text = textOf(value)
    })
    return (fields.get(1) ?? 0n) === 0n ? Number(int(fields.get(2) ?? 0n)) : text
  }
}

const decodeSchema = (bytes: Uint8Array, depth: number): Json =>
  decodeMessage(messageOf(`${schemas}.JSONSchemaProps`)!, bytes, depth + 1)

/** What is a schema, or in JSON something else in its place: 1 is the schema, and 2 each of the others. */
const schemaOr = (bytes: Uint8Array, depth: number) => {
  const others: Array<Uint8Array> = []
  let schema: Json | undefined
  numbers(bytes, (number, value) => {
    if (number === 1) schema = decodeSchema(value, depth)
    if (number === 2) others.push(value)
  })
  return { schema, others }
}

const numbers = (bytes: Uint8Array, onBytes?: (number: number, value: Uint8Array) => void): Map<number, bigint> => {
  const found = new Map<number, bigint>()
  for (const { number, value } of readFields(bytes)) {
    if (typeof value === "bigint") found.set(number, value)
    else onBytes?.(number, value)
  }
  return found
}

const int = (value: bigint): bigint => BigInt.asIntN(64, value)

const decoder = new TextDecoder("utf-8", { fatal: true })

const textOf = (value: bigint | Uint8Array): string => {
  if (typeof value === "bigint") throw new RangeError("a number where text belongs")
  try {
    return decoder.decode(value)
  } catch {
    throw new RangeError("text that is not UTF-8")
  }
}

const firstText = (bytes: Uint8Array): string => {
  for (const { value } of readFields(bytes)) return textOf(value)
  return ""
}

const rawJson = (bytes: Uint8Array): Json | undefined => {
  const text = firstText(bytes)
  if (text === "") return undefined
  try {
    return JSON.parse(text)
  } catch {
    throw new RangeError("embedded objects have to be JSON")
  }
}

/** A time of no seconds is no time: Go's zero time has none on the wire. */
const timeOf = (bytes: Uint8Array, micro: boolean): string | undefined => {
  const fields = numbers(bytes)
  const seconds = fields.get(1)
  if (seconds === undefined) return undefined
  const milliseconds = Number(int(seconds)) * 1000
  if (!Number.isFinite(milliseconds) || Math.abs(milliseconds) > 8.64e15) throw new RangeError("a time out of range")
  const text = new Date(milliseconds).toISOString().slice(0, 19)
  if (!micro) return `${text}Z`
  const micros = Math.trunc(Number(fields.get(2) ?? 0n) / 1000)
  return `${text}.${String(micros).padStart(6, "0")}Z`
}

const decodeMessage = (message: Message, bytes: Uint8Array, depth: number): { readonly [key: string]: Json } => {
  if (depth > depthLimit) throw new RangeError("nested too deeply")
  const object: Record<string, Json> = {}
  for (const { number, value } of readFields(bytes)) {
    const field = message.get(number)
    // Fields of a newer release than this.
    if (field === undefined) continue
    if (field.map) putEntry(object, field, value, depth)
    else if (field.repeated) {
      const list = (object[field.name] ?? []) as Array<Json>
      list.push(decodeValue(field.type, value, depth) ?? {})
      object[field.name] = list
    } else {
      const decoded = decodeValue(field.type, value, depth)
      if (field.inline) Object.assign(object, decoded)
      else if (decoded !== undefined && (field.zeroIsValue || !isZero(decoded))) object[field.name] = decoded
    }
  }
  return object
}

const isZero = (value: Json): boolean => value === "" || value === 0 || value === false

const putEntry = (object: Record<string, Json>, field: MessageField, value: bigint | Uint8Array, depth: number): void => {
  if (typeof value === "bigint") throw new RangeError("a number where a map belongs")
  const map = (object[field.name] ?? {}) as Record<string, Json>
  object[field.name] = map
  let key = ""
  let content: Json = field.type === "string" || field.type === "bytes" ? "" : {}
  for (const part of readFields(value)) {
    if (part.number === 1) key = textOf(part.value)
    if (part.number === 2) content = decodeValue(field.type, part.value, depth) ?? content
  }
  Object.defineProperty(map, key, { value: content, enumerable: true, configurable: true, writable: true })
}

const decodeValue = (type: string, value: bigint | Uint8Array, depth: number): Json | undefined => {
  switch (type) {
    case "string":
      return textOf(value)
    case "bytes":
      if (typeof value === "bigint") throw new RangeError("a number where bytes belong")
      return Buffer.from(value).toString("base64")
    case "bool":
      return value !== 0n
    case "double":
      return typeof value === "bigint" ? new Float64Array(new BigUint64Array([value]).buffer)[0]! : 0
  }
  if (!type.includes(".")) {
    if (typeof value !== "bigint") throw new RangeError("bytes where a number belongs")
    return Number(type.startsWith("u") ? value : int(value))
  }
  if (typeof value === "bigint") throw new RangeError("a number where a message belongs")
  if (type.endsWith(".ExtraValue")) return [...readFields(value)].map((field) => textOf(field.value))
  const one = special[type]
  if (one !== undefined) return one(value, depth)
  const message = messageOf(type)
  if (message === undefined) throw new RangeError(`the message ${type} is not known`)
  return decodeMessage(message, value, depth + 1)
}
