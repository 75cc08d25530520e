/** The table of kinds as a whole: nothing that is served is without an entry, and manifests of the real world pass. */
import { expect, test } from "bun:test"
import { findByKind, resources } from "../catalog.ts"
import { applyDefaults } from "../defaults/apply.ts"
import { formatFieldError } from "../field-error.ts"
import { apiVersionOf, type KubernetesObject } from "../resource.ts"
import { checkStructure } from "../structural.ts"
import { kinds } from "./kinds.ts"
import { validateCreate } from "./validate.ts"

/** Metadata and schema say all there is: upstream has no more rules for these. */
const plain = ["v1/ComponentStatus", "v1/ServiceAccount"]

test("every kind that is served has rules of its own", () => {
  const without = resources.map((resource) => `${apiVersionOf(resource)}/${resource.kind}`).filter((kind) => !kinds.has(kind))
  expect([...new Set(without)].sort()).toEqual(plain)
})

test("the guestbook is accepted", async () => {
  const text = await Bun.file(new URL("../../../../e2e/guestbook.yaml", import.meta.url)).text()
  for (const manifest of text.split(/^---$/m)) {
    const object = Bun.YAML.parse(manifest) as KubernetesObject | null
    if (object === null) continue
    const resource = findByKind(object.apiVersion ?? "", object.kind ?? "")
    if (resource === undefined) throw new Error(`no such kind: ${object.kind}`)
    const { pruned, issues, unknown } = checkStructure(object, resource.schema)
    expect([issues, unknown]).toEqual([[], []])
    const placed = {
      ...pruned,
      metadata: { ...(resource.namespaced ? { namespace: "default" } : {}), ...(pruned["metadata"] as object) }
    } as KubernetesObject
    expect(validateCreate(applyDefaults(placed), resource).map(formatFieldError)).toEqual([])
  }
})
