import { expect, test } from "bun:test"
import { resources } from "@tsukube/api"
import { readPath } from "../paths.ts"
import { readFields } from "../protobuf/wire.ts"
import { openApiRoute } from "./route.ts"

const route = openApiRoute(() => resources)

const get = async (path: string, headers: Record<string, string> = {}): Promise<Response> => {
  const request = new Request(`https://kubernetes${path}`, { headers })
  const url = new URL(request.url)
  const user = { name: "x", groups: [] }
  return (await route({ request, url, info: readPath("GET", url), user, connection: undefined, warnings: [] }))!
}

/** Every `$ref` of a document. */
const references = (value: unknown, found = new Set<string>()): Set<string> => {
  if (typeof value !== "object" || value === null) return found
  for (const [key, child] of Object.entries(value)) {
    if (key === "$ref" && typeof child === "string") found.add(child)
    else references(child, found)
  }
  return found
}

test("version 3 is published by group and version, under hashes that do not lie", async () => {
  const { paths } = await (await get("/openapi/v3")).json()
  expect(Object.keys(paths)).toContain("apis/apps/v1")
  const url = paths["apis/apps/v1"].serverRelativeURL
  const response = await get(url)
  expect(response.headers.get("cache-control")).toContain("immutable")
  const document = await response.json()
  const deployment = document.components.schemas["io.k8s.api.apps.v1.Deployment"]
  expect(deployment["x-kubernetes-group-version-kind"]).toEqual([{ group: "apps", version: "v1", kind: "Deployment" }])
  expect(deployment.properties.spec).toEqual({ $ref: "#/components/schemas/io.k8s.api.apps.v1.DeploymentSpec" })
  const patch = document.paths["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"].patch
  expect(patch.parameters.map(({ name }: { name: string }) => name)).toContain("fieldValidation")
  const stale = await get("/openapi/v3/apis/apps/v1?hash=OLD")
  expect(stale.status).toBe(301)
  expect(stale.headers.get("location")).toBe(url)
  expect((await get(url, { "if-none-match": response.headers.get("etag")! })).status).toBe(304)
})

test("no document refers to what it does not have", async () => {
  const { paths } = await (await get("/openapi/v3")).json()
  for (const { serverRelativeURL } of Object.values<{ serverRelativeURL: string }>(paths)) {
    const document = await (await get(serverRelativeURL)).json()
    for (const reference of references(document)) {
      expect(Object.hasOwn(document.components.schemas, reference.slice("#/components/schemas/".length)) ? "" : reference).toBe(
        ""
      )
    }
  }
  const document = await (await get("/openapi/v2")).json()
  for (const reference of references(document)) {
    expect(Object.hasOwn(document.definitions, reference.slice("#/definitions/".length)) ? "" : reference).toBe("")
  }
})

test("lists keep how they merge", async () => {
  const { definitions } = await (await get("/openapi/v2")).json()
  expect(definitions["io.k8s.api.core.v1.PodSpec"].properties.containers).toMatchObject({
    type: "array",
    "x-kubernetes-patch-merge-key": "name",
    "x-kubernetes-patch-strategy": "merge",
    "x-kubernetes-list-type": "map"
  })
})

test("version 2 is given as protobuf to who asks for it", async () => {
  const response = await get("/openapi/v2", { accept: "application/com.github.proto-openapi.spec.v2@v1.0+protobuf" })
  const fields = [...readFields(new Uint8Array(await response.arrayBuffer()))]
  expect(fields.map(({ number }) => number)).toEqual([1, 2, 8, 9])
  const names = [...readFields(fields[3]!.value as Uint8Array)].map(({ value }) => {
    const [name] = [...readFields(value as Uint8Array)]
    return new TextDecoder().decode(name!.value as Uint8Array)
  })
  expect(names).toContain("io.k8s.api.core.v1.Pod")
  await expect(get("/openapi/v2", { accept: "text/html" })).rejects.toThrow("only the following media types")
})
