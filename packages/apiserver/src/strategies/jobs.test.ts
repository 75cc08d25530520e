import { afterAll, beforeAll, expect, test } from "bun:test"
import { type Running, startServer } from "../testing/server.ts"

let server: Running
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

const path = "/apis/batch/v1/namespaces/default/jobs"
const template = { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "x" }] } }

test("a Job gets labels and a selector of its own, in their new and their old form", async () => {
  const { metadata, spec } = await server.json("POST", path, { metadata: { name: "made" }, spec: { template } })
  expect(spec.selector).toEqual({ matchLabels: { "batch.kubernetes.io/controller-uid": metadata.uid } })
  expect(spec.template.metadata.labels).toEqual({
    "batch.kubernetes.io/controller-uid": metadata.uid,
    "batch.kubernetes.io/job-name": "made",
    "controller-uid": metadata.uid,
    "job-name": "made"
  })
})

test("unless it says that it selects by itself", async () => {
  const labelled = { ...template, metadata: { labels: { mine: "yes" } } }
  const selector = { matchLabels: { mine: "yes" } }
  const own = { metadata: { name: "own" }, spec: { manualSelector: true, selector, template: labelled } }
  const { spec } = await server.json("POST", path, own)
  expect([spec.selector, spec.template.metadata.labels]).toEqual([selector, { mine: "yes" }])
  const nobody = { metadata: { name: "nobody" }, spec: { selector, template: labelled } }
  expect((await server.send("POST", path, nobody)).status).toBe(422)
})
