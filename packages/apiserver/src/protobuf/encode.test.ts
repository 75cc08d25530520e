import { afterAll, expect, test } from "bun:test"
import { apiVersionOf, resolve, resources, type Schema } from "@tsukube/api"
import { admin, configMap, pod, startServer } from "../testing/server.ts"
import { decodeProtobuf } from "./decode.ts"
import { canEncode, encodeProtobuf } from "./encode.ts"

const server = await startServer({ disableAdmissionPlugins: ["ServiceAccount"] })
afterAll(() => server.close())

/** A small generator (mulberry32). */
const randomOf = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296
  }
}

const schemaGroup = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1"
const schemaDepth = 7

/** A value of the schema that survives Go's types: no empty lists, no zeros, times in whole seconds. */
const sample = (place: Schema, random: () => number, depth: number): unknown => {
  const pick = <T>(items: ReadonlyArray<T>): T => items[Math.floor(random() * items.length)]!
  const schema = resolve(place)
  if (place.ref?.endsWith("Quantity") === true) return pick(["100m", "1Gi", "3"])
  if (place.ref?.endsWith("IntOrString") === true || schema.intOrString === true) return pick([80, "http", "25%"])
  if (place.ref?.endsWith(".Time") === true) return "2026-11-20T10:20:30Z"
  if (place.ref?.endsWith("MicroTime") === true) return "2026-11-20T10:20:30.123456Z"
  if (place.ref?.endsWith("FieldsV1") === true) return { "f:metadata": { "f:name": {} } }
  if (place.ref?.endsWith("RawExtension") === true) return { kind: "X", n: 1.5, list: [null, {}] }
  if (place.ref?.endsWith(".JSON") === true) return pick<unknown>([1, "x", [null, { a: false }], { b: 1.5 }, true])
  // Schemas are of schemas: it has to end somewhere.
  if (place.ref?.endsWith(".JSONSchemaProps") === true && depth > schemaDepth)
    return { type: "string", maximum: 0, nullable: true }
  const nested = { ref: `${schemaGroup}.JSONSchemaProps` }
  if (place.ref === `${schemaGroup}.JSONSchemaPropsOrBool`)
    return pick<() => unknown>([() => true, () => false, () => sample(nested, random, depth + 1)])()
  if (place.ref === `${schemaGroup}.JSONSchemaPropsOrArray`)
    return pick<() => unknown>([
      () => [sample(nested, random, depth + 1), sample(nested, random, depth + 1)],
      () => sample(nested, random, depth + 1)
    ])()
  if (place.ref === `${schemaGroup}.JSONSchemaPropsOrStringArray`)
    return pick<() => unknown>([() => ["a", "ä"], () => sample(nested, random, depth + 1)])()
  if (schema.properties !== undefined) {
    const fields = Object.entries(schema.properties).filter(
      ([name]) => name !== "kind" && name !== "apiVersion" && (depth < 5 ? random() < 0.7 : random() < 0.3)
    )
    return Object.fromEntries(fields.map(([name, field]) => [name, sample(field, random, depth + 1)]))
  }
  if (schema.type === "array") {
    return Array.from({ length: 1 + Math.floor(random() * (depth > 5 ? 1 : 3)) }, () =>
      sample(schema.items ?? {}, random, depth + 1)
    )
  }
  if (schema.type === "object") {
    const content = schema.additionalProperties
    if (content === undefined) return {}
    return Object.fromEntries(["a", "ä/b"].map((key) => [key, sample(content, random, depth + 1)]))
  }
  if (schema.type === "integer") return pick([1, 80, 2 ** 31 - 1, -5])
  if (schema.type === "number") return pick([1.5, -2.25])
  if (schema.type === "boolean") return true
  if (schema.format === "date-time") return "2026-11-20T10:20:30Z"
  if (schema.format === "byte") return Buffer.from("🦊 bytes").toString("base64")
  return pick(["x", "grüße 🦊", "a".repeat(300)])
}

test("every kind encodes and decodes to the same JSON", () => {
  const seed = Number(process.env["FUZZ_SEED"] ?? 1)
  const random = randomOf(seed)
  for (const resource of resources) {
    const apiVersion = apiVersionOf(resource)
    expect([apiVersion, resource.kind, canEncode(apiVersion, resource.kind)]).toEqual([apiVersion, resource.kind, true])
    for (let i = 0; i < 20; i++) {
      const object = Object.assign(
        { kind: resource.kind, apiVersion },
        sample({ ref: resource.schema }, random, 0) as Record<string, unknown>
      )
      const decoded: unknown = decodeProtobuf(encodeProtobuf(object))
      expect({ seed, decoded }).toEqual({ seed, decoded: object })
    }
  }
})

test("zeros that Go has as pointers survive", () => {
  const deployment = { kind: "Deployment", apiVersion: "apps/v1", metadata: { name: "d" }, spec: { replicas: 0 } }
  const decoded: unknown = decodeProtobuf(encodeProtobuf(deployment))
  expect(decoded).toEqual(deployment)
})

const protobuf = "application/vnd.kubernetes.protobuf"
const path = "/api/v1/namespaces/default/configmaps"

test("objects, lists and refusals are sent in protobuf to those who ask", async () => {
  await server.json("POST", path, configMap("one", { a: "ä" }))
  const one = await server.send("GET", `${path}/one`, undefined, { accept: protobuf })
  expect(one.headers.get("content-type")).toBe(protobuf)
  const decoded: unknown = decodeProtobuf(new Uint8Array(await one.arrayBuffer()))
  expect(decoded).toEqual(await server.json("GET", `${path}/one`))
  const list = await server.send("GET", path, undefined, { accept: `${protobuf},application/json` })
  expect(list.headers.get("content-type")).toBe(protobuf)
  const bytes = Buffer.from(await list.arrayBuffer())
  expect(bytes.includes("ConfigMapList")).toBe(true)
  expect(bytes.includes("one")).toBe(true)
  const missing = await server.send("GET", `${path}/none`, undefined, { accept: protobuf })
  expect(missing.status).toBe(404)
  const status: unknown = decodeProtobuf(new Uint8Array(await missing.arrayBuffer()))
  expect(status).toMatchObject({ kind: "Status", reason: "NotFound", code: 404, details: { name: "none", kind: "configmaps" } })
  const metadata = await server.send("GET", `${path}/one`, undefined, {
    accept: `${protobuf};as=PartialObjectMetadata;g=meta.k8s.io;v=v1`
  })
  expect(Buffer.from(await metadata.arrayBuffer()).includes("PartialObjectMetadata")).toBe(true)
})

test("tables have no protobuf: they come as JSON to those who take it as well", async () => {
  const table = await server.send("GET", "/api/v1/pods", undefined, {
    accept: `${protobuf};as=Table;g=meta.k8s.io;v=v1,application/json;as=Table;g=meta.k8s.io;v=v1`
  })
  expect(await table.json()).toMatchObject({ kind: "Table" })
})

test("definitions and APIServices go both ways, schemas in all their forms included", async () => {
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
  const definition = {
    kind: "CustomResourceDefinition",
    apiVersion: "apiextensions.k8s.io/v1",
    metadata: { name: "wheels.example.com" },
    spec: {
      group: "example.com",
      scope: "Namespaced",
      names: { plural: "wheels", kind: "Wheel" },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: "object",
              "x-kubernetes-preserve-unknown-fields": true,
              properties: {
                size: { type: "integer", minimum: 0, default: 0, enum: [0, 1] },
                open: { type: "object", additionalProperties: { type: "string" } },
                spokes: { type: "array", items: { type: "string" } }
              }
            }
          }
        }
      ]
    }
  }
  const body = encodeProtobuf(definition)
  const decoded: unknown = decodeProtobuf(body)
  expect(decoded).toEqual(definition)
  const created = await server.apiserver.fetchAs(admin)(
    new Request(`https://kubernetes${path}`, { method: "POST", body, headers: { "content-type": protobuf, accept: protobuf } })
  )
  expect(created.status).toBe(201)
  expect(created.headers.get("content-type")).toBe(protobuf)
  const answered: unknown = decodeProtobuf(new Uint8Array(await created.arrayBuffer()))
  expect(answered).toMatchObject({ spec: { versions: definition.spec.versions } })
})

test("watch events come behind their length, made once for all watchers", async () => {
  const pods = "/api/v1/namespaces/default/pods"
  const watch = await server.send("GET", `${pods}?watch=true&resourceVersion=0`, undefined, { accept: protobuf })
  expect(watch.headers.get("content-type")).toBe(`${protobuf};stream=watch`)
  await server.json("POST", pods, pod("p"))
  let bytes = Buffer.alloc(0)
  for await (const chunk of watch.body!) {
    bytes = Buffer.concat([bytes, chunk])
    if (bytes.length >= 4 && bytes.length >= 4 + bytes.readUInt32BE(0)) break
  }
  const event = bytes.subarray(4, 4 + bytes.readUInt32BE(0))
  expect(event.subarray(0, 7).toString("latin1")).toBe("\n\x05ADDED")
  const start = event.indexOf("k8s\0")
  const object: unknown = decodeProtobuf(new Uint8Array(event.subarray(start)))
  expect(object).toEqual(await server.json("GET", `${pods}/p`))
})

test("CBOR and made-up types are refused", async () => {
  expect((await server.send("GET", path, undefined, { accept: "application/cbor" })).status).toBe(406)
  expect((await server.send("GET", path, undefined, { accept: "application/cbor,application/json" })).status).toBe(200)
  expect((await server.send("GET", path, undefined, { accept: "text/html" })).status).toBe(406)
  for (const type of ["application/cbor", "text/plain", "application/x-www-form-urlencoded"]) {
    expect((await server.send("POST", path, "{}", { "content-type": type })).status).toBe(415)
  }
})

test("large answers are compressed for those who take gzip, small ones are not", async () => {
  for (let i = 0; i < 4; i++) await server.json("POST", path, configMap(`big-${i}`, { text: "x".repeat(60_000) }))
  const plain = await server.send("GET", path)
  expect(plain.headers.get("content-encoding")).toBeNull()
  const packed = await server.send("GET", path, undefined, { "accept-encoding": "gzip" })
  expect(packed.headers.get("content-encoding")).toBe("gzip")
  const bytes = await packed.arrayBuffer()
  expect(bytes.byteLength).toBeLessThan(60_000)
  expect(Buffer.from(Bun.gunzipSync(bytes)).toString()).toBe(await plain.text())
  const small = await server.send("GET", `${path}/one`, undefined, { "accept-encoding": "gzip" })
  expect(small.headers.get("content-encoding")).toBeNull()
  const refused = await server.send("GET", path, undefined, { "accept-encoding": "gzip;q=0" })
  expect(refused.headers.get("content-encoding")).toBeNull()
})
