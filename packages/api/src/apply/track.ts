/**
 * Keeps `metadata.managedFields` when an object is created, updated or patched by other means than server-side apply.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
 * @module
 */
import { isList, isObject } from "../json.ts"
import { apiVersionOf, type KubernetesObject } from "../resource.ts"
import type { ManagedFieldsEntry, ObjectMeta } from "../types/meta-v1.ts"
import { blankOf } from "./blank.ts"
import { createdFields } from "./created.ts"
import { union } from "./field-set.ts"
import {
  identityOf,
  type Manager,
  type Managers,
  readManagersLeniently,
  withoutOldest,
  writeEntry,
  writeManagers
} from "./manager.ts"
import type { TrackedKind } from "./reset-fields.ts"
import { ownable, settle } from "./settle.ts"

/** A write that is no server-side apply. */
export interface TrackedUpdate<T extends KubernetesObject> {
  /** The resource of the object, or the kind that a subresource speaks (`autoscaling/v1` `Scale`). */
  readonly kind: TrackedKind<T>
  /** The object as it is; `undefined` when it is created. */
  readonly before: T | undefined
  /** The object as it shall be, with defaults, before admission changes it. */
  readonly after: T
  /** Who writes; see `managerOf`. */
  readonly manager: string
  /** `status`, `scale` and so on; `""`, the default, for the object itself. */
  readonly subresource?: string
  /** The time, RFC 3339 to the second. */
  readonly now: string
  /**
   * `metadata.managedFields` as the client wrote it, where reading the body may have dropped an empty list: `[]` and `[{}]` clear what is tracked.
   * What `after` says, when absent.
   */
  readonly given?: unknown
}

/** The object with its `managedFields` brought up to date. Never fails: what cannot be read counts as not there, as upstream has it. */
export const trackUpdate = <T extends KubernetesObject>(update: TrackedUpdate<T>): T => {
  const { kind, before, after, manager, now, subresource = "" } = update
  const known = managersBefore(update)
  // Objects that were there before anybody tracked fields, or whose tracking was cleared, stay untracked until they are applied.
  if (known.size === 0 && before !== undefined) return withManagedFields(after, undefined)
  if (known.size === 0) return withCreator(update)
  return withManagedFields(
    after,
    writeManagers(withoutOldest(updateManagers(kind, before, after, known, manager, subresource, now)))
  )
}

/** The new object with one entry, its creator's. */
const withCreator = <T extends KubernetesObject>({ kind, after, manager, now, subresource = "" }: TrackedUpdate<T>): T => {
  const fields = createdFields(kind, withoutManagedFields(after), subresource)
  if (fields === undefined) return withManagedFields(after, undefined)
  const named = { manager: manager || "unknown", operation: "Update", apiVersion: apiVersionOf(kind), subresource } as const
  return withManagedFields(after, [writeEntry({ ...named, time: now }, fields)])
}

/** The managers after an update; who updates owns what changed, besides what was theirs. */
export const updateManagers = (
  kind: TrackedKind,
  before: KubernetesObject | undefined,
  after: KubernetesObject,
  known: Managers,
  manager: string,
  subresource: string,
  now: string
): Managers => {
  const start = before === undefined ? blankOf(kind.schema) : withoutManagedFields(before)
  const { changes, managers } = settle(kind, start, withoutManagedFields(after), known, "", subresource)
  const changed = ownable(union(changes.modified, changes.added))
  if (changed.size === 0) return managers
  const named = { manager: manager || "unknown", operation: "Update", apiVersion: apiVersionOf(kind), subresource } as const
  const identity = identityOf(named)
  const earlier: Manager | undefined = managers.get(identity)
  const fields = earlier === undefined ? changed : union(changed, earlier.fields)
  return new Map(managers).set(identity, { ...named, time: now, fields })
}

/** Whose fields are known before the update: what the client says, unless that is nothing or nonsense. */
const managersBefore = ({ before, after, given, subresource = "" }: TrackedUpdate<KubernetesObject>): Managers => {
  const stored = readManagersLeniently(before?.metadata?.managedFields)
  if (subresource !== "") return stored
  const entries = given ?? after.metadata?.managedFields
  if (!isList(entries)) return stored
  if (isReset(entries)) return new Map()
  const wanted = readManagersLeniently(entries)
  return wanted.size === 0 ? stored : wanted
}

const isReset = (entries: ReadonlyArray<unknown>): boolean =>
  entries.length === 0 || (entries.length === 1 && isObject(entries[0]) && Object.keys(entries[0]).length === 0)

/** The object without `managedFields`, which is not tracked itself. */
export const withoutManagedFields = (object: KubernetesObject): KubernetesObject => {
  if (object.metadata?.managedFields === undefined) return object
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata }
}

/** The object with these `managedFields`; the very object when they are its own. */
export const withManagedFields = <T extends KubernetesObject>(
  object: T,
  managedFields: ReadonlyArray<ManagedFieldsEntry> | undefined
): T => {
  if (managedFields === undefined && object.metadata?.managedFields === undefined) return object
  const { managedFields: _, ...metadata }: ObjectMeta = object.metadata ?? {}
  return { ...object, metadata: managedFields === undefined ? metadata : { ...metadata, managedFields } }
}
