/** Writes an OpenAPI v2 document as the protobuf message that older kubectl asks for: definitions, and the parameters of operations. @module */
import type { Json } from "./schema.ts"

const varint = (value: number): Buffer => {
  const bytes: Array<number> = []
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return Buffer.from([...bytes, left])
    bytes.push((left % 128) | 0x80)
  }
}

const field = (number: number, ...parts: ReadonlyArray<Buffer>): Buffer => {
  const body = Buffer.concat(parts)
  return Buffer.concat([varint(number * 8 + 2), varint(body.length), body])
}
const text = (number: number, value: unknown): Buffer =>
  typeof value === "string" && value !== "" ? field(number, Buffer.from(value)) : Buffer.alloc(0)
const flag = (number: number, value: unknown): Buffer =>
  value === true ? Buffer.concat([varint(number * 8), Buffer.from([1])]) : Buffer.alloc(0)

const objectOf = (value: unknown): Json => (typeof value === "object" && value !== null ? (value as Json) : {})
const listOf = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])

/** Any value, as YAML text; JSON is YAML. */
const any = (value: unknown): Buffer => field(2, Buffer.from(JSON.stringify(value)))
const extensions = (number: number, object: Json): Buffer =>
  Buffer.concat(
    Object.entries(object).flatMap(([name, value]) =>
      name.startsWith("x-") ? [field(number, text(1, name), field(2, any(value)))] : []
    )
  )

/** A `Schema`. */
const schema = (value: unknown): Buffer => {
  const object = objectOf(value)
  const { properties, items, additionalProperties } = object
  const types = typeof object["type"] === "string" ? [object["type"]] : []
  return Buffer.concat([
    text(1, object["$ref"]),
    text(2, object["format"]),
    ...("default" in object ? [field(5, any(object["default"]))] : []),
    ...listOf(object["required"]).map((name) => text(19, name)),
    ...listOf(object["enum"]).map((one) => field(20, any(one))),
    ...(additionalProperties === undefined ? [] : [field(21, field(1, schema(additionalProperties)))]),
    ...types.map((type) => field(22, text(1, type))),
    ...(items === undefined ? [] : [field(23, field(1, schema(items)))]),
    ...(properties === undefined ? [] : [field(25, ...Object.entries(objectOf(properties)).map(named))]),
    extensions(31, object)
  ])
}

const named = ([name, value]: readonly [string, unknown]): Buffer => field(1, text(1, name), field(2, schema(value)))

/** A `ParametersItem`: a parameter in the query (3) or the path (4), or a body. */
const parameter = (number: number, value: unknown): Buffer => {
  const object = objectOf(value)
  if (object["in"] === "body") {
    const body = Buffer.concat([text(2, "body"), text(3, "body"), flag(4, true), field(5, schema(object["schema"]))])
    return field(number, field(1, field(1, body)))
  }
  const query = object["in"] === "query"
  const plain = Buffer.concat([
    flag(1, object["required"]),
    text(2, object["in"]),
    text(4, object["name"]),
    text(query ? 6 : 5, object["type"]),
    flag(query ? 20 : 19, object["uniqueItems"])
  ])
  return field(number, field(1, field(2, field(query ? 3 : 4, plain))))
}

const methods: Readonly<Record<string, number>> = { get: 2, put: 3, post: 4, delete: 5, patch: 8 }

const operation = (value: unknown): Buffer => {
  const object = objectOf(value)
  const responses = Object.entries(objectOf(object["responses"])).map(([code, response]) => {
    const content = objectOf(response)
    const body = content["schema"] === undefined ? [] : [field(2, field(1, schema(content["schema"])))]
    return field(1, text(1, code), field(2, field(1, text(1, content["description"]), ...body)))
  })
  return Buffer.concat([
    ...listOf(object["parameters"]).map((one) => parameter(8, one)),
    field(9, ...responses),
    extensions(13, object)
  ])
}

const path = ([name, value]: readonly [string, unknown]): Buffer => {
  const item = objectOf(value)
  const parts = Object.entries(methods).flatMap(([method, number]) =>
    item[method] === undefined ? [] : [field(number, operation(item[method]))]
  )
  return field(2, text(1, name), field(2, ...parts, ...listOf(item["parameters"]).map((one) => parameter(9, one))))
}

/** The whole document, in the numbering of gnostic's `openapi.v2.Document`. */
export const openApiV2Protobuf = (document: Json): Uint8Array<ArrayBuffer> => {
  const info = objectOf(document["info"])
  return new Uint8Array(
    Buffer.concat([
      text(1, document["swagger"]),
      field(2, text(1, info["title"]), text(2, info["version"])),
      field(8, ...Object.entries(objectOf(document["paths"])).map(path)),
      field(9, ...Object.entries(objectOf(document["definitions"])).map(named))
    ])
  )
}
