import { afterAll, beforeAll, expect, test } from "bun:test"
import { type Running, startServer } from "../testing/server.ts"

let server: Running
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

const group = "/apis/apps/v1/namespaces/default"
const selector = { matchLabels: { app: "web" } }
const template = (image: string) => ({ metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "c", image }] } })

test("a DaemonSet counts its templates, whatever its writers say", async () => {
  const path = `${group}/daemonsets`
  const annotation = "deprecated.daemonset.template.generation"
  const countOf = (set: { readonly metadata: { readonly annotations: Readonly<Record<string, string>> } }) =>
    set.metadata.annotations[annotation]
  const made = await server.json("POST", path, { metadata: { name: "web" }, spec: { selector, template: template("one") } })
  expect(countOf(made)).toBe("1")
  const labelled = await server.json("PUT", `${path}/web`, { ...made, metadata: { ...made.metadata, annotations: { a: "b" } } })
  expect(labelled.metadata.annotations).toEqual({ a: "b", [annotation]: "1" })
  const spec = { ...labelled.spec, template: template("two") }
  expect(countOf(await server.json("PUT", `${path}/web`, { ...labelled, spec }))).toBe("2")
})

test("a StatefulSet loses maxUnavailable, which v1.36 does not know unless it is switched on", async () => {
  const updateStrategy = { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 2, partition: 1 } }
  const spec = { selector, serviceName: "web", template: template("one"), updateStrategy }
  const made = await server.json("POST", `${group}/statefulsets`, { metadata: { name: "web" }, spec })
  expect(made.spec.updateStrategy).toEqual({ type: "RollingUpdate", rollingUpdate: { partition: 1 } })
})
