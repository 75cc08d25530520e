/** The compact structural schema of every built-in type, parsed when it is first asked for. @module */
import { schemaTexts } from "./data/schemas.ts"

/** A schema node: OpenAPI v2 cut down to what deciding needs, with Kubernetes' extensions under short names. */
export interface Schema {
  readonly type?: "string" | "integer" | "number" | "boolean" | "array" | "object"
  readonly format?: string
  /** The definition that says what is here; see `resolve`. */
  readonly ref?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly additionalProperties?: Schema
  readonly required?: ReadonlyArray<string>
  readonly enum?: ReadonlyArray<string>
  readonly default?: unknown
  readonly listType?: "atomic" | "set" | "map"
  readonly listMapKeys?: ReadonlyArray<string>
  readonly mapType?: "atomic" | "granular"
  /** Comma-separated: `merge`, `retainKeys`, `replace`. */
  readonly patchStrategy?: string
  readonly patchMergeKey?: string
  /** A number or a string. */
  readonly intOrString?: boolean
  /** Anything may be below; nothing is unknown there. */
  readonly preserveUnknown?: boolean
  readonly groupVersionKinds?: ReadonlyArray<{ readonly group: string; readonly version: string; readonly kind: string }>
  readonly unions?: ReadonlyArray<unknown>
}

const resolved = new WeakMap<Schema, Schema>()
const parsed = new Map<string, Schema>()

/** The schema of a definition such as `io.k8s.api.core.v1.Pod`; throws on a name that Kubernetes v1.36 does not have. */
export const schemaOf = (definition: string): Schema => {
  const known = parsed.get(definition)
  if (known !== undefined) return known
  const text = hasDefinition(definition) ? schemaTexts[definition] : undefined
  if (text === undefined) throw new Error(`no definition ${definition}`)
  const schema: Schema = JSON.parse(text)
  parsed.set(definition, schema)
  return schema
}

/** Follows `ref`; what the place itself says (list kind, patch strategy) wins over the definition. */
export const resolve = (schema: Schema): Schema => {
  if (schema.ref === undefined) return schema
  const known = resolved.get(schema)
  if (known !== undefined) return known
  const target: Schema = { ...schemaOf(schema.ref), ...schema }
  resolved.set(schema, target)
  return target
}

/** Every definition by name, for whoever publishes them all. Parses them all. */
export function* definitions(): IterableIterator<readonly [name: string, schema: Schema]> {
  for (const name in schemaTexts) yield [name, schemaOf(name)]
}

/** Whether a definition is there. */
export const hasDefinition = (definition: string): boolean => Object.hasOwn(schemaTexts, definition)
