/** Writes conformance/names.txt: the names of upstream's conformance tests up to v1.36, one a line, from the facts folder. @module */
import { readFileSync, writeFileSync } from "node:fs"
import { factsFolder } from "./facts-folder.ts"

const newest = 36
const facts = factsFolder()

const names = readFileSync(`${facts}/conformance-tests.txt`, "utf8")
  .split("\n")
  .flatMap((line) => {
    const [, name = "", minor = "0"] = /^(\[sig-.+?)\s+(?:\((?:<=)?v1\.(\d+)[^)]*\))?\s*(?:\{.*\})?$/.exec(line) ?? []
    return name !== "" && Number(minor) <= newest ? [name] : []
  })
writeFileSync("conformance/names.txt", `${names.join("\n")}\n`)
console.log(`conformance/names.txt: ${names.length} names`)
