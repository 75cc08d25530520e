import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { configMap, type Running, startServer } from "./testing/server.ts"

let server: Running
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

const path = "/api/v1/namespaces/default/configmaps"
const post = (body: string, headers: Readonly<Record<string, string>> = {}, query = "") =>
  server.send("POST", path + query, body, headers)

const message = async (response: Response | Promise<Response>): Promise<string> => {
  const { status, text } = await (async (answer) => ({ status: answer.status, text: await answer.text() }))(await response)
  return `${status} ${JSON.parse(text).reason}: ${JSON.parse(text).message}`
}

describe("a bad body", () => {
  const table: ReadonlyArray<readonly [body: string, said: string]> = [
    [
      '{"kind":"ConfigMap"',
      '400 BadRequest: the object provided is unrecognized (must be of type ConfigMap): couldn\'t get version/kind; json parse error: unexpected end of JSON input ({"kind":"ConfigMap")'
    ],
    [
      "hello",
      "400 BadRequest: the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: invalid character 'h' looking for beginning of value (68656c6c6f)"
    ],
    [
      '{"kind":"ConfigMap","apiVersion":"v2","metadata":{"name":"x"}}',
      '400 BadRequest: ConfigMap in version "v2" cannot be handled as a ConfigMap: no kind "ConfigMap" is registered for version "v2" in scheme "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"'
    ],
    [
      '{"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"x"}}',
      "400 BadRequest: the API version in the data (apps/v1) does not match the expected API version (v1)"
    ],
    [
      '{"metadata":{"name":"x","namespace":"other"}}',
      "400 BadRequest: the namespace of the provided object does not match the namespace sent on the request"
    ],
    ['{"metadata":{}}', '422 Invalid: ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required']
  ]
  for (const [body, said] of table) {
    test(body, async () => expect(await message(post(body))).toBe(said))
  }

  test("of the wrong type, format or size is refused by code", async () => {
    expect((await post('{"metadata":{"name":5}}')).status).toBe(400)
    expect((await post("x", { "content-type": "application/cbor" })).status).toBe(415)
    expect((await post("a=b", { "content-type": "application/x-www-form-urlencoded" })).status).toBe(415)
    expect((await post(JSON.stringify(configMap("big", { a: "x".repeat(4 << 20) })))).status).toBe(413)
    expect((await post("[".repeat(20_000))).status).toBe(400)
    const bytes = new Request(`http://localhost${path}`, { method: "POST", body: new Uint8Array([123, 34, 255, 254]) })
    expect((await server.apiserver.fetchAs({ name: "a", groups: ["system:masters"] })(bytes)).status).toBe(400)
  })
})

describe("unknown and repeated fields", () => {
  const body = '{"metadata":{"name":"strict"},"foo":1,"data":{"a":"1","a":"2"}}'
  test("are refused when that is asked for", async () => {
    expect(await message(post(body, {}, "?fieldValidation=Strict"))).toBe(
      '400 BadRequest: ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "foo", duplicate field "data.a"'
    )
  })
  test("are warned of otherwise, and ignored on demand", async () => {
    const warned = await post(body, {}, "?dryRun=All")
    expect(warned.status).toBe(201)
    expect(warned.headers.get("warning")).toBe('299 - "unknown field \\"foo\\"", 299 - "duplicate field \\"data.a\\""')
    const ignored = await post(body, {}, "?dryRun=All&fieldValidation=Ignore")
    expect(ignored.headers.get("warning")).toBeNull()
    expect(await message(post(body, {}, "?fieldValidation=Maybe"))).toContain("422 Invalid: CreateOptions.meta.k8s.io")
  })
})

describe("YAML", () => {
  test("is read and written", async () => {
    const yaml =
      "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml\n  labels: {when: 2001-01-01}\ndata:\n  a: |\n    text\n"
    const made = await post(yaml, { "content-type": "application/yaml", accept: "application/yaml" })
    expect(made.status).toBe(201)
    expect(made.headers.get("content-type")).toBe("application/yaml")
    const read = await server.json("GET", `${path}/yaml`)
    expect(read.data).toEqual({ a: "text\n" })
    expect(read.metadata.labels).toEqual({ when: "2001-01-01" })
  })
})

describe("what is asked for by Accept", () => {
  test("is a Table, the metadata alone, or refused", async () => {
    await server.json("POST", path, configMap("shown", { a: "1" }))
    const accept = "application/json;as=Table;g=meta.k8s.io;v=v1,application/json"
    const table = await server.json("GET", `${path}/shown`, undefined, { headers: { accept } })
    expect(table).toMatchObject({ kind: "Table", apiVersion: "meta.k8s.io/v1" })
    expect(table.rows[0].cells[0]).toBe("shown")
    const partial = { accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1" }
    const list = await server.json("GET", path, undefined, { headers: partial })
    expect(list.kind).toBe("PartialObjectMetadataList")
    expect(Object.keys(list.items[0]).sort()).toEqual(["apiVersion", "kind", "metadata"])
    expect((await server.send("GET", path, undefined, { accept: "application/cbor" })).status).toBe(406)
    const both = { accept: "application/cbor,application/json" }
    expect((await server.send("GET", path, undefined, both)).headers.get("content-type")).toBe("application/json")
  })

  test("is never the reason for a half-done write", async () => {
    const answer = await post(JSON.stringify(configMap("unwritten")), { accept: "text/html" })
    expect(answer.status).toBe(406)
    expect((await server.send("GET", `${path}/unwritten`)).status).toBe(404)
  })

  test("is indented on demand", async () => {
    expect(await (await server.send("GET", "/api/v1/namespaces/default?pretty=true")).text()).toStartWith(
      '{\n  "kind": "Namespace"'
    )
  })
})

describe("paths and methods that are not there", () => {
  test("are 404 and 405", async () => {
    expect((await server.send("GET", "/api/v1/nothings")).status).toBe(404)
    expect((await server.send("GET", "/apis/example.com/v1/nothings")).status).toBe(404)
    expect((await server.send("GET", "/api/v1/configmaps/x")).status).toBe(404)
    expect((await server.send("GET", "/api/v1/namespaces/default/nodes")).status).toBe(404)
    expect((await server.send("GET", `${path}/x/status`)).status).toBe(404)
    expect(await message(server.send("DELETE", "/api/v1/namespaces"))).toBe(
      "405 MethodNotAllowed: the server does not allow this method on the requested resource"
    )
    expect((await server.send("PUT", path, configMap("x"))).status).toBe(405)
    expect((await server.send("POST", "/api/v1/configmaps", configMap("x"))).status).toBe(405)
  })
})

test("health, readiness and version", async () => {
  for (const endpoint of ["/healthz", "/livez", "/readyz"]) {
    expect(await (await server.send("GET", endpoint)).text()).toBe("ok")
  }
  expect(await (await server.send("GET", "/readyz?verbose")).text()).toBe(
    "[+]ping ok\n[+]etcd ok\n[+]shutdown ok\nreadyz check passed\n"
  )
  expect((await server.send("GET", "/readyz/nothing")).status).toBe(404)
  expect(await server.json("GET", "/version")).toMatchObject({ major: "1", minor: "36" })
})

test("HEAD is answered as GET is, without the body", async () => {
  const head = await server.send("HEAD", "/healthz")
  expect([head.status, head.headers.get("content-type"), await head.text()]).toEqual([200, "text/plain; charset=utf-8", ""])
  expect((await server.send("HEAD", `${path}/x`)).status).toBe(405)
})

test("who may not is told what", async () => {
  const nobody = server.as({ name: "nobody", groups: [] })
  expect(await message(nobody.send("GET", path))).toBe(
    '403 Forbidden: configmaps is forbidden: User "nobody" cannot list resource "configmaps" in API group "" in the namespace "default"'
  )
})
