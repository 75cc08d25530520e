/** Label keys of affinity and spread. */
import { expect, test } from "bun:test"
import { withLabelKeys } from "./label-keys.ts"

const labelSelector = { matchLabels: { app: "web" } }
const labels = { app: "web", "pod-template-hash": "abc" }

test("a spread over one revision selects that revision's pods", () => {
  const spread = { maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule" as const, labelSelector }
  const pod = {
    metadata: { labels },
    spec: { containers: [], topologySpreadConstraints: [{ ...spread, matchLabelKeys: ["pod-template-hash", "absent"] }] }
  }
  expect(withLabelKeys(pod).spec?.topologySpreadConstraints?.[0]?.labelSelector).toEqual({
    ...labelSelector,
    matchExpressions: [{ key: "pod-template-hash", operator: "In", values: ["abc"] }]
  })
})

test("affinity to other tenants, and none without a selector", () => {
  const term = { topologyKey: "host", mismatchLabelKeys: ["app"] }
  const of = (more: object) => ({
    metadata: { labels },
    spec: {
      containers: [],
      affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ ...term, ...more }] } }
    }
  })
  const terms = (more: object) =>
    withLabelKeys(of(more)).spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  expect(terms({ labelSelector: {} })).toEqual([
    { ...term, labelSelector: { matchExpressions: [{ key: "app", operator: "NotIn", values: ["web"] }] } }
  ])
  expect(terms({})).toEqual([term])
})

test("a pod that asks for nothing of the kind stays as it is", () => {
  const pod = { metadata: { labels }, spec: { containers: [] } }
  expect(withLabelKeys(pod)).toBe(pod)
})
