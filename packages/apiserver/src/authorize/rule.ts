/** Whether one RBAC rule allows one thing: pure. @module */
import type { PolicyRule } from "@tsukube/api/rbac-v1"
import type { Attributes } from "../request.ts"

const matches = (wanted: ReadonlyArray<string> | undefined, value: string): boolean =>
  wanted !== undefined && (wanted.includes("*") || wanted.includes(value))

/** `pods`, `pods/log`, `*` (with every subresource) or `*` before a subresource (`*` + `/scale`). */
const matchesResource = (wanted: ReadonlyArray<string> | undefined, resource: string, subresource: string): boolean => {
  if (subresource === "") return matches(wanted, resource)
  return matches(wanted, `${resource}/${subresource}`) || wanted?.includes(`*/${subresource}`) === true
}

const matchesPath = (wanted: ReadonlyArray<string> | undefined, path: string): boolean =>
  wanted?.some((url) => url === "*" || url === path || (url.endsWith("*") && path.startsWith(url.slice(0, -1)))) === true

/** Rules only ever allow. Names are compared where the rule has some: requests without a name then do not match. */
export const ruleAllows = (rule: PolicyRule, attributes: Attributes): boolean => {
  if (!matches(rule.verbs, attributes.verb)) return false
  if (!attributes.isResource) return matchesPath(rule.nonResourceURLs, attributes.path)
  const { group, resource, subresource, name } = attributes
  const { resourceNames = [] } = rule
  return (
    matches(rule.apiGroups, group) &&
    matchesResource(rule.resources, resource, subresource) &&
    (resourceNames.length === 0 || resourceNames.includes(name))
  )
}
