/** Sets of fields: trees whose nodes say whether the field itself is in the set, and which fields below it are. @module */
import { compareElements, describeElement } from "./path-element.ts"

/** A field of a set. */
export interface FieldNode {
  /** Whether the field itself is in the set; otherwise it is only on the way to others. */
  readonly owned: boolean
  readonly below: FieldSet
}

/** A set of fields, by path element (`f:spec`, `k:{"name":"web"}`); no node of it is neither owned nor on the way. */
export type FieldSet = ReadonlyMap<string, FieldNode>

/** The set without fields. */
export const emptySet: FieldSet = new Map()

/** The set of one path of field names. */
export const setOf = (...paths: ReadonlyArray<ReadonlyArray<string>>): FieldSet =>
  paths.reduce<FieldSet>(
    (set, path) =>
      union(
        set,
        path.reduceRight<FieldSet>((below, name) => new Map([[`f:${name}`, { owned: below.size === 0, below }]]), emptySet)
      ),
    emptySet
  )

/** Fields that are in either set. */
export const union = (a: FieldSet, b: FieldSet): FieldSet => {
  if (a.size === 0 || a === b) return b
  if (b.size === 0) return a
  const result = new Map(a)
  for (const [element, node] of b) {
    const other = a.get(element)
    result.set(element, other === undefined ? node : { owned: other.owned || node.owned, below: union(other.below, node.below) })
  }
  return result
}

/** Fields of `a` that are not in `b`; a field of `b` takes nothing below it along. The very set when nothing goes. */
export const difference = (a: FieldSet, b: FieldSet): FieldSet =>
  filter(a, b, (node, other) => keep(node, node.owned && !other.owned, difference(node.below, other.below)))

/** Fields of `a` that are neither in `b` nor below a field of `b`. */
export const withoutTrees = (a: FieldSet, b: FieldSet): FieldSet =>
  filter(a, b, (node, other) => (other.owned ? undefined : keep(node, node.owned, withoutTrees(node.below, other.below))))

/** Fields that are in both sets. */
export const intersection = (a: FieldSet, b: FieldSet): FieldSet => {
  const result = new Map<string, FieldNode>()
  for (const [element, node] of a) {
    const other = b.get(element)
    if (other === undefined) continue
    const both = keep(node, node.owned && other.owned, intersection(node.below, other.below))
    if (both !== undefined) result.set(element, both)
  }
  return result
}

/** Fields of the set that have none below them in it. */
export const leaves = (set: FieldSet): FieldSet => {
  const result = new Map<string, FieldNode>()
  for (const [element, node] of set) {
    result.set(element, node.below.size === 0 ? node : { owned: false, below: leaves(node.below) })
  }
  return result
}

/** Whether the field at a path is in the set. */
export const has = (set: FieldSet, path: ReadonlyArray<string>): boolean => {
  let node: FieldNode | undefined
  let level = set
  for (const element of path) {
    node = level.get(element)
    if (node === undefined) return false
    level = node.below
  }
  return node?.owned === true
}

/** Every path in the set as people read it (`.spec.containers[name="web"]`): those of one level first, then what is below them. */
export const describePaths = (set: FieldSet, prefix = ""): ReadonlyArray<string> => {
  const elements = sortedElements(set)
  return [
    ...elements.filter(([, { owned }]) => owned).map(([element]) => prefix + describeElement(element)),
    ...elements.flatMap(([element, { below }]) =>
      below.size === 0 ? [] : describePaths(below, prefix + describeElement(element))
    )
  ]
}

/** The nodes of one level in upstream's order. */
export const sortedElements = (set: FieldSet): ReadonlyArray<[string, FieldNode]> =>
  [...set].sort(([a], [b]) => compareElements(a, b))

const keep = (node: FieldNode, owned: boolean, below: FieldSet): FieldNode | undefined => {
  if (!owned && below.size === 0) return undefined
  return owned === node.owned && below === node.below ? node : { owned, below }
}

const filter = (a: FieldSet, b: FieldSet, decide: (node: FieldNode, other: FieldNode) => FieldNode | undefined): FieldSet => {
  if (b.size === 0 || a.size === 0) return a
  let result: Map<string, FieldNode> | undefined
  for (const [element, node] of a) {
    const other = b.get(element)
    if (other === undefined) continue
    const kept = decide(node, other)
    if (kept === node) continue
    result ??= new Map(a)
    if (kept === undefined) result.delete(element)
    else result.set(element, kept)
  }
  return result ?? a
}
