/** Turns JSON objects into `application/vnd.kubernetes.protobuf`: what client-go, kubelets and schedulers ask for. @module */
import { messageOfKind } from "./kind.ts"
import { type Message, type MessageField, messageOf } from "./message.ts"
import { BackwardWriter } from "./writer.ts"

/** Every body begins with it. */
const magic = Buffer.from("k8s\0")
const meta = "k8s.io.apimachinery.pkg.apis.meta.v1"

type Fields = Readonly<Record<string, unknown>>

/** Whether objects of a kind have a protobuf form. */
export const canEncode = (apiVersion: string, kind: string): boolean => {
  const single = kind.endsWith("List") ? kind.slice(0, -4) : kind
  return (
    single === "PartialObjectMetadata" ||
    messageNamed(apiVersion, kind) !== undefined ||
    messageNamed(apiVersion, single) !== undefined
  )
}

/** The whole body; the kind must be one that `canEncode` says yes to. */
export const encodeProtobuf = (object: object): Uint8Array<ArrayBuffer> => {
  const writer = new BackwardWriter()
  writeEnvelope(writer, object as Fields)
  return writer.finish()
}

/** A watch event behind its length in four bytes. */
export const encodeProtobufEvent = (type: string, object: object): Uint8Array<ArrayBuffer> => {
  const writer = new BackwardWriter()
  writeEnvelope(writer, object as Fields)
  writer.wrap(1, 0)
  writer.wrap(2, 0)
  writer.textField(1, type)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(writer.written)
  writer.bytes(length)
  return writer.finish()
}

const messageNamed = (apiVersion: string, kind: string): Message | undefined => {
  const name = messageOfKind(apiVersion, kind)
  return name === undefined ? undefined : messageOf(name)
}

/** `runtime.Unknown`: 1 is the kind's coordinates, 2 the object. */
const writeEnvelope = (writer: BackwardWriter, object: Fields): void => {
  const { apiVersion = "", kind = "" } = object as { readonly apiVersion?: string; readonly kind?: string }
  writer.textField(4, "")
  writer.textField(3, "")
  const start = writer.written
  writeTop(writer, apiVersion, kind, object)
  writer.wrap(2, start)
  const typeMeta = writer.written
  writer.textField(2, kind)
  writer.textField(1, apiVersion)
  writer.wrap(1, typeMeta)
  writer.bytes(magic)
}

const writeTop = (writer: BackwardWriter, apiVersion: string, kind: string, object: Fields): void => {
  const message = messageNamed(apiVersion, kind)
  if (message !== undefined) writeMessage(writer, message, object)
  else if (kind === "PartialObjectMetadata") writePartial(writer, object)
  else writeList(writer, messageNamed(apiVersion, kind.slice(0, -"List".length)), object)
}

/** All lists are alike: 1 is their metadata, 2 the items; without a message of their own those are metadata alone. */
const writeList = (writer: BackwardWriter, item: Message | undefined, object: Fields): void => {
  const items = (object["items"] ?? []) as ReadonlyArray<Fields>
  for (let i = items.length - 1; i >= 0; i--) {
    const mark = writer.written
    if (item === undefined) writePartial(writer, items[i]!)
    else writeMessage(writer, item, items[i]!)
    writer.wrap(2, mark)
  }
  writeListMeta(writer, (object["metadata"] ?? {}) as Fields)
}

const writePartial = (writer: BackwardWriter, object: Fields): void => {
  writeMessageField(writer, 1, messageOf(`${meta}.ObjectMeta`)!, (object["metadata"] ?? {}) as Fields)
}

const writeListMeta = (writer: BackwardWriter, { resourceVersion, continue: token, remainingItemCount }: Fields): void => {
  const mark = writer.written
  if (typeof remainingItemCount === "number") {
    writer.integer(remainingItemCount)
    writer.key(4, 0)
  }
  if (typeof token === "string") writer.textField(3, token)
  if (typeof resourceVersion === "string") writer.textField(2, resourceVersion)
  writer.wrap(1, mark)
}

const writeMessageField = (writer: BackwardWriter, number: number, message: Message, object: Fields): void => {
  const mark = writer.written
  writeMessage(writer, message, object)
  writer.wrap(number, mark)
}

/** The fields of a message, the last first. */
const backward = new WeakMap<Message, ReadonlyArray<readonly [number: number, field: MessageField]>>()

const fieldsOf = (message: Message): ReadonlyArray<readonly [number: number, field: MessageField]> => {
  const known = backward.get(message)
  if (known !== undefined) return known
  const made = [...message].sort(([a], [b]) => b - a)
  backward.set(message, made)
  return made
}

const writeMessage = (writer: BackwardWriter, message: Message, object: Fields): void => {
  for (const [number, field] of fieldsOf(message)) {
    if (field.inline) {
      writeInline(writer, number, field, object)
      continue
    }
    const value = object[field.name]
    if (value === undefined || value === null) continue
    if (field.map) writeMap(writer, number, field, value as Fields)
    else if (field.repeated) {
      const items = value as ReadonlyArray<unknown>
      for (let i = items.length - 1; i >= 0; i--) writeValue(writer, number, field.type, items[i])
    } else writeValue(writer, number, field.type, value)
  }
}

/** Its fields stand in the parent's JSON; without any of them there is nothing to write. */
const writeInline = (writer: BackwardWriter, number: number, field: MessageField, object: Fields): void => {
  const message = messageOf(field.type)
  if (message === undefined) return
  const mark = writer.written
  writeMessage(writer, message, object)
  if (writer.written > mark) writer.wrap(number, mark)
}

const writeMap = (writer: BackwardWriter, number: number, field: MessageField, map: Fields): void => {
  const keys = Object.keys(map).sort()
  for (let i = keys.length - 1; i >= 0; i--) {
    const key = keys[i]!
    const mark = writer.written
    writeValue(writer, 2, field.type, map[key])
    writer.textField(1, key)
    writer.wrap(number, mark)
  }
}

const writeValue = (writer: BackwardWriter, number: number, type: string, value: unknown): void => {
  const mark = writer.written
  if (type === "bool") {
    writer.varint(value === true ? 1 : 0)
    writer.key(number, 0)
  } else if (type === "double") {
    writer.double(Number(value))
    writer.key(number, 1)
  } else if (type === "string") {
    writer.text(typeof value === "string" ? value : "")
    writer.wrap(number, mark)
  } else if (type === "bytes") {
    writer.bytes(Buffer.from(typeof value === "string" ? value : "", "base64"))
    writer.wrap(number, mark)
  } else if (type.includes(".")) {
    writeSpecial(writer, type, value)
    writer.wrap(number, mark)
  } else {
    writer.integer(Number(value))
    writer.key(number, 0)
  }
}

/** Types that are one value in JSON, and every other message. */
const writeSpecial = (writer: BackwardWriter, type: string, value: unknown): void => {
  const one = special[type]
  const message = messageOf(type)
  if (one !== undefined) one(writer, value)
  else if (type.endsWith(".ExtraValue")) writeTexts(writer, value)
  else if (message !== undefined && typeof value === "object" && value !== null) writeMessage(writer, message, value as Fields)
}

const writeTexts = (writer: BackwardWriter, value: unknown): void => {
  const texts = Array.isArray(value) ? value : []
  for (let i = texts.length - 1; i >= 0; i--) writer.textField(1, String(texts[i]))
}

const writeJson = (writer: BackwardWriter, value: unknown): void => writer.textField(1, JSON.stringify(value))

/** Seconds since 1970 and nanoseconds; what is no time is written as none. */
const writeTime = (writer: BackwardWriter, value: unknown): void => {
  const text = String(value)
  const milliseconds = Date.parse(text)
  if (Number.isNaN(milliseconds)) return
  const fraction = /\.(\d{1,9})/.exec(text)?.[1]
  const nanos = fraction === undefined ? 0 : Number(fraction.padEnd(9, "0"))
  if (nanos !== 0) {
    writer.integer(nanos)
    writer.key(2, 0)
  }
  writer.integer(Math.floor(milliseconds / 1000))
  writer.key(1, 0)
}

const schemas = "k8s.io.apiextensions-apiserver.pkg.apis.apiextensions.v1"

/** What is a schema, or in JSON something else in its place: 1 is the schema, and 2 each of the others. */
const writeSchemaOr =
  (other: (writer: BackwardWriter, value: ReadonlyArray<unknown>) => void) =>
  (writer: BackwardWriter, value: unknown): void => {
    if (Array.isArray(value)) other(writer, value)
    else writeMessageField(writer, 1, messageOf(`${schemas}.JSONSchemaProps`)!, value as Fields)
  }

const unitNanos: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 6e10, h: 3.6e12 }

const special: Readonly<Record<string, (writer: BackwardWriter, value: unknown) => void>> = {
  [`${meta}.Time`]: writeTime,
  [`${meta}.MicroTime`]: writeTime,
  [`${meta}.Duration`]: (writer, value) => {
    let nanos = 0
    for (const [, number, unit] of String(value).matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/g)) {
      nanos += Number(number) * unitNanos[unit!]!
    }
    writer.integer(Math.round(nanos) * (String(value).startsWith("-") ? -1 : 1))
    writer.key(1, 0)
  },
  [`${meta}.FieldsV1`]: writeJson,
  [`${meta}.Verbs`]: writeTexts,
  [`${schemas}.JSON`]: writeJson,
  [`${schemas}.JSONSchemaPropsOrArray`]: writeSchemaOr((writer, list) => {
    const message = messageOf(`${schemas}.JSONSchemaProps`)!
    for (let i = list.length - 1; i >= 0; i--) writeMessageField(writer, 2, message, list[i] as Fields)
  }),
  [`${schemas}.JSONSchemaPropsOrStringArray`]: writeSchemaOr((writer, list) => {
    for (let i = list.length - 1; i >= 0; i--) writer.textField(2, String(list[i]))
  }),
  [`${schemas}.JSONSchemaPropsOrBool`]: (writer, value) => {
    // A schema allows whatever it allows: upstream writes true beside it.
    if (typeof value !== "boolean") writeMessageField(writer, 2, messageOf(`${schemas}.JSONSchemaProps`)!, value as Fields)
    writer.varint(value === false ? 0 : 1)
    writer.key(1, 0)
  },
  "k8s.io.apimachinery.pkg.runtime.RawExtension": writeJson,
  "k8s.io.apimachinery.pkg.api.resource.Quantity": (writer, value) => writer.textField(1, String(value)),
  "k8s.io.apimachinery.pkg.util.intstr.IntOrString": (writer, value) => {
    const text = typeof value === "string"
    writer.textField(3, text ? value : "")
    writer.integer(text ? 0 : Number(value))
    writer.key(2, 0)
    writer.varint(text ? 1 : 0)
    writer.key(1, 0)
  }
}
