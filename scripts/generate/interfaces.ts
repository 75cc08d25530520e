/** Prints definitions as readonly TypeScript interfaces. @module */
import type { OpenApiSchema } from "./facts.ts"
import { fileOf, nameOf, targetOf } from "./naming.ts"

/** Definitions whose shape OpenAPI cannot say. */
const written: Readonly<Record<string, readonly [type: string, sentence: string]>> = {
  Quantity: ["string", "A decimal or binary amount such as `100m`, `1.5` or `2Gi`."],
  IntOrString: ["number | string", "A number, or a name or percentage as text."],
  Time: ["string", "A moment as RFC 3339 text with seconds, `2026-01-31T12:00:00Z`."],
  MicroTime: ["string", "A moment as RFC 3339 text with microseconds."],
  FieldsV1: ["Readonly<Record<string, unknown>>", "The set of fields an owner manages, as a tree of `f:`, `k:` and `v:` keys."],
  RawExtension: ["Readonly<Record<string, unknown>>", "Any object, kept as it is."],
  Patch: ["Readonly<Record<string, unknown>>", "The body of a PATCH request."],
  JSON: ["unknown", "Any JSON value."],
  JSONSchemaPropsOrArray: ["JSONSchemaProps | ReadonlyArray<JSONSchemaProps>", "One schema or several."],
  JSONSchemaPropsOrBool: ["JSONSchemaProps | boolean", "A schema, or whether anything is allowed."],
  JSONSchemaPropsOrStringArray: ["JSONSchemaProps | ReadonlyArray<string>", "A schema, or names of properties."]
}

/** The declaration of one definition. */
export const printInterface = (definition: string, schema: OpenApiSchema): string => {
  const name = nameOf(definition)
  const special = written[name]
  if (special !== undefined) return `/** ${special[1]} */\nexport type ${name} = ${special[0]}\n`
  const gvk = schema["x-kubernetes-group-version-kind"]?.[0]
  const where = fileOf(definition).replace(/-(v\d\w*)$/, "/$1")
  const sentence = gvk === undefined ? `Part of objects of ${where}.` : `An object of ${where}.`
  const properties = Object.entries(schema.properties ?? {})
  if (properties.length === 0) return `/** ${sentence} */\nexport type ${name} = Readonly<Record<string, never>>\n`
  const lines = properties.map(([key, property]) => {
    const optional = schema.required?.includes(key) ? "" : "?"
    return `  readonly ${/^[A-Za-z_]\w*$/.test(key) ? key : JSON.stringify(key)}${optional}: ${typeOf(property)}`
  })
  return `/** ${sentence} */\nexport interface ${name} {\n${lines.join("\n")}\n}\n`
}

const typeOf = (schema: OpenApiSchema): string => {
  if (schema.$ref !== undefined) return nameOf(targetOf(schema.$ref))
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(" | ")
  switch (schema.type) {
    case "array":
      return `ReadonlyArray<${schema.items === undefined ? "unknown" : typeOf(schema.items)}>`
    case "integer":
    case "number":
      return "number"
    case "string":
    case "boolean":
      return schema.type
    case "object":
      return `Readonly<Record<string, ${schema.additionalProperties === undefined ? "unknown" : typeOf(schema.additionalProperties)}>>`
    default:
      return "unknown"
  }
}

/** Every definition that a definition names directly. */
export const referencesOf = (schema: OpenApiSchema): ReadonlyArray<string> => [
  ...(schema.$ref === undefined ? [] : [targetOf(schema.$ref)]),
  ...Object.values(schema.properties ?? {}).flatMap(referencesOf),
  ...(schema.items === undefined ? [] : referencesOf(schema.items)),
  ...(schema.additionalProperties === undefined ? [] : referencesOf(schema.additionalProperties))
]
