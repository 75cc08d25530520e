/** `tsukube-scheduler plan` over files as kubectl writes them. @module */
import { describe, expect, test } from "bun:test"
import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { readObjects } from "./objects.ts"
import { planCommand } from "./plan-command.ts"

const folder = mkdtempSync(join(tmpdir(), "tsukube-plan-"))
const file = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}
const nodes = file(
  "nodes.yaml",
  "kind: NodeList\napiVersion: v1\nitems:\n- metadata: {name: a}\n  status: {allocatable: {cpu: '2', memory: 4Gi, pods: '9'}}\n"
)
const pod = (name: string, cpu: string) => ({
  kind: "Pod",
  apiVersion: "v1",
  metadata: { name },
  spec: { containers: [{ name: "c", resources: { requests: { cpu } } }] }
})
const pods = file("pods.json", JSON.stringify({ kind: "List", apiVersion: "v1", items: [pod("web", "1"), pod("huge", "3")] }))
const flags = { nodes: [nodes], pods: [pods], more: [], explain: false, count: false }

describe("the plan command", () => {
  test("prints a table, and says that not all pods were placed", () => {
    const { text, allPlaced } = planCommand({ ...flags, output: "table", count: true })
    expect(text.split("\n")[1]).toMatch(/^default +web +placed +a$/)
    expect(text).toContain("0/1 nodes are available: 1 Insufficient cpu.")
    expect(text).toContain("web: 1 more would fit")
    expect(allPlaced).toBe(false)
  })

  test("prints JSON with every score", () => {
    const [web] = JSON.parse(planCommand({ ...flags, output: "json", explain: true }).text)
    expect(web).toMatchObject({ name: "web", type: "placed", nodeName: "a", explanation: { nodes: [{ name: "a", fits: true }] } })
  })

  test("says where a file holds no objects", () => {
    expect(() => readObjects("- 1", "x.yaml")).toThrow("x.yaml[0]: expected an object, got 1")
    expect(() => readObjects("metadata: {}", "x.yaml")).toThrow("x.yaml: kind: Required value")
  })
})
