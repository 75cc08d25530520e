import { expect, test } from "bun:test"
import { resources } from "@tsukube/api"
import { discoveryRoute } from "./discovery.ts"
import { readPath } from "./paths.ts"

const route = discoveryRoute(() => resources)

const get = async (path: string, headers: Record<string, string> = {}): Promise<Response | undefined> => {
  const request = new Request(`https://kubernetes${path}`, { headers })
  const url = new URL(request.url)
  const user = { name: "x", groups: [] }
  return route({ request, url, info: readPath("GET", url), user, connection: undefined, warnings: [] })
}
const json = async (path: string, headers?: Record<string, string>) => (await get(path, headers))!.json()

test("the core group is under /api, the others under /apis in upstream's order", async () => {
  expect((await json("/api")).versions).toEqual(["v1"])
  const names = (await json("/apis")).groups.map(({ name }: { name: string }) => name)
  expect(names.slice(0, 3)).toEqual(["apiregistration.k8s.io", "apps", "events.k8s.io"])
  const autoscaling = await json("/apis/autoscaling")
  expect(autoscaling.preferredVersion).toEqual({ groupVersion: "autoscaling/v2", version: "v2" })
  expect(autoscaling.kind).toBe("APIGroup")
})

test("a resource list names subresources, and their kinds' groups where they differ", async () => {
  const { resources, groupVersion } = await json("/api/v1")
  expect(groupVersion).toBe("v1")
  const named = (name: string) => resources.find((resource: { name: string }) => resource.name === name)
  expect(named("pods")).toMatchObject({
    singularName: "pod",
    namespaced: true,
    kind: "Pod",
    shortNames: ["po"],
    categories: ["all"]
  })
  expect(named("pods/eviction")).toEqual({
    name: "pods/eviction",
    singularName: "",
    namespaced: true,
    group: "policy",
    version: "v1",
    kind: "Eviction",
    verbs: ["create"]
  })
  expect(named("pods/status")).not.toHaveProperty("group")
})

test("aggregated discovery is given to who asks for it first, with a tag that saves the next answer", async () => {
  const accept =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"
  const response = (await get("/apis", { accept }))!
  expect(response.headers.get("content-type")).toBe("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")
  const body = await response.json()
  expect(body.apiVersion).toBe("apidiscovery.k8s.io/v2")
  const apps = body.items.find((item: { metadata: { name: string } }) => item.metadata.name === "apps")
  const deployments = apps.versions[0].resources.find((entry: { resource: string }) => entry.resource === "deployments")
  expect(deployments.responseKind).toEqual({ group: "apps", version: "v1", kind: "Deployment" })
  expect(deployments.subresources).toContainEqual({
    subresource: "scale",
    responseKind: { group: "autoscaling", version: "v1", kind: "Scale" },
    verbs: ["get", "patch", "update"]
  })
  const again = (await get("/apis", { accept, "if-none-match": response.headers.get("etag")! }))!
  expect(again.status).toBe(304)
  expect((await json("/api", { accept })).items).toHaveLength(1)
})

test("paths of nothing are left to others, formats of nothing are 406", async () => {
  expect(await get("/apis/none.example.com")).toBeUndefined()
  expect(await get("/api/v1/pods")).toBeUndefined()
  await expect(get("/apis", { accept: "application/vnd.kubernetes.protobuf" })).rejects.toThrow("only the following media types")
})
