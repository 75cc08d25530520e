import { afterAll, beforeAll, expect, test } from "bun:test"
import { pathOf, type Resource, resolve, resources, type Schema } from "@tsukube/api"
import { type Answer, type Running, startServer } from "./testing/server.ts"

let server: Running
beforeAll(async () => {
  server = await startServer()
  await server.json("POST", "/api/v1/namespaces/default/serviceaccounts", { metadata: { name: "default" } })
})
afterAll(() => server.close())

/** A small generator (mulberry32), so that a failing round can be run again by its seed. */
const randomOf = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296
  }
}

const oddities: ReadonlyArray<unknown> = [
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
const sample = (place: Schema, random: () => number, depth: number): unknown => {
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

const bodyOf = (resource: Resource, name: string, random: () => number): Answer => {
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

const patchTypes = ["json-patch", "merge-patch", "strategic-merge-patch"]

/** One request; the object it names must be as it was when the answer is a refusal. */
const round = async (random: () => number): Promise<string | undefined> => {
  const pick = <T>(items: ReadonlyArray<T>): T => items[Math.floor(random() * items.length)]!
  const resource = pick(resources)
  const namespace = resource.namespaced ? { namespace: "default" } : {}
  const collection = pathOf(resource, namespace)
  const subresource = random() < 0.2 && resource.subresources.length > 0 ? `/${pick(resource.subresources).name}` : ""
  const name = `fuzz-${Math.floor(random() * 5)}`
  const object = `${collection}/${name}`
  const method = pick(["POST", "POST", "PUT", "PATCH", "PATCH", "DELETE", "GET"])
  const path = method === "POST" && subresource === "" ? collection : `${object}${subresource}`
  const patch = pick(patchTypes)
  const operations = [
    {
      op: pick(["add", "remove", "replace", "test", "move", "copy", "odd"]),
      path: pick(["/spec", "/metadata/labels/a", "/x/0", "", "spec"]),
      value: pick(oddities),
      from: "/spec"
    }
  ]
  const body =
    method === "GET"
      ? undefined
      : method === "PATCH" && patch === "json-patch"
        ? operations
        : method === "DELETE"
          ? pick([undefined, {}, { gracePeriodSeconds: 0 }, { propagationPolicy: "Orphan" }, pick(oddities)])
          : bodyOf(resource, name, random)
  // What the object is before, to be compared with what it is after a refusal.
  const before = await (await server.send("GET", object)).text()
  const headers = method === "PATCH" ? { "content-type": `application/${patch}+json` } : {}
  const response = await server.send(method, path, body === undefined ? undefined : JSON.stringify(body), headers)
  const text = await response.text()
  if (response.status >= 500) return `${method} ${path} ${patch}: ${response.status} ${text}\n${JSON.stringify(body)}`
  if (response.status < 400) return undefined
  const after = await (await server.send("GET", object)).text()
  return after === before ? undefined : `${method} ${path}: ${response.status} ${text}, and the object changed`
}

test("nothing a client sends makes the server fail, and what is refused changes nothing", async () => {
  const seed = Number(process.env["FUZZ_SEED"] ?? 1)
  const rounds = Number(process.env["FUZZ_ROUNDS"] ?? 1500)
  const random = randomOf(seed)
  const complaints: Array<string> = []
  for (let i = 0; i < rounds; i++) {
    const complaint = await round(random)
    if (complaint !== undefined && complaints.push(complaint) >= 5) break
  }
  expect({ seed, complaints }).toEqual({ seed, complaints: [] })
}, 60_000)
