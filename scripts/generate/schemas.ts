/** Translates definitions to the compact schema that the library walks. @module */
import type { Schema } from "../../packages/api/src/schema.ts"
import type { OpenApiSchema } from "./facts.ts"
import { nameOf, targetOf } from "./naming.ts"

/** Definitions that hold any object: nothing below them is unknown. */
const open = new Set([
  "RawExtension",
  "FieldsV1",
  "Patch",
  "JSON",
  "JSONSchemaPropsOrArray",
  "JSONSchemaPropsOrBool",
  "JSONSchemaPropsOrStringArray"
])

/** The compact schema of one definition. */
export const compactDefinition = (definition: string, schema: OpenApiSchema): Schema => ({
  ...compact(schema),
  ...(nameOf(definition) === "IntOrString" ? { intOrString: true } : {}),
  ...(open.has(nameOf(definition)) ? { preserveUnknown: true } : {})
})

const compact = (schema: OpenApiSchema): Schema => {
  const entries: ReadonlyArray<readonly [keyof Schema, unknown]> = [
    ["type", schema.type],
    ["format", schema.format],
    ["ref", schema.$ref === undefined ? undefined : targetOf(schema.$ref)],
    ["properties", schema.properties === undefined ? undefined : mapValues(schema.properties, compact)],
    ["items", schema.items === undefined ? undefined : compact(schema.items)],
    ["additionalProperties", schema.additionalProperties === undefined ? undefined : compact(schema.additionalProperties)],
    ["required", schema.required],
    ["enum", schema.enum],
    ["default", schema.default],
    ["listType", schema["x-kubernetes-list-type"]],
    ["listMapKeys", schema["x-kubernetes-list-map-keys"]],
    ["mapType", schema["x-kubernetes-map-type"]],
    ["patchStrategy", schema["x-kubernetes-patch-strategy"]],
    ["patchMergeKey", schema["x-kubernetes-patch-merge-key"]],
    ["groupVersionKinds", schema["x-kubernetes-group-version-kind"]],
    ["unions", schema["x-kubernetes-unions"]]
  ]
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
}

const mapValues = <A, B>(record: Readonly<Record<string, A>>, f: (value: A) => B): Readonly<Record<string, B>> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, f(value)]))
