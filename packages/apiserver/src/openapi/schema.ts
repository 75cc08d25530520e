/** Writes the compact schemas as OpenAPI has them, in version 2 and 3. @module */
import { definitions, hasDefinition, type Schema, schemaOf } from "@tsukube/api"

/** The dialects differ in where definitions are and in what may stand beside a reference. */
export type Dialect = 2 | 3

/** Anything that can be written as JSON. */
export type Json = Readonly<Record<string, unknown>>

const root: Readonly<Record<Dialect, string>> = { 2: "#/definitions/", 3: "#/components/schemas/" }

/** A reference to a definition. */
export const referenceTo = (dialect: Dialect, definition: string): Json => ({ $ref: `${root[dialect]}${definition}` })

/** One schema with everything below it; references stay references. */
export const openApiSchema = (dialect: Dialect, schema: Schema): Json => {
  const { ref, properties, items, additionalProperties, intOrString, preserveUnknown } = schema
  const mapped = (other: Schema) => openApiSchema(dialect, other)
  const out: Record<string, unknown> = {}
  if (intOrString === true && dialect === 3)
    Object.assign(out, { format: "int-or-string", oneOf: [{ type: "integer" }, { type: "string" }] })
  else Object.assign(out, pick(schema, ["type", "format"]))
  Object.assign(out, pick(schema, ["enum", "required", "default"]))
  if (properties !== undefined)
    out["properties"] = Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, mapped(one)]))
  if (items !== undefined) out["items"] = mapped(items)
  if (additionalProperties !== undefined) out["additionalProperties"] = mapped(additionalProperties)
  for (const [ours, theirs] of Object.entries(extensions)) {
    const value = schema[ours as keyof Schema]
    if (value !== undefined) out[theirs] = value
  }
  if (preserveUnknown === true && dialect === 3 && properties === undefined) out["x-kubernetes-preserve-unknown-fields"] = true
  if (ref === undefined) return out
  const reference = referenceTo(dialect, ref)
  if (Object.keys(out).length === 0) return reference
  return dialect === 2 ? { ...reference, ...out } : { allOf: [reference], ...out }
}

const extensions: Readonly<Record<string, string>> = {
  listType: "x-kubernetes-list-type",
  listMapKeys: "x-kubernetes-list-map-keys",
  mapType: "x-kubernetes-map-type",
  patchStrategy: "x-kubernetes-patch-strategy",
  patchMergeKey: "x-kubernetes-patch-merge-key",
  groupVersionKinds: "x-kubernetes-group-version-kind",
  unions: "x-kubernetes-unions"
}

const pick = (schema: Schema, keys: ReadonlyArray<keyof Schema>): Json =>
  Object.fromEntries(keys.flatMap((key) => (schema[key] === undefined ? [] : [[key, schema[key]]])))

/** The definitions that these need, themselves included, in order of their names. */
export const closureOf = (names: Iterable<string>): ReadonlyArray<string> => {
  const found = new Set<string>()
  const visit = ({ ref, properties = {}, items, additionalProperties }: Schema): void => {
    if (ref !== undefined) add(ref)
    for (const property of Object.values(properties)) visit(property)
    if (items !== undefined) visit(items)
    if (additionalProperties !== undefined) visit(additionalProperties)
  }
  const add = (name: string): void => {
    if (found.has(name) || !hasDefinition(name)) return
    found.add(name)
    visit(schemaOf(name))
  }
  for (const name of names) add(name)
  return [...found].sort()
}

/** Quantities may be written as numbers; version 2 has no words for that. */
const quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity"

/** Those definitions as one object. */
export const openApiDefinitions = (dialect: Dialect, names: Iterable<string>): Json =>
  Object.fromEntries(
    [...names].map((name) => [
      name,
      dialect === 3 && name === quantity
        ? { oneOf: [{ type: "string" }, { type: "number" }] }
        : openApiSchema(dialect, schemaOf(name))
    ])
  )

/** The names of all definitions. */
export const allDefinitions = (): ReadonlyArray<string> => [...definitions()].map(([name]) => name).sort()
