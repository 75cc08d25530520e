/** When a Job's successPolicy calls it a success before all its indexes are through. Pure. @module */
import type { JobSpec, SuccessPolicyRule } from "@tsukube/api/batch-v1"
import { type IndexSet, parseIndexes, sizeOf, sizeOfCommon } from "./index-set.ts"

const isMet = ({ succeededIndexes, succeededCount }: SuccessPolicyRule, completions: number, succeeded: IndexSet): boolean => {
  if (succeededIndexes === undefined) return succeededCount !== undefined && sizeOf(succeeded) >= succeededCount
  const required = parseIndexes(succeededIndexes, completions)
  // All of its indexes lie beyond an elastic Job that has shrunk: nothing can meet such a rule.
  if (required.length === 0) return false
  return sizeOfCommon(required, succeeded) >= Math.min(succeededCount ?? Number.POSITIVE_INFINITY, sizeOf(required))
}

/** The first rule that these indexes meet, by its place in the list. */
export const metRule = ({ successPolicy, completions = 0 }: JobSpec, succeeded: IndexSet): number | undefined => {
  if (succeeded.length === 0) return undefined
  const at = (successPolicy?.rules ?? []).findIndex((rule) => isMet(rule, completions, succeeded))
  return at < 0 ? undefined : at
}
