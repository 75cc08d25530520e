/**
 * `bun scripts/generate/protobuf.ts FACTS GO_MODULES`: writes the messages that `packages/apiserver` reads. FACTS has the field numbers of
 * what k8s.io/api holds; GO_MODULES is the folder with `api@…`, `apimachinery@…`, `apiextensions-apiserver@…` and `kube-aggregator@…` of
 * k8s.io (`go mod download`). Struct tags say which fields are pointers: only for those a zero on the wire is a value and not just
 * nothing. The last two modules publish the numbers of CustomResourceDefinition and APIService, in `generated.proto`.
 * @module
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { resources } from "../../packages/api/src/catalog.ts"
import { factsFolder } from "./facts-folder.ts"
import { type Field, readProto } from "./proto-file.ts"

interface Node {
  readonly fields?: Readonly<Record<string, Field>>
  readonly nested?: Readonly<Record<string, Node>>
}

const facts = factsFolder()
const modulesFolder = process.argv[3] ?? ""
const target = new URL("../../packages/apiserver/src/protobuf/messages.ts", import.meta.url)
const scalars = new Set(["string", "bytes", "bool", "int32", "int64", "uint32", "uint64", "double"])

const messages = new Map<string, Readonly<Record<string, Field>>>()
const collect = (node: Node, path: string): void => {
  if (node.fields !== undefined) messages.set(path, node.fields)
  for (const [name, child] of Object.entries(node.nested ?? {})) collect(child, path === "" ? name : `${path}.${name}`)
}
collect(JSON.parse(readFileSync(join(facts, "kubernetes-v1.36-protobuf.json"), "utf8")), "")

/** Groups that are served by libraries of their own, with the fields that JSON names otherwise: by message, number and name. */
const extensions = {
  "apiextensions-apiserver": "pkg/apis/apiextensions/v1",
  "kube-aggregator": "pkg/apis/apiregistration/v1"
} as const
const jsonNames = new Map<string, string>()

/** Fields of Go structs whose zero is written to JSON too: pointers, and those without `omitempty`. By message, field numbers. */
const kept = new Map<string, Set<number>>()
const line = /^\t\w+\s+(\S+)\s+`(?:\w+:"[^"]*"\s+)*?json:"([^"]*)"[^`]*?protobuf:"\w+,(\d+),/
const readStructs = (folder: string, prefix: string): void => {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) readStructs(join(folder, entry.name), `${prefix}.${entry.name}`)
    else if (entry.name.endsWith(".go") && !/generated|_test|zz_/.test(entry.name)) readFile(join(folder, entry.name), prefix)
  }
}
const readFile = (file: string, prefix: string): void => {
  let struct = ""
  for (const text of readFileSync(file, "utf8").split("\n")) {
    struct = /^type (\w+) struct/.exec(text)?.[1] ?? struct
    const [, type = "", json = "", number = ""] = line.exec(text) ?? []
    const [jsonName = ""] = json.split(",")
    if (/[$-]./.test(jsonName)) jsonNames.set(`${prefix}.${struct} ${number}`, jsonName)
    if (number === "" || (!type.startsWith("*") && json.includes("omitempty"))) continue
    const name = `${prefix}.${struct}`
    kept.set(name, (kept.get(name) ?? new Set()).add(Number(number)))
  }
}
for (const module of readdirSync(modulesFolder)) {
  const [name = ""] = module.split("@")
  if (name === "api" || name === "apimachinery") readStructs(join(modulesFolder, module), `k8s.io.${name}`)
  if (!(name in extensions)) continue
  const path = extensions[name as keyof typeof extensions]
  const prefix = `k8s.io.${name}.${path.replaceAll("/", ".")}`
  readStructs(join(modulesFolder, module, path), prefix)
  const proto = readFileSync(join(modulesFolder, module, path, "generated.proto"), "utf8")
  for (const [message, fields] of readProto(proto)) messages.set(`${prefix}.${message}`, fields)
}

/** A type as a field of `message` names it: absolute, or relative to the message's package. */
const resolve = (message: string, type: string): string => {
  if (type.startsWith(".")) return type.slice(1)
  return messages.has(type) ? type : `${message.slice(0, message.lastIndexOf("."))}.${type}`
}

const meta = "k8s.io.apimachinery.pkg.apis.meta.v1"
const wanted = new Set<string>()
const want = (message: string): void => {
  const fields = messages.get(message)
  if (fields === undefined || wanted.has(message)) return
  wanted.add(message)
  for (const { type } of Object.values(fields)) if (!scalars.has(type)) want(resolve(message, type))
}
const definitions = resources.flatMap(({ schema, subresources }) => [schema, ...subresources.map((one) => one.schema ?? "")])
for (const definition of definitions) want(definition.replace(/^io\.k8s/, "k8s.io"))
for (const options of ["DeleteOptions", "CreateOptions", "Status"]) want(`${meta}.${options}`)

const print = (message: string): string => {
  const fields = Object.entries(messages.get(message)!).map(([name, { type, id, rule, keyType }]) => {
    const flags = `${rule === "repeated" ? "r" : ""}${keyType === undefined ? "" : "m"}${kept.get(message)?.has(id) ? "z" : ""}`
    return `${jsonNames.get(`${message} ${id}`) ?? name} ${id} ${scalars.has(type) ? type : resolve(message, type)} ${flags}`.trimEnd()
  })
  return `  ${JSON.stringify(message)}: ${JSON.stringify(fields.join(";"))}`
}
const sentence =
  "The protobuf messages of every built-in kind: `name number type flags`, flags r repeated, m map, z zero is a value."
writeFileSync(
  target,
  `/** ${sentence} Generated by scripts/generate/protobuf.ts; do not edit. @module */\n\n/** ${sentence} */\nexport const messageTexts: Readonly<Record<string, string>> = {\n${[...wanted].sort().map(print).join(",\n")}\n}\n`
)
