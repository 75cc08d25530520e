/** Network namespaces that live as long as a scope, and what is configured inside them. @module */
import { existsSync } from "node:fs"
import { Effect, type Scope } from "effect"
import { type RunError, run } from "./run.ts"

/** A named network namespace. */
export interface Netns {
  readonly name: string
  /** What `nsenter --net` and `ProcessSpec.netns` take. */
  readonly path: string
}

/** Where a command takes effect: in a network namespace by path, or in our own. */
export interface InNetns {
  readonly netns?: string
}

/** The path of a named network namespace, whether it exists or not. */
export const netnsPath = (name: string): string => `/run/netns/${name}`

const remove = (name: string): Effect.Effect<void> =>
  Effect.suspend(() => (existsSync(netnsPath(name)) ? Effect.ignore(run("ip", ["netns", "delete", name])) : Effect.void))

/** Makes a named network namespace with its loopback up; one of the same name, left by a killed run, is deleted first. Deleted when the scope ends. */
export const createNetns = (name: string): Effect.Effect<Netns, RunError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.gen(function* () {
      yield* remove(name)
      yield* run("ip", ["netns", "add", name])
      const netns = { name, path: netnsPath(name) }
      yield* run("ip", ["-n", name, "link", "set", "lo", "up"])
      return netns
    }),
    () => remove(name)
  )

/** Runs many `ip` commands, one a line without the word `ip`, in one process; stops at the first that fails unless `force`. */
export const ipBatch = (
  lines: ReadonlyArray<string>,
  options: InNetns & { readonly force?: boolean } = {}
): Effect.Effect<void, RunError> => batch("ip", lines, options)

/** Runs many `bridge` commands, one a line without the word `bridge`, in one process. */
export const bridgeBatch = (
  lines: ReadonlyArray<string>,
  options: InNetns & { readonly force?: boolean } = {}
): Effect.Effect<void, RunError> => batch("bridge", lines, options)

const batch = (
  tool: "ip" | "bridge",
  lines: ReadonlyArray<string>,
  options: InNetns & { readonly force?: boolean }
): Effect.Effect<void, RunError> => {
  if (lines.length === 0) return Effect.void
  const force = options.force === true ? ["-force"] : []
  const result = run(tool, [...force, "-batch", "-"], { stdin: `${lines.join("\n")}\n`, ...inNetns(options) })
  // With -force the tool still exits non-zero after it has tried every line.
  return options.force === true ? Effect.ignore(result) : Effect.asVoid(result)
}

/** Runs an `ip` or `bridge` command with `-json` and parses what it prints; nothing printed is an empty list. */
export const ipJson = (
  tool: "ip" | "bridge",
  args: ReadonlyArray<string>,
  options: InNetns = {}
): Effect.Effect<ReadonlyArray<Readonly<Record<string, unknown>>>, RunError> =>
  Effect.map(run(tool, ["-json", ...args], inNetns(options)), ({ stdout }) => JSON.parse(stdout.trim() === "" ? "[]" : stdout))

/** Sets kernel parameters by their dotted names; names the kernel does not have are left out when `optional` lists them. */
export const setSysctls = (
  values: Readonly<Record<string, string | number>>,
  options: InNetns & { readonly optional?: ReadonlyArray<string> } = {}
): Effect.Effect<void, RunError> =>
  Effect.gen(function* () {
    const optional = new Set(options.optional ?? [])
    const assignments = Object.entries(values).map(([name, value]) => [name, `${name}=${value}`] as const)
    const required = assignments.filter(([name]) => !optional.has(name)).map(([, assignment]) => assignment)
    const others = assignments.filter(([name]) => optional.has(name)).map(([, assignment]) => assignment)
    if (required.length > 0) yield* run("sysctl", ["-q", "-w", ...required], inNetns(options))
    for (const assignment of others) yield* Effect.ignore(run("sysctl", ["-q", "-w", assignment], inNetns(options)))
  })

const inNetns = (options: InNetns): InNetns => (options.netns === undefined ? {} : { netns: options.netns })
