/** The basics of structural schemas: what every place must say, and what none may. @module */
import { forbidden, invalid, notSupported, required } from "../field-error.ts"
import { isObject, type JsonObject } from "../json.ts"
import type { Findings } from "./findings.ts"

const types = ["array", "boolean", "integer", "number", "object", "string"]
/** Keywords of JSON schema that are not for definitions. */
const banned = ["$ref", "definitions", "dependencies", "patternProperties", "additionalItems", "id", "$schema"]
/** Inside these only values are constrained, no shapes are declared. */
const junctors = ["allOf", "anyOf", "oneOf"]
const shapeWords = ["description", "type", "default", "additionalProperties", "nullable"]

/** The schema of a version; `path` is where it stands. */
export function* validateSchema(schema: object, path: string): Findings {
  const root = schema as JsonObject
  yield* validateMetadataPart(root, path)
  yield* validatePlace(root, path, true)
  if (root["type"] === undefined || root["type"] === "") yield required(`${path}.type`, "must not be empty at the root")
  else if (root["type"] !== "object") yield invalid(`${path}.type`, root["type"], "must be object at the root")
}

/** Of metadata, a definition may only constrain the name. */
function* validateMetadataPart(root: JsonObject, path: string): Findings {
  const metadata = propertiesOf(root)["metadata"]
  if (!isObject(metadata)) return
  const others = Object.keys(propertiesOf(metadata)).filter((key) => key !== "name" && key !== "generateName")
  if (others.length > 0)
    yield forbidden(
      `${path}.properties[metadata]`,
      "must not specify anything other than name and generateName, but metadata is implicitly specified"
    )
}

const propertiesOf = (schema: JsonObject): JsonObject => (isObject(schema["properties"]) ? schema["properties"] : {})

function* validatePlace(schema: JsonObject, path: string, isRoot: boolean): Findings {
  const { type = "" } = schema as { readonly type?: string }
  if (type !== "" && !types.includes(type)) yield notSupported(`${path}.type`, type, types)
  for (const word of banned) if (schema[word] !== undefined) yield forbidden(`${path}.${word}`, `${word} is not supported`)
  if (schema["uniqueItems"] === true)
    yield forbidden(`${path}.uniqueItems`, "uniqueItems cannot be set to true since the runtime complexity becomes quadratic")
  if (isRoot && schema["nullable"] === true) yield forbidden(`${path}.nullable`, "nullable cannot be true at the root")
  yield* validateExtensions(schema, path)
  yield* validateObject(schema, path, isRoot)
  yield* validateArray(schema, path)
  for (const junctor of junctors) {
    const parts = schema[junctor]
    if (!Array.isArray(parts)) continue
    for (const [i, part] of parts.entries()) if (isObject(part)) yield* validateConstraint(part, `${path}.${junctor}[${i}]`)
  }
  if (isObject(schema["not"])) yield* validateConstraint(schema["not"], `${path}.not`)
}

function* validateObject(schema: JsonObject, path: string, isRoot: boolean): Findings {
  const { additionalProperties } = schema
  if (additionalProperties === false)
    yield forbidden(`${path}.additionalProperties`, "additionalProperties cannot be set to false")
  if (additionalProperties !== undefined && additionalProperties !== false && isRoot)
    yield forbidden(`${path}.additionalProperties`, "must not be used at the root")
  if (additionalProperties !== undefined && additionalProperties !== false && Object.keys(propertiesOf(schema)).length > 0)
    yield forbidden(`${path}.additionalProperties`, "additionalProperties and properties are mutual exclusive")
  for (const [name, child] of Object.entries(propertiesOf(schema))) {
    if (!isObject(child)) continue
    yield* mustHaveType(child, `${path}.properties[${name}]`, "must not be empty for specified object fields")
    yield* validatePlace(child, `${path}.properties[${name}]`, false)
  }
  if (isObject(additionalProperties)) {
    yield* mustHaveType(additionalProperties, `${path}.additionalProperties`, "must not be empty for specified object fields")
    yield* validatePlace(additionalProperties, `${path}.additionalProperties`, false)
  }
}

function* validateArray(schema: JsonObject, path: string): Findings {
  const { items } = schema
  if (Array.isArray(items)) yield forbidden(`${path}.items`, "items must be a schema object and not an array")
  if (schema["type"] === "array" && items === undefined) yield required(`${path}.items`, "must be specified")
  if (!isObject(items)) return
  yield* mustHaveType(items, `${path}.items`, "must not be empty for specified array items")
  yield* validatePlace(items, `${path}.items`, false)
}

function* mustHaveType(schema: JsonObject, path: string, sentence: string): Findings {
  const free = schema["x-kubernetes-int-or-string"] === true || schema["x-kubernetes-preserve-unknown-fields"] === true
  if (!free && (schema["type"] === undefined || schema["type"] === "")) yield required(`${path}.type`, sentence)
}

/** What the words of Kubernetes itself ask for. */
function* validateExtensions(schema: JsonObject, path: string): Findings {
  const listType = schema["x-kubernetes-list-type"]
  const keys = schema["x-kubernetes-list-map-keys"]
  const mapType = schema["x-kubernetes-map-type"]
  const embedded = schema["x-kubernetes-embedded-resource"] === true
  if (listType !== undefined) {
    if (schema["type"] !== "array")
      yield invalid(`${path}.type`, schema["type"] ?? "", "must be array if x-kubernetes-list-type is specified")
    if (!["atomic", "map", "set"].includes(String(listType)))
      yield notSupported(`${path}.x-kubernetes-list-type`, listType, ["atomic", "map", "set"])
    if (listType === "map" && (!Array.isArray(keys) || keys.length === 0))
      yield required(`${path}.x-kubernetes-list-map-keys`, "must not be empty if x-kubernetes-list-type is map")
  }
  if (Array.isArray(keys) && keys.length > 0 && listType !== "map")
    yield invalid(`${path}.x-kubernetes-list-type`, listType ?? null, "must be map if x-kubernetes-list-map-keys is non-empty")
  if (mapType !== undefined && !["atomic", "granular"].includes(String(mapType)))
    yield notSupported(`${path}.x-kubernetes-map-type`, mapType, ["atomic", "granular"])
  if (schema["x-kubernetes-preserve-unknown-fields"] === false)
    yield invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, "must be true or undefined")
  if (schema["x-kubernetes-int-or-string"] === true && schema["type"] !== undefined && schema["type"] !== "")
    yield invalid(`${path}.type`, schema["type"], "must be empty if x-kubernetes-int-or-string is true")
  if (embedded && schema["type"] !== "object")
    yield invalid(`${path}.type`, schema["type"] ?? "", "must be object if x-kubernetes-embedded-resource is true")
  yield* validateRules(schema["x-kubernetes-validations"], `${path}.x-kubernetes-validations`)
}

function* validateRules(rules: unknown, path: string): Findings {
  if (!Array.isArray(rules)) return
  for (const [i, rule] of rules.entries()) {
    const { rule: expression = "", message } = rule as { readonly rule?: string; readonly message?: string }
    if (expression.trim() === "") yield required(`${path}[${i}].rule`, "rule is not specified")
    if (message !== undefined && message !== "" && message.trim() === "")
      yield invalid(`${path}[${i}].message`, message, "message must be non-empty if specified")
    else if (message?.trim().includes("\n") === true)
      yield invalid(`${path}[${i}].message`, message, "message must not contain line breaks")
    else if (expression.trim().includes("\n") && (message ?? "") === "")
      yield required(`${path}[${i}].message`, "message must be specified if rule contains line breaks")
  }
}

/** Below a junctor there are only constraints on values. */
function* validateConstraint(schema: JsonObject, path: string): Findings {
  const isIntOrString = schema["type"] === "integer" || schema["type"] === "string"
  for (const word of shapeWords) {
    if (schema[word] === undefined || schema[word] === "" || (word === "type" && isIntOrString)) continue
    yield forbidden(`${path}.${word}`, "must be empty to be structural")
  }
  for (const [name, child] of Object.entries(propertiesOf(schema)))
    if (isObject(child)) yield* validateConstraint(child, `${path}.properties[${name}]`)
  if (isObject(schema["items"])) yield* validateConstraint(schema["items"], `${path}.items`)
}
