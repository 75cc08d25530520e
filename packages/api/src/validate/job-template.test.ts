/** What may change in the template of a Job that rests, and what of one that runs. */
import { describe, expect, test } from "bun:test"
import type { Job, JobStatus } from "../types/batch-v1.ts"
import type { PodSpec } from "../types/core-v1.ts"
import { validateJobUpdate } from "./batch.ts"

const pod: PodSpec = {
  restartPolicy: "Never",
  containers: [{ name: "c", image: "x", resources: { requests: { cpu: "1" } } }],
  affinity: { podAffinity: {} }
}
const job = (spec: Partial<PodSpec> = {}, labels: Readonly<Record<string, string>> = { a: "b" }): Job => ({
  metadata: { name: "j" },
  spec: { suspend: true, template: { metadata: { labels }, spec: { ...pod, ...spec } } }
})
const said = (now: Job, status: JobStatus = {}, suspend = true) => {
  const before = job()
  const old = { ...before, spec: { ...before.spec, suspend }, status }
  return [...validateJobUpdate(now, old)].map(({ field, detail }) => `${field}: ${detail}`)
}
const refused = ["spec.template: field is immutable"]
const refusedSpec = ["spec.template.spec: field is immutable"]
const bigger = job({ containers: [{ name: "c", image: "x", resources: { requests: { cpu: "4" } } }] })
const started = { startTime: "2026-01-01T00:00:00Z" }

describe("a Job that rests", () => {
  for (const [what, now] of [
    ["may be the same", job()],
    ["may use more", bigger],
    ["may go to other nodes", job({ nodeSelector: { zone: "a" }, tolerations: [{ operator: "Exists" }] })],
    ["may want certain nodes", job({ affinity: { podAffinity: {}, nodeAffinity: {} } })],
    ["may be labelled otherwise", job({}, { c: "d" })]
  ] as const) {
    test(what, () => expect(said(now)).toEqual([]))
  }

  for (const [what, now] of [
    ["may not have another image", job({ containers: [{ name: "c", image: "y", resources: { requests: { cpu: "1" } } }] })],
    ["may not lose its affinity to pods", job({ affinity: {} })],
    ["may not have one container more", job({ containers: [...pod.containers, { name: "d", image: "x" }] })]
  ] as const) {
    test(what, () => expect(said(now)).toEqual(refusedSpec))
  }

  test("has rested since before, or said so", () => {
    expect(said(bigger, started)).toEqual(refused)
    expect(said(bigger, { ...started, conditions: [{ type: "Suspended", status: "True" }] })).toEqual([])
    expect(said(bigger, { active: 1 })).toEqual(refused)
  })
})

test("a Job that runs may change nothing of its template", () => {
  expect(said(bigger, {}, false)).toEqual(refused)
  expect(said(job({}, { c: "d" }), {}, false)).toEqual(refused)
})
