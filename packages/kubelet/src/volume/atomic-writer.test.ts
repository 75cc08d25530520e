import { afterAll, expect, test } from "bun:test"
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { writeFiles } from "./atomic-writer.ts"
import { configMapFiles } from "./config-map.ts"
import { secretFiles } from "./secret.ts"

const folder = mkdtempSync(join(tmpdir(), "tsukube-volume-"))
afterAll(() => rmSync(folder, { recursive: true }))

const files = (content: Readonly<Record<string, string>>) =>
  Object.entries(content).map(([path, text]) => ({ path, content: new TextEncoder().encode(text), mode: 0o640 }))

test("files are reached through one link, which an update swaps", () => {
  const dir = join(folder, "swap")
  expect(writeFiles(dir, files({ a: "1", "sub/b": "2" }), {}, Date.now())).toBe(true)
  const first = readlinkSync(join(dir, "..data"))
  expect(readlinkSync(join(dir, "a"))).toBe("..data/a")
  expect(readFileSync(join(dir, "sub/b"), "utf8")).toBe("2")
  expect(statSync(join(dir, "a")).mode & 0o777).toBe(0o640)

  expect(writeFiles(dir, files({ a: "1", "sub/b": "2" }), {}, Date.now())).toBe(false)
  expect(readlinkSync(join(dir, "..data"))).toBe(first)

  expect(writeFiles(dir, files({ a: "new", c: "3" }), {}, Date.now())).toBe(true)
  expect(readFileSync(join(dir, "a"), "utf8")).toBe("new")
  expect(existsSync(join(dir, "sub"))).toBe(false)
  expect(readdirSync(dir).toSorted()).toEqual(["..data", readlinkSync(join(dir, "..data")), "a", "c"].toSorted())
})

test("a path may not leave the volume", () => {
  for (const path of ["/etc/passwd", "../x", "a/../../x", "..data", ""])
    expect(() => writeFiles(join(folder, "bad"), files({ [path]: "x" }), {}, Date.now())).toThrow("invalid path")
})

test("a config map gives all its keys, or the listed ones where they should go", () => {
  const configMap = { data: { a: "1" }, binaryData: { b: Buffer.from([0, 255]).toString("base64") } }
  expect(configMapFiles({ name: "c" }, configMap, 0o644).map(({ path, mode }) => [path, mode])).toEqual([
    ["a", 0o644],
    ["b", 0o644]
  ])
  const items = [{ key: "a", path: "x/y", mode: 0o400 }]
  expect(configMapFiles({ name: "c", items }, configMap, 0o644)).toMatchObject([{ path: "x/y", mode: 0o400 }])
  expect(() => configMapFiles({ name: "c", items: [{ key: "z", path: "z" }] }, configMap, 0o644)).toThrow(
    "references non-existent config key: z"
  )
})

test("what is missing has upstream's words, what is optional is empty", () => {
  expect(() => configMapFiles({ name: "c" }, undefined, 0o644)).toThrow('configmap "c" not found')
  expect(() => secretFiles({ name: "s" }, undefined, 0o644)).toThrow('secret "s" not found')
  expect(secretFiles({ name: "s", optional: true }, undefined, 0o644)).toEqual([])
})
