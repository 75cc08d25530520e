/** Whether rules allow no more than other rules do: nobody may grant what he does not have. Pure. @module */
import type { PolicyRule } from "@tsukube/api/rbac-v1"
import type { Attributes } from "../request.ts"
import { ruleAllows } from "./rule.ts"

/** Every single thing a rule allows. A star stays a star: only a star covers it. */
function* partsOf({
  verbs,
  apiGroups = [],
  resources = [],
  resourceNames = [],
  nonResourceURLs = []
}: PolicyRule): IterableIterator<Attributes> {
  const plain = { isResource: false, group: "", version: "", resource: "", subresource: "", namespace: "", name: "" }
  for (const verb of verbs) {
    for (const path of nonResourceURLs) yield { ...plain, path, verb }
    for (const group of apiGroups) {
      for (const wanted of resources) {
        const [resource = "", subresource = ""] = wanted.split("/")
        for (const name of resourceNames.length === 0 ? [""] : resourceNames) {
          yield { isResource: true, path: "", verb, group, version: "", resource, subresource, namespace: "", name }
        }
      }
    }
  }
}

/** The same part as a rule, in the words of upstream's refusal. */
const describe = ({ isResource, path, verb, group, resource, subresource, name }: Attributes): string => {
  const list = (value: string) => `[${JSON.stringify(value)}]`
  if (!isResource) return `{NonResourceURLs:${list(path)}, Verbs:${list(verb)}}`
  const what = subresource === "" ? resource : `${resource}/${subresource}`
  const names = name === "" ? "" : `, ResourceNames:${list(name)}`
  return `{APIGroups:${list(group)}, Resources:${list(what)}${names}, Verbs:${list(verb)}}`
}

/** What `wanted` allows beyond `held`, each part described; empty when nothing. */
export const beyond = (held: ReadonlyArray<PolicyRule>, wanted: ReadonlyArray<PolicyRule>): ReadonlyArray<string> =>
  wanted.flatMap((rule) => [...partsOf(rule)].filter((part) => !held.some((one) => ruleAllows(one, part))).map(describe))
