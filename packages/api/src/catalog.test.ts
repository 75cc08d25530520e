import { expect, test } from "bun:test"
import { allResources, compareVersions, findByKind, findByName, findResource, resources } from "./catalog.ts"
import { apiVersionOf, pathOf } from "./resource.ts"
import { hasDefinition, schemaOf } from "./schema.ts"
import { deployments } from "./types/apps-v1.ts"
import { pods } from "./types/core-v1.ts"

test("a typed descriptor is the very row of the catalog", () => {
  expect(pods as unknown).toBe(findResource("", "v1", "pods"))
  expect(deployments as unknown).toBe(findByKind("apps/v1", "Deployment"))
})

test("names that people type find the preferred version", () => {
  expect(findByName("deploy")?.plural).toBe("deployments")
  expect(findByName("Deployment.apps")?.kind).toBe("Deployment")
  expect(findByName("deployments.v1.apps")?.kind).toBe("Deployment")
  expect(findByName("hpa")?.version).toBe("v2")
  expect(findByName("events")?.group).toBe("")
  expect(findByName("events.events.k8s.io")?.group).toBe("events.k8s.io")
  expect(findByName("nonsense")).toBeUndefined()
})

test("every resource with a body has a definition, and every definition can be read", () => {
  for (const resource of allResources) {
    expect(hasDefinition(resource.schema)).toBe(true)
    expect(schemaOf(resource.schema).properties).toHaveProperty("metadata")
  }
})

test("alpha and beta versions are known but not served by default", () => {
  expect(resources.some(({ version }) => version.includes("alpha") || version.includes("beta"))).toBe(false)
  expect(findResource("storagemigration.k8s.io", "v1beta1", "storageversionmigrations")?.servedByDefault).toBe(false)
})

test("a subresource speaks its own kind", () => {
  const scale = deployments.subresources.find(({ name }) => name === "scale")
  expect(scale && apiVersionOf(scale)).toBe("autoscaling/v1")
  expect(scale?.kind).toBe("Scale")
  expect(pods.subresources.map(({ name }) => name)).toContain("exec")
})

test("paths follow scope", () => {
  expect(pathOf(pods)).toBe("/api/v1/pods")
  expect(pathOf(pods, { namespace: "default", name: "web" })).toBe("/api/v1/namespaces/default/pods/web")
  expect(pathOf(deployments, { namespace: "a", name: "b", subresource: "scale" })).toBe(
    "/apis/apps/v1/namespaces/a/deployments/b/scale"
  )
})

test("versions sort as discovery prefers them", () => {
  const sorted = ["v1alpha1", "v1beta2", "v1", "foo", "v2", "v2beta1", "v1beta1"].sort(compareVersions)
  expect(sorted).toEqual(["v2", "v1", "v2beta1", "v1beta2", "v1beta1", "v1alpha1", "foo"])
})
