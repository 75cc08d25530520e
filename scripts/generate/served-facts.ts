/** Writes what upstream's v1.36 serves as plain text beside the tests that compare: resources with verbs and names, and every operation. @module */
import { readFileSync, writeFileSync } from "node:fs"
import { factsFolder } from "./facts-folder.ts"

const facts = factsFolder()
const target = new URL("../../packages/apiserver/src/testing/", import.meta.url)

// The last section is about a later release.
const [served = ""] = readFileSync(`${facts}/kubernetes-v1.36-resources.txt`, "utf8").split("## Added or promoted")
const lines = served.split("\n").filter((line) => line !== "" && !line.startsWith("# "))
writeFileSync(new URL("served-resources.txt", target), `${lines.join("\n")}\n`)

interface Operation {
  readonly path: string
  readonly method: string
  readonly action?: string
  readonly gvk?: { readonly group: string; readonly version: string; readonly kind: string }
}
const operations: ReadonlyArray<Operation> = JSON.parse(readFileSync(`${facts}/kubernetes-v1.36-operations.json`, "utf8"))
const rows = operations.map(({ path, method, action = "-", gvk }) =>
  [method.toUpperCase(), path, action, gvk === undefined ? "-" : `${gvk.group || "core"}/${gvk.version}/${gvk.kind}`].join(" ")
)
writeFileSync(new URL("served-operations.txt", target), `${rows.join("\n")}\n`)
console.log(`${lines.length} lines of resources, ${rows.length} operations`)
