/**
 * `bun scripts/build.ts [PACKAGE…] [--pack FOLDER]`: lays out what is published of packages in `dist/package`: plain JavaScript in few files,
 * declarations, a manifest whose paths point at them, the README and the licence. `--pack` makes tarballs of them as npm does.
 * @module
 */
import { spawnSync } from "node:child_process"
import { chmodSync, copyFileSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { parseArgs } from "node:util"

type Exports = Readonly<Record<string, string | null>>

interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly exports: Exports
  readonly bin?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly files?: ReadonlyArray<string>
}

const root = resolve(import.meta.dirname, "..")

const run = (command: string, args: ReadonlyArray<string>, cwd: string): string => {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" })
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed in ${cwd}:\n${stdout}${stderr}`)
  return stdout
}

/** `./src/a.ts` as `./a.js`, or with its declarations. */
const built = (source: string, extension: "js" | "d.ts"): string =>
  source.replace("./src/", "./").replace(/\.ts$/, `.${extension}`)

/** The manifest of a package as it is published: no workspace, no sources, no tests. */
export const publishedManifest = ({
  devDependencies: _,
  files: __,
  exports,
  bin,
  ...rest
}: Manifest): Record<string, unknown> => ({
  ...rest,
  exports: Object.fromEntries(
    Object.entries(exports).map(([path, source]) => [
      path,
      source === null ? null : { types: built(source, "d.ts"), default: built(source, "js") }
    ])
  ),
  ...(bin === undefined
    ? {}
    : { bin: Object.fromEntries(Object.entries(bin).map(([name, source]) => [name, built(source, "js")])) })
})

/** The files that somebody outside may name: by an export, a pattern of exports, or a command. */
const entriesOf = (folder: string, { exports, bin = {} }: Manifest): ReadonlyArray<string> =>
  [...Object.values(exports), ...Object.values(bin)]
    .flatMap((source) => (source === null ? [] : globSync(source, { cwd: folder })))
    .filter((path) => !path.endsWith(".test.ts"))
    .map((path) => join(folder, path))

/**
 * A package as few files: its modules are put together, those that several entries need in files of their own, and what is imported when
 * it is needed stays apart. A start is mostly loading, and hundreds of small files take three times as long. Names are kept for stack traces.
 */
const bundle = async (folder: string, manifest: Manifest, out: string): Promise<void> => {
  const { success, logs } = await Bun.build({
    entrypoints: [...entriesOf(folder, manifest)],
    root: join(folder, "src"),
    outdir: out,
    naming: { entry: "[dir]/[name].js", chunk: "parts/[name]-[hash].js" },
    target: "node",
    format: "esm",
    splitting: true,
    packages: "external",
    minify: { whitespace: true, syntax: true, identifiers: false }
  })
  if (!success) throw new AggregateError(logs, `${manifest.name} cannot be bundled`)
}

const build = async (folder: string): Promise<string> => {
  const manifest: Manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
  const out = join(folder, "dist", "package")
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  // A configuration of its own: only this package's files, with the siblings as they are.
  const config = join(folder, "dist", "tsconfig.json")
  writeFileSync(
    config,
    JSON.stringify({
      extends: join(root, "tsconfig.json"),
      compilerOptions: {
        noEmit: false,
        declaration: true,
        emitDeclarationOnly: true,
        allowImportingTsExtensions: true,
        rewriteRelativeImportExtensions: true,
        rootDir: join(folder, "src"),
        outDir: out,
        plugins: []
      },
      include: [join(folder, "src")],
      exclude: [join(folder, "src/**/*.test.ts"), ...withoutMachine(folder)]
    })
  )
  run(join(root, "node_modules/.bin/tsc"), ["-p", config, "--rootDir", join(folder, "src")], root)
  await bundle(folder, manifest, out)
  for (const data of globSync("src/**/*.{json,txt}", { cwd: folder, exclude: ["src/testing/**"] })) {
    const target = join(out, data.replace(/^src\//, ""))
    mkdirSync(join(target, ".."), { recursive: true })
    copyFileSync(join(folder, data), target)
  }
  const published = publishedManifest(manifest)
  writeFileSync(join(out, "package.json"), `${JSON.stringify(published, null, 2)}\n`)
  for (const source of Object.values(manifest.bin ?? {})) chmodSync(join(out, built(source, "js")), 0o755)
  copyFileSync(join(folder, "README.md"), join(out, "README.md"))
  if (existsSync(join(root, "LICENSE"))) copyFileSync(join(root, "LICENSE"), join(out, "LICENSE"))
  return out
}

/** What only the repository's own tests run is not published, unless an export names it. */
const withoutMachine = (folder: string): ReadonlyArray<string> => {
  const manifest: Manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
  const exported = new Set(Object.values(manifest.exports).map((source) => (source === null ? "" : join(folder, source))))
  return globSync("src/testing/**/*.ts", { cwd: folder })
    .map((path) => join(folder, path))
    .filter((path) => !exported.has(path))
}

/** Builds the packages named (all that are published when none is), and returns the folders to publish. */
export const buildPackages = async (names: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
  const folders = globSync("packages/*/package.json", { cwd: root })
    .map((path) => ({ folder: join(root, path, ".."), manifest: JSON.parse(readFileSync(join(root, path), "utf8")) as Manifest }))
    .filter(({ manifest }) => manifest.private !== true)
    .filter(({ manifest }) => names.length === 0 || names.includes(manifest.name.replace("@tsukube/", "")))
    .map(({ folder }) => folder)
  const built: Array<string> = []
  for (const folder of folders) built.push(await build(folder))
  return built
}

/** Makes a tarball of each folder, and returns their paths. */
export const packFolders = (folders: ReadonlyArray<string>, into: string): ReadonlyArray<string> => {
  mkdirSync(into, { recursive: true })
  return folders.map((folder) =>
    join(into, run("npm", ["pack", "--silent", "--pack-destination", into], folder).trim().split("\n").at(-1) ?? "")
  )
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({ options: { pack: { type: "string" } }, allowPositionals: true })
  const folders = await buildPackages(positionals)
  for (const folder of folders) console.log(folder)
  if (values.pack !== undefined) for (const tarball of packFolders(folders, resolve(values.pack))) console.log(tarball)
}
