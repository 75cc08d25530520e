/** How the values of a schema are owned and merged: field by field, item by item, or only as a whole. Compiled once per schema. @module */
import { resolve, type Schema } from "../schema.ts"

/** What the fields of a value are to those who own them. */
export interface Shape {
  /** `any` is a value that the schema says nothing of; it is atomic. */
  readonly kind: "map" | "list" | "scalar" | "any"
  /** Of a scalar. */
  readonly scalar: "string" | "numeric" | "boolean" | "untyped"
  /** Owned only as a whole. */
  readonly atomic: boolean
  /** The fields that the schema names. */
  readonly fields: ReadonlyMap<string, Shape>
  /** Of a list's items, or of a map's values; `undefined` when no field may be there but the named ones. */
  readonly element: Shape | undefined
  /** What tells the items of a list apart, sorted by name; none in a set of scalars. */
  readonly keys: ReadonlyArray<ListKey>
}

/** A field that tells the items of a list apart. */
export interface ListKey {
  readonly name: string
  /** What it is when an item does not say; without it, such an item is one of its own. */
  readonly absent?: unknown
}

type Draft = { -readonly [Key in keyof Shape]: Shape[Key] }

/** A value of which nothing is known. */
export const anyShape: Shape = blank("any", "untyped")

const compiled = new WeakMap<Schema, Shape>()
const byDefinition = new Map<string, Shape>()

/** The shape of a definition. */
export const shapeOf = (definition: string): Shape => compile({ ref: definition })

function blank(kind: Shape["kind"], scalar: Shape["scalar"]): Draft {
  return { kind, scalar, atomic: kind === "any", fields: new Map(), element: undefined, keys: [] }
}

const compile = (place: Schema): Shape => {
  const plain = place.ref !== undefined && place.mapType === undefined && place.listType === undefined
  const known = plain ? byDefinition.get(place.ref ?? "") : compiled.get(place)
  if (known !== undefined) return known
  const schema = resolve(place)
  const shape = blank(kindOf(schema), scalarOf(schema, place.ref))
  // Known before it is whole: schemas such as JSONSchemaProps hold themselves.
  if (plain) byDefinition.set(place.ref ?? "", shape)
  else compiled.set(place, shape)
  if (shape.kind === "list") fillList(shape, schema)
  if (shape.kind === "map") {
    shape.atomic = schema.mapType === "atomic"
    shape.fields = new Map(Object.entries(schema.properties ?? {}).map(([name, field]) => [name, compile(field)]))
    if (schema.additionalProperties !== undefined) shape.element = compile(schema.additionalProperties)
  }
  return shape
}

const kindOf = (schema: Schema): Shape["kind"] => {
  if (schema.preserveUnknown === true) return "any"
  if (schema.type === "array") return "list"
  if (schema.properties !== undefined || schema.additionalProperties !== undefined) return "map"
  if (schema.type === "object" || (schema.type === undefined && schema.intOrString !== true)) return "any"
  return "scalar"
}

const scalarOf = (schema: Schema, ref: string | undefined): Shape["scalar"] => {
  if (schema.intOrString === true || ref?.endsWith(".Quantity") === true) return "untyped"
  if (schema.type === "integer" || schema.type === "number") return "numeric"
  if (schema.type === "boolean") return "boolean"
  return schema.type === "string" ? "string" : "untyped"
}

const fillList = (shape: Draft, schema: Schema): void => {
  const merged = schema.patchStrategy?.split(",").includes("merge") === true
  const type = schema.listType ?? (merged ? (schema.patchMergeKey === undefined ? "set" : "map") : "atomic")
  shape.atomic = type === "atomic"
  shape.element = compile(schema.items ?? {})
  if (type !== "map") return
  const names = schema.listMapKeys ?? (schema.patchMergeKey === undefined ? [] : [schema.patchMergeKey])
  shape.keys = [...names].sort().map((name) => keyOf(name, schema.items ?? {}))
}

/** Keys that items may leave out, and their defaults: the facts that the schemas are made of hold none. */
const defaults: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "io.k8s.api.core.v1.ContainerPort": { protocol: "TCP" },
  "io.k8s.api.core.v1.ServicePort": { protocol: "TCP" },
  "io.k8s.api.core.v1.LocalObjectReference": { name: "" }
}

/** A required key has the zero of its type for a default, as upstream's published schemas say. */
const keyOf = (name: string, items: Schema): ListKey => {
  const given = defaults[items.ref ?? ""]?.[name]
  if (given !== undefined) return { name, absent: given }
  const item = resolve(items)
  if (item.required?.includes(name) !== true) return { name }
  const type = item.properties?.[name]?.type
  return { name, absent: type === "integer" || type === "number" ? 0 : "" }
}
