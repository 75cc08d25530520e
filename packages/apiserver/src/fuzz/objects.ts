/** Objects that fit their schema mostly, and sometimes not at all. @module */
import { type Resource, resolve, type Schema } from "@tsukube/api"

/** Numbers from 0 up to, not including, 1. */
export type Random = () => number

/** One of several, all equally likely. */
export const pickOf =
  (random: Random) =>
  <T>(items: ReadonlyArray<T>): T =>
    items[Math.floor(random() * items.length)]!

/** A small generator (mulberry32), so that a failing round can be run again by its seed. */
export const randomOf = (seed: number): Random => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296
  }
}

export const oddities: ReadonlyArray<unknown> = [
  null,
  true,
  -1,
  0,
  1.5,
  1e30,
  "",
  "x",
  "🦊",
  "a".repeat(300),
  [],
  {},
  [null],
  { a: null },
  ["x"]
]

/** How often a value is not what its place asks for: rarely, or hardly any object would get past the decoder. */
const oddity = 0.004

/** A value that fits the schema mostly, and sometimes not at all. */
const sample = (place: Schema, random: Random, depth: number): unknown => {
  const pick = <T>(items: ReadonlyArray<T>): T => items[Math.floor(random() * items.length)]!
  if (random() < oddity) return pick(oddities)
  const schema = resolve(place)
  if (schema.enum !== undefined) return pick(schema.enum)
  if (schema.properties !== undefined) {
    const fields = Object.entries(schema.properties).filter(
      ([name]) => schema.required?.includes(name) === true || random() < 0.3 / depth
    )
    return Object.fromEntries(fields.map(([name, field]) => [name, sample(field, random, depth + 1)]))
  }
  if (schema.type === "array")
    return Array.from({ length: Math.floor(random() * (depth > 8 ? 1 : 3)) }, () => sample(schema.items ?? {}, random, depth + 1))
  if (schema.type === "object")
    return schema.additionalProperties === undefined ? {} : { key: sample(schema.additionalProperties, random, depth + 1) }
  if (schema.type === "integer" || schema.type === "number") return pick([0, 1, 2, 80, 443, -1, 65536])
  if (schema.type === "boolean") return random() < 0.5
  return pick(["a", "b", "10m", "1Gi", "10.0.0.1", "TCP", "2026-01-01T00:00:00Z", "x/y", "Always"])
}

/** A body for a resource: mostly what it asks for. */
export const bodyOf = (resource: Resource, name: string, random: Random): unknown => {
  const body = sample({ ref: resource.schema }, random, 0)
  if (typeof body !== "object" || body === null || Array.isArray(body)) return body
  const metadata = random() < 0.9 ? { name } : sample({ ref: "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" }, random, 1)
  return {
    ...body,
    kind: resource.kind,
    apiVersion: resource.group === "" ? resource.version : `${resource.group}/${resource.version}`,
    metadata
  }
}
