/** The conflict that an applier is told of when it would change fields that others own. @module */
import { applyConflict, type StatusError } from "../status.ts"
import { describePaths, type FieldSet } from "./field-set.ts"
import type { Manager, Managers } from "./manager.ts"

/** 409: every field that others own and that would change, with who owns it. */
export const conflictError = (conflicts: ReadonlyMap<string, FieldSet>, managers: Managers): StatusError => {
  const found = [...conflicts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([identity, fields]) => ({ owner: describe(managers.get(identity)), paths: describePaths(fields) }))
  const causes = found.flatMap(({ owner, paths }) =>
    paths.map((field) => ({ reason: "FieldManagerConflict", message: `conflict with ${owner}`, field }))
  )
  const [only] = causes
  if (only !== undefined && causes.length === 1) {
    return applyConflict(causes, `Apply failed with 1 conflict: ${only.message}: ${only.field}`)
  }
  const list = found.flatMap(({ owner, paths }) => [`conflicts with ${owner}:`, ...paths.map((path) => `- ${path}`)])
  return applyConflict(causes, `Apply failed with ${causes.length} conflicts: ${list.join("\n")}`)
}

const describe = (owner: Manager | undefined): string => {
  if (owner === undefined) return '""'
  const subresource = owner.subresource === "" ? "" : ` with subresource ${JSON.stringify(owner.subresource)}`
  const version = owner.operation === "Update" ? ` using ${owner.apiVersion}` : ""
  return `${JSON.stringify(owner.manager)}${subresource}${version}`
}
