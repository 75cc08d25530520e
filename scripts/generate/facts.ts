/** Reads the facts folder: definitions, operations and resources of one Kubernetes release, as plain data. @module */
import { readFileSync } from "node:fs"
import { join } from "node:path"

/** A definition or property as the facts file writes it: OpenAPI v2 with Kubernetes' extensions. */
export interface OpenApiSchema {
  readonly type?: string
  readonly format?: string
  readonly $ref?: string
  readonly properties?: Readonly<Record<string, OpenApiSchema>>
  readonly items?: OpenApiSchema
  readonly additionalProperties?: OpenApiSchema
  readonly required?: ReadonlyArray<string>
  readonly enum?: ReadonlyArray<string>
  readonly default?: unknown
  readonly "x-kubernetes-list-type"?: string
  readonly "x-kubernetes-list-map-keys"?: ReadonlyArray<string>
  readonly "x-kubernetes-map-type"?: string
  readonly "x-kubernetes-patch-strategy"?: string
  readonly "x-kubernetes-patch-merge-key"?: string
  readonly "x-kubernetes-group-version-kind"?: ReadonlyArray<GroupVersionKind>
  readonly "x-kubernetes-unions"?: ReadonlyArray<unknown>
}

/** Group, version and kind of an object. */
export interface GroupVersionKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

/** One line of the resource list; `name` is `pods` or `pods/status`. */
export interface ResourceLine {
  readonly group: string
  readonly version: string
  readonly name: string
  readonly kind: string
  readonly namespaced: boolean
  readonly verbs: ReadonlyArray<string>
  readonly shortNames: ReadonlyArray<string>
  readonly categories: ReadonlyArray<string>
  readonly servedByDefault: boolean
}

interface Operation {
  readonly path: string
  readonly gvk: GroupVersionKind
}

/** Everything the generator knows. */
export interface Facts {
  readonly definitions: ReadonlyMap<string, OpenApiSchema>
  readonly resources: ReadonlyArray<ResourceLine>
  /** The kind a path speaks, by path: subresources speak kinds of other groups (`Scale`, `Eviction`). */
  readonly kindOfPath: ReadonlyMap<string, GroupVersionKind>
}

const release = "kubernetes-v1.36"

export const readFacts = (folder: string): Facts => {
  const text = (name: string): string => readFileSync(join(folder, `${release}-${name}`), "utf8")
  const definitions: Record<string, OpenApiSchema> = JSON.parse(text("types.json"))
  const operations: ReadonlyArray<Operation> = JSON.parse(text("operations.json"))
  return {
    definitions: new Map(Object.entries(definitions).sort(([a], [b]) => (a < b ? -1 : 1))),
    resources: readResources(text("resources.txt")),
    kindOfPath: new Map(operations.filter(({ gvk }) => gvk !== undefined).map(({ path, gvk }) => [path, gvk]))
  }
}

const readResources = (text: string): ReadonlyArray<ResourceLine> => {
  const lines: Array<ResourceLine> = []
  let section: { readonly group: string; readonly version: string; readonly servedByDefault: boolean } | undefined
  for (const line of text.split("\n")) {
    if (line.startsWith("##")) {
      section = sectionOf(line)
      continue
    }
    if (section === undefined || line.startsWith("#") || line.trim() === "") continue
    const [name = "", scope = "", kind = "", verbs = "", ...rest] = line.trim().split(/\s+/)
    const list = (key: string): ReadonlyArray<string> =>
      rest
        .find((word) => word.startsWith(`${key}=`))
        ?.slice(key.length + 1)
        .split(",") ?? []
    lines.push({
      ...section,
      name,
      kind,
      namespaced: scope === "ns",
      verbs: verbs.split(","),
      shortNames: list("short"),
      categories: list("cat")
    })
  }
  return lines
}

/** `## apps/v1  [GA; served by default]`; headings of another form (an outlook on the next release) close the list. */
const sectionOf = (heading: string) => {
  const match = /^## (?:(\S+)\/)?(v\d\S*)\s+\[(.*)\]$/.exec(heading)
  if (match === null) return undefined
  return { group: match[1] ?? "", version: match[2] ?? "", servedByDefault: !match[3]?.includes("NOT served") }
}
