import { expect, test } from "bun:test"
import { allResources } from "../catalog.ts"
import { applyDefaults } from "../defaults/apply.ts"
import { apiVersionOf, type KubernetesObject } from "../resource.ts"
import { applyPatch } from "./apply.ts"
import { blankOf } from "./blank.ts"
import { shapeOf } from "./shape.ts"
import { trackUpdate } from "./track.ts"

const now = "2026-01-01T00:00:00Z"
const ofKind = (kind: (typeof allResources)[number], metadata: object = {}): KubernetesObject => ({
  apiVersion: apiVersionOf(kind),
  kind: kind.kind,
  metadata: { name: "x", ...metadata }
})

test("objects of every kind are created by applying, and tracked", () => {
  for (const kind of allResources.filter(({ verbs }) => verbs.includes("patch"))) {
    const applied = ofKind(kind, { labels: { a: "b" } })
    const live = applyPatch({ kind, live: undefined, applied, manager: "me", now })
    expect(JSON.stringify(live.metadata?.managedFields?.[0]?.fieldsV1)).toBe('{"f:metadata":{"f:labels":{"f:a":{}}}}')
    expect(applyPatch({ kind, live, applied, manager: "me", now: "2026-01-02T00:00:00Z" })).toBe(live)
    const created = trackUpdate({ kind, before: undefined, after: applyDefaults(applied), manager: "you", now })
    expect(created.metadata?.managedFields?.[0]?.manager).toBe("you")
  }
})

test("an object in which nothing is set belongs to nobody", () => {
  for (const kind of allResources) {
    const blank = { ...blankOf(kind.schema), ...ofKind(kind) }
    expect(trackUpdate({ kind, before: undefined, after: blank, manager: "you", now }).metadata?.managedFields).toBeUndefined()
  }
})

test("schemas that hold themselves have shapes, free-form values are owned as a whole", () => {
  const schema = shapeOf("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps")
  expect(schema.fields.get("not")).toBe(schema)
  const data = shapeOf("io.k8s.api.apps.v1.ControllerRevision").fields.get("data")
  expect([data?.kind, data?.atomic]).toEqual(["any", true])
})
