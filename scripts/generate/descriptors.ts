/** Joins resources with their subresources and definitions: the rows of the catalog. @module */
import type { Resource, Subresource, Verb } from "../../packages/api/src/resource.ts"
import type { Facts, GroupVersionKind, ResourceLine } from "./facts.ts"

/** Every resource of the release, in the order of the facts. */
export const descriptorsOf = (facts: Facts): ReadonlyArray<Resource> => {
  const definitionOf = definitionsByKind(facts)
  return facts.resources
    .filter(({ name }) => !name.includes("/"))
    .map((line) => ({
      group: line.group,
      version: line.version,
      kind: line.kind,
      plural: line.name,
      singular: line.kind.toLowerCase(),
      listKind: `${line.kind}List`,
      namespaced: line.namespaced,
      verbs: line.verbs as ReadonlyArray<Verb>,
      shortNames: line.shortNames,
      categories: line.categories,
      subresources: subresourcesOf(facts, line, definitionOf),
      schema: definitionOf(line) ?? "",
      servedByDefault: line.servedByDefault
    }))
}

const subresourcesOf = (
  facts: Facts,
  parent: ResourceLine,
  definitionOf: (gvk: GroupVersionKind) => string | undefined
): ReadonlyArray<Subresource> =>
  facts.resources
    .filter(
      ({ group, version, name }) => group === parent.group && version === parent.version && name.startsWith(`${parent.name}/`)
    )
    .map((line) => {
      const root = line.group === "" ? `/api/${line.version}` : `/apis/${line.group}/${line.version}`
      const path = `${root}/${line.namespaced ? "namespaces/{namespace}/" : ""}${parent.name}/{name}/${line.name.slice(parent.name.length + 1)}`
      const { group, version, kind } = facts.kindOfPath.get(path) ?? line
      const schema = definitionOf({ group, version, kind })
      return {
        name: line.name.slice(parent.name.length + 1),
        group,
        version,
        kind,
        verbs: line.verbs as ReadonlyArray<Verb>,
        ...(schema === undefined ? {} : { schema })
      }
    })

const definitionsByKind = (facts: Facts) => {
  const key = ({ group, version, kind }: GroupVersionKind): string => `${group}/${version}/${kind}`
  const byKind = new Map<string, string>()
  for (const [definition, schema] of facts.definitions) {
    for (const gvk of schema["x-kubernetes-group-version-kind"] ?? []) byKind.set(key(gvk), definition)
  }
  return (gvk: GroupVersionKind): string | undefined => byKind.get(key(gvk))
}
