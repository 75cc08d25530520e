import { expect, test } from "bun:test"
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { isRoot } from "@tsukube/host"
import { completeLinks, findBinaries } from "./binaries.ts"

/** The user `nobody`: its number is the same everywhere. */
const nobody = 65534

const withPackage = (body: (folder: string, libraries: string) => void): void => {
  const folder = mkdtempSync(join(tmpdir(), "tsukube-binaries-"))
  const libraries = join(folder, "native", "lib")
  try {
    mkdirSync(libraries, { recursive: true })
    writeFileSync(join(libraries, "libx.so.1.2"), "code")
    const links = ["libx.so", "libx.so.1"].map((name) => ({ source: "native/lib/libx.so.1.2", target: `native/lib/${name}` }))
    writeFileSync(join(folder, "native", "pg-symlinks.json"), JSON.stringify(links))
    body(folder, libraries)
  } finally {
    chmodSync(libraries, 0o755)
    rmSync(folder, { recursive: true, force: true })
  }
}

test("links that no install script made are made where they belong", () =>
  withPackage((folder, libraries) => {
    expect(completeLinks(folder, join(folder, "spare"))).toEqual({})
    for (const name of ["libx.so", "libx.so.1"]) expect(readFileSync(join(libraries, name), "utf8")).toBe("code")
    expect(completeLinks(folder, join(folder, "spare"))).toEqual({})
  }))

/** Nothing is read-only to root, so root acts as another user meanwhile. */
const unprivileged = (body: () => void): void => {
  if (!isRoot()) {
    body()
    return
  }
  process.seteuid?.(nobody)
  try {
    body()
  } finally {
    process.seteuid?.(0)
  }
}

test("in a read-only package they are made beside it", () =>
  withPackage((folder, libraries) => {
    chmodSync(libraries, 0o555)
    chmodSync(folder, 0o777)
    const spare = join(folder, "spare")
    unprivileged(() => expect(Object.values(completeLinks(folder, spare))).toEqual([spare]))
    expect(readFileSync(join(spare, "libx.so.1"), "utf8")).toBe("code")
  }))

test("a folder without PostgreSQL is named", () => {
  expect(findBinaries("/nowhere", "/tmp/unused")).toMatchObject({ _tag: "StoreError", message: "there is no initdb in /nowhere" })
})
