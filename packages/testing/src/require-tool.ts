/** System tests need tools of the machine: in CI they must be there, elsewhere their absence is said loudly. @module */
import { existsSync } from "node:fs"
import { delimiter, join } from "node:path"

/**
 * True when every condition holds. Otherwise prints what is missing and returns false, so that a suite can be skipped;
 * in CI (`CI=true`) it throws instead: nothing is skipped silently there.
 */
export const requireTool = (suite: string, conditions: Readonly<Record<string, boolean>>): boolean => {
  const missing = Object.entries(conditions).flatMap(([name, there]) => (there ? [] : [name]))
  if (missing.length === 0) return true
  const message = `${suite}: needs ${missing.join(", ")}; scripts/install-node-tools.sh installs it on Debian and Ubuntu`
  if (process.env["CI"] === "true") throw new Error(message)
  console.warn(`\n  SKIPPED  ${message}\n`)
  return false
}

/** Whether a program of this name is on the PATH. */
export const onPath = (program: string): boolean =>
  (process.env["PATH"] ?? "").split(delimiter).some((folder) => folder !== "" && existsSync(join(folder, program)))
