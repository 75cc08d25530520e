/** Values of a type that together set every field of it, by its schema and what `values.ts` knows of fields that a schema cannot tell. @module */
import { isObject, resolve, type Schema, schemaOf } from "@tsukube/api"

/** One way to fill a type: all fields, all but some, or only some, and values for a few. */
export interface Shape {
  readonly only?: ReadonlyArray<string>
  readonly without?: ReadonlyArray<string>
  readonly set?: Readonly<Record<string, unknown>>
}

/** What a schema does not say. Types go by the last part of their name (`PodSpec`), by more of it where that is not enough (`v1.Event`). */
export interface Hints {
  /** Values of fields, by `Type.field`: the value, several `Ways`, or a function of what the schema gives; as in `Shape.set`. */
  readonly values: Readonly<Record<string, unknown>>
  /** The ways to fill a type whose fields exclude each other. */
  readonly shapes: Readonly<Record<string, ReadonlyArray<Shape>>>
}

/** Several values for one field: each is in one of the type's ways. */
export class Ways {
  readonly values: ReadonlyArray<unknown>
  constructor(...values: ReadonlyArray<unknown>) {
    this.values = values
  }
}

/** Writes down the fields of `definition` (and of all it holds) as `Type.field`. */
export const fieldsOf = (definition: string, seen: Set<string> = new Set(), found: Set<string> = new Set()): Set<string> => {
  const visit = (schema: Schema): void => {
    if (schema.ref !== undefined && !seen.has(schema.ref)) {
      seen.add(schema.ref)
      fieldsOf(schema.ref, seen, found)
    }
    if (schema.items !== undefined) visit(schema.items)
    if (schema.additionalProperties !== undefined) visit(schema.additionalProperties)
  }
  for (const [name, field] of Object.entries(schemaOf(definition).properties ?? {})) {
    found.add(`${definition}.${name}`)
    visit(field)
  }
  return found
}

/** The fields that `value` sets, as `fieldsOf` names them, are added to `found`. */
export const fieldsSet = (value: unknown, place: Schema, found: Set<string>): void => {
  const schema = resolve(place)
  if (Array.isArray(value)) for (const item of value) fieldsSet(item, schema.items ?? {}, found)
  else if (isObject(value) && schema.properties !== undefined) {
    for (const [name, field] of Object.entries(value)) {
      const inner = schema.properties[name]
      if (inner === undefined) continue
      found.add(`${place.ref}.${name}`)
      fieldsSet(field, inner, found)
    }
  } else if (isObject(value) && schema.additionalProperties !== undefined)
    for (const item of Object.values(value)) fieldsSet(item, schema.additionalProperties, found)
}

/** The entry of a table for `definition`, or for a field of it: its longest name wins. */
const hinted = <T>(table: Readonly<Record<string, T>>, definition: string, field = ""): T | undefined => {
  const parts = definition.split(".")
  for (let i = 0; i < parts.length; i++) {
    const found = table[parts.slice(i).join(".") + field]
    if (found !== undefined) return found
  }
  return undefined
}

/** The ways to fill `definition`: valid as far as the hints go, and together with every field. */
export const fill =
  (hints: Hints) =>
  (definition: string): ReadonlyArray<unknown> => {
    const ways = (place: Schema, inside: ReadonlyArray<string>): ReadonlyArray<unknown> => {
      const schema = resolve(place)
      if (schema.enum !== undefined) return [schema.enum[0]]
      if (schema.properties !== undefined) return structs(place.ref ?? "", schema.properties, inside)
      if (schema.items !== undefined) return [listOf(schema, ways(schema.items, inside))]
      if (schema.additionalProperties !== undefined) return [mapOf(ways(schema.additionalProperties, inside))]
      return [scalar(place.ref ?? "", schema)]
    }

    const structs = (
      type: string,
      properties: Readonly<Record<string, Schema>>,
      inside: ReadonlyArray<string>
    ): ReadonlyArray<unknown> => {
      // A type that holds itself (a JSON schema) is filled once.
      if (inside.includes(type)) return [{}]
      const within = [...inside, type]
      return (hinted(hints.shapes, type) ?? [{}]).flatMap((shape) => {
        const names = Object.keys(properties).filter(
          (name) => (shape.only?.includes(name) ?? true) && shape.without?.includes(name) !== true
        )
        const fields = [...new Set([...names, ...Object.keys(shape.set ?? {})])].map(
          (name): readonly [string, ReadonlyArray<unknown>] => {
            const hint = shape.set !== undefined && name in shape.set ? shape.set[name] : hinted(hints.values, type, `.${name}`)
            if (typeof hint === "function") return [name, ways(properties[name] ?? {}, within).map((way): unknown => hint(way))]
            return [name, hint !== undefined ? waysOf(hint) : ways(properties[name] ?? {}, within)]
          }
        )
        const count = Math.max(1, ...fields.map(([, values]) => values.length))
        return Array.from({ length: count }, (_, i) =>
          Object.fromEntries(fields.map(([name, values]) => [name, values[i % values.length]]))
        )
      })
    }
    return ways({ ref: definition }, [])
  }

const waysOf = (hint: unknown): ReadonlyArray<unknown> => (hint instanceof Ways ? hint.values : [hint])

/** All ways as the items of one list, told apart by the fields that the list is merged by. */
const listOf = (schema: Schema, items: ReadonlyArray<unknown>): ReadonlyArray<unknown> => {
  const keys = schema.listMapKeys ?? (schema.patchMergeKey === undefined ? [] : [schema.patchMergeKey])
  const item = resolve(schema.items ?? {})
  const key = [...keys, "name"].find(
    (name) => item.properties?.[name] !== undefined && resolve(item.properties[name]).enum === undefined
  )
  if (key === undefined || items.length === 1) return items
  return items.map((way, i) => {
    if (!isObject(way)) return way
    const value = way[key]
    return { ...way, [key]: typeof value === "number" ? value + i : typeof value === "string" ? `${value}${i}` : value }
  })
}

const mapOf = (values: ReadonlyArray<unknown>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(values.map((value, i) => [i === 0 ? "a" : `a${i}`, value]))

const scalar = (type: string, schema: Schema): unknown => {
  if (schema.preserveUnknown === true || schema.type === "object") return { a: "b" }
  if (type.endsWith(".Quantity")) return "1"
  if (type.endsWith(".MicroTime")) return "2026-01-02T03:04:05.000006Z"
  if (schema.intOrString === true) return 1
  if (schema.type === "integer" || schema.type === "number") return 1
  if (schema.type === "boolean") return true
  if (schema.format === "date-time") return "2026-01-02T03:04:05Z"
  if (schema.format === "byte") return "YQ=="
  return "a"
}
