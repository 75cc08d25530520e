/** What a start loads: time is measured by `bun run bench embed`, this says what it must not be spent on. @module */
import { expect, test } from "bun:test"
import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"

/** Every file and library that is loaded with a file of ours: all that is imported and not just for its types, nor when it is needed. */
const loadedWith = (start: string): ReadonlySet<string> => {
  const transpiler = new Bun.Transpiler({ loader: "ts" })
  const loaded = new Set<string>()
  const load = (file: string): void => {
    if (loaded.has(file)) return
    loaded.add(file)
    for (const { kind, path } of transpiler.scanImports(readFileSync(file, "utf8"))) {
      if (kind !== "import-statement") continue
      if (path.startsWith(".") || path.startsWith("@tsukube/")) load(Bun.resolveSync(path, dirname(file)))
      else loaded.add(path)
    }
  }
  load(start)
  return loaded
}

const loaded = [...loadedWith(join(import.meta.dir, "promise.ts"))]

test("a start loads no library that the first request does not need", () => {
  const libraries = loaded.filter((path) => !path.startsWith("/") && !path.startsWith("node:"))
  // Certificate requests, tokens, YAML, metrics and tunnels have libraries of their own, for when they are needed.
  expect([...new Set(libraries.map((path) => path.split("/")[0]))].sort()).toEqual(["effect", "hono"])
  // The index of the library loads all of it, four times what is used.
  expect(libraries).not.toContain("effect")
})

test("a start loads no part of the server that the first request does not need", () => {
  const parts = loaded.filter((path) => path.startsWith("/")).map((path) => path.slice(path.indexOf("/packages/") + 10))
  expect(parts).toContain("apiserver/src/dispatch.ts")
  const needed =
    /^apiserver\/src\/(openapi\/|connect\/|insecure|metrics\/exposition|authorize\/(default|controller)-roles)|^store\/src\/(postgres|pglite)/
  expect(parts.filter((path) => needed.test(path))).toEqual([])
})
