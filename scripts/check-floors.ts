/** A package may import only from lower floors, only what its package.json names, and only `host` may start processes. @module */
import { globSync, readFileSync } from "node:fs"

const floors = [
  ["host"],
  ["api", "store", "testing"],
  ["client", "apiserver"],
  ["reconciler"],
  ["scheduler", "controllers", "kubelet", "proxy", "netoverlay"]
]
const floorOf = new Map(floors.flatMap((names, floor) => names.map((name) => [name, floor] as const)))
/** What only `host` may import: the doors to the machine. */
const machine = /\bfrom "(node:child_process|bun:ffi)"/

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

const manifestOf = (name: string): Manifest => JSON.parse(readFileSync(`packages/${name}/package.json`, "utf8"))

/** A test file, or code that only tests and tools of the repository load. */
const isTest = (path: string): boolean => path.endsWith(".test.ts") || path.includes("/testing/") || path.endsWith("/contract.ts")

const problemsOf = (path: string): ReadonlyArray<string> => {
  const name = path.split("/")[1] ?? ""
  const text = readFileSync(path, "utf8")
  const manifest = manifestOf(name)
  const known = { ...manifest.dependencies, ...manifest.optionalDependencies, ...(isTest(path) ? manifest.devDependencies : {}) }
  const problems: Array<string> = []
  if (!isTest(path) && name !== "host" && name !== "testing" && machine.test(text))
    problems.push(`${path}: only packages/host starts processes`)
  // Type imports count too: a name that leaks upwards is a dependency.
  for (const [, other = ""] of text.matchAll(/^[^*/\n]*\bfrom "@tsukube\/([^"/]+)/gm)) {
    if (other === name) continue
    if (!(`@tsukube/${other}` in known)) problems.push(`${path}: @tsukube/${other} is not in its package.json`)
    if (!isTest(path) && (floorOf.get(other) ?? 99) >= (floorOf.get(name) ?? 0))
      problems.push(`${path}: ${name} may not look up to ${other}`)
  }
  return problems
}

const problems = globSync("packages/*/src/**/*.ts").flatMap(problemsOf)
for (const problem of problems) console.error(problem)
console.log(problems.length === 0 ? "floors: no package looks up" : `floors: ${problems.length} problems`)
process.exitCode = problems.length === 0 ? 0 : 1
