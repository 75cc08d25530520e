/** Hands the fields that change over to whoever changes them, or says whose they are. @module */
import { findByKind } from "../catalog.ts"
import { apiVersionOf } from "../resource.ts"
import { type Changes, compare } from "./compare.ts"
import { difference, type FieldSet, intersection, union } from "./field-set.ts"
import type { Manager, Managers } from "./manager.ts"
import { changeableFields, neverOwned, type TrackedKind } from "./reset-fields.ts"
import { shapeOf } from "./shape.ts"

/** What a change does to the managers of an object. */
export interface Settlement {
  readonly changes: Changes
  /** The managers without the fields that were changed or removed; whoever changes is as before. */
  readonly managers: Managers
  /** Fields that changed and that others own, by identity. */
  readonly conflicts: ReadonlyMap<string, FieldSet>
}

/**
 * Compares two objects and takes what changed from every manager but `self`. Entries of other versions of the kind stay
 * as they are, since objects are not converted here; entries of versions that do not exist are dropped, as upstream does.
 */
export const settle = (
  kind: TrackedKind,
  before: unknown,
  after: unknown,
  managers: Managers,
  self: string,
  subresource: string
): Settlement => {
  const all = compare(before, after, shapeOf(kind.schema))
  const changes: Changes = {
    added: changeableFields(all.added, kind, subresource),
    modified: changeableFields(all.modified, kind, subresource),
    removed: changeableFields(all.removed, kind, subresource)
  }
  const changed = union(changes.modified, changes.added)
  const result = new Map<string, Manager>()
  const conflicts = new Map<string, FieldSet>()
  for (const [identity, manager] of managers) {
    if (identity === self || isOtherVersion(manager, kind)) {
      result.set(identity, manager)
      continue
    }
    if (manager.apiVersion !== apiVersionOf(kind)) continue
    const taken = intersection(manager.fields, changed)
    if (taken.size > 0) conflicts.set(identity, taken)
    const fields = difference(difference(manager.fields, taken), changes.removed)
    if (fields === manager.fields) result.set(identity, manager)
    else if (fields.size > 0) result.set(identity, { ...manager, fields })
  }
  return { changes, managers: result, conflicts }
}

/** The fields that somebody may be recorded as an owner of. */
export const ownable = (fields: FieldSet): FieldSet => {
  const rest = difference(fields, neverOwned)
  const metadata = rest.get("f:metadata")
  if (metadata?.owned !== true) return rest
  const result = new Map(rest)
  if (metadata.below.size === 0) result.delete("f:metadata")
  else result.set("f:metadata", { owned: false, below: metadata.below })
  return result
}

const isOtherVersion = (manager: Manager, kind: TrackedKind): boolean =>
  manager.apiVersion !== apiVersionOf(kind) && findByKind(manager.apiVersion, kind.kind) !== undefined
