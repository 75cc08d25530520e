/**
 * Server-side apply: merges what somebody applies into an object, takes out what they no longer apply and nobody else owns,
 * and refuses to change what others own. https://kubernetes.io/docs/reference/using-api/server-side-apply/
 * @module
 */
import { applyDefaults } from "../defaults/apply.ts"
import { equalJson } from "../json.ts"
import { ParseError } from "../parse-error.ts"
import { apiVersionOf, type KubernetesObject } from "../resource.ts"
import { badRequest, invalid, type StatusError, statusErrorOf } from "../status.ts"
import { checkStructure } from "../structural.ts"
import { blankOf } from "./blank.ts"
import { conflictError } from "./conflict.ts"
import { difference, emptySet, type FieldSet, intersection, union } from "./field-set.ts"
import { fieldsLastApplied, withLastApplied } from "./last-applied.ts"
import { identityOf, type Manager, type Managers, readManagers, writeManagers } from "./manager.ts"
import { validateFieldManager } from "./manager-name.ts"
import { merge } from "./merge.ts"
import { ownedFields, withNamedFields } from "./owned.ts"
import { remove } from "./remove.ts"
import { changeableFields, type TrackedKind } from "./reset-fields.ts"
import { ownable, settle } from "./settle.ts"
import { type Shape, shapeOf } from "./shape.ts"
import { updateManagers, withManagedFields, withoutManagedFields } from "./track.ts"
import { joinErrors, typeErrors } from "./type-check.ts"

/** An apply patch: `PATCH` with `application/apply-patch+yaml`. */
export interface ApplyPatch<T extends KubernetesObject> {
  /** The resource of the object, or the kind that a subresource speaks (`autoscaling/v1` `Scale`). */
  readonly kind: TrackedKind<T>
  /** The object as it is stored; `undefined` when the patch creates it. */
  readonly live: T | undefined
  /** The body, parsed and otherwise as the client sent it. */
  readonly applied: KubernetesObject
  /** `fieldManager` of the request. */
  readonly manager: string
  /** Takes fields that conflict from those who own them. */
  readonly force?: boolean
  /** `status`, `scale` and so on; `""`, the default, for the object itself. */
  readonly subresource?: string
  /** The time, RFC 3339 to the second. */
  readonly now: string
}

/**
 * The object that an apply patch makes, with defaults and `managedFields`; the very `live` when nothing changes at all.
 * Throws `StatusError`: 409 with every conflict, 400 and 422 for bad requests, and 500, as upstream, for what is not of the schema.
 *
 * @example
 * ```ts
 * applyPatch({ kind: deployments, live, applied: { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web" } }, manager: "me", now: "2026-01-01T00:00:00Z" })
 * ```
 */
export const applyPatch = <T extends KubernetesObject>(patch: ApplyPatch<T>): T => {
  const { live, applied, manager } = patch
  check(patch)
  const known = managersBefore(patch)
  const attempt = attemptWith(patch, known)
  const conflicts =
    attempt.conflicts.size === 0 || patch.force === true || manager !== "kubectl"
      ? attempt.conflicts
      : withoutLastApplied(patch, attempt.conflicts)
  if (conflicts.size > 0 && patch.force !== true) throw conflictError(conflicts, known)
  const stamped = withTime(attempt, patch)
  const object = manager === "kubectl" ? withLastApplied(attempt.object, applied) : attempt.object
  const result = withManagedFields(object, writeManagers(stamped))
  return live !== undefined && equalJson(withoutTimes(result), withoutTimes(live)) ? live : result
}

/** Entries whose time alone is new are no change. */
const withoutTimes = (object: KubernetesObject): KubernetesObject => ({
  ...object,
  metadata: {
    ...object.metadata,
    managedFields: (object.metadata?.managedFields ?? []).map(({ time: _, ...entry }) => entry)
  }
})

interface Attempt<T> {
  /** The very `live` when it would not change. */
  readonly object: T
  readonly managers: Managers
  readonly conflicts: ReadonlyMap<string, FieldSet>
  readonly identity: string
}

const check = ({ kind, applied, manager, live, subresource = "" }: ApplyPatch<KubernetesObject>): void => {
  const problems = validateFieldManager(manager, true)
  if (problems.length > 0) throw invalid({ group: "meta.k8s.io", kind: "PatchOptions" }, "", problems)
  if (applied.apiVersion !== apiVersionOf(kind) || applied.kind !== kind.kind) {
    throw badRequest(`invalid object type: ${describeKind(applied)}`)
  }
  if (applied.metadata?.managedFields != null) throw badRequest("metadata.managedFields must be nil")
  const errors = typeErrors(applied, shapeOf(kind.schema))
  // Upstream up to v1.36 says 500, as of every error that is none of the API's, and calls that a bug: the fault is in the request.
  if (errors.length > 0) throw badRequest(`failed to create typed patch object (${describe(applied)}): ${joinErrors(errors)}`)
  // Upstream's doors to subresources do not create.
  if (live === undefined && subresource !== "") throw new Error("a subresource of nothing cannot be applied")
}

/** Objects that nobody tracks yet are recorded as being somebody's, so that applying to them can conflict. */
const managersBefore = ({ kind, live, subresource = "", now }: ApplyPatch<KubernetesObject>): Managers => {
  if (live === undefined) return new Map()
  const known = readStored(live)
  return known.size > 0 ? known : updateManagers(kind, undefined, live, known, "before-first-apply", subresource, now)
}

const readStored = (live: KubernetesObject): Managers => {
  try {
    return readManagers(live.metadata?.managedFields)
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    throw unknownFailure(`failed to decode managed fields: ${error.message}`)
  }
}

const attemptWith = <T extends KubernetesObject>(patch: ApplyPatch<T>, known: Managers): Attempt<T> => {
  const { kind, live, applied, manager, subresource = "" } = patch
  const shape = shapeOf(kind.schema)
  const self = { manager, operation: "Apply", apiVersion: apiVersionOf(kind), subresource } as const
  const identity = identityOf(self)
  const last = known.get(identity)
  const start = live === undefined ? blankOf(kind.schema) : withoutManagedFields(live)
  const fields = changeableFields(ownedFields(applied, shape), kind, subresource)
  const withSelf = new Map(known).set(identity, { ...self, time: last?.time, fields })
  const merged = live === undefined ? applied : merge(start, applied, shape)
  // What another version of the kind was applied with cannot be looked up here, so then nothing is taken out.
  const pruned = last?.apiVersion === self.apiVersion ? prune(merged, last.fields, withSelf, shape) : merged
  const { managers, conflicts } = settle(kind, start, pruned, withSelf, identity, subresource)
  if (live !== undefined && equalJson(start, pruned)) return { object: live, managers, conflicts, identity }
  return { object: keepMetadata(finish<T>(pruned, kind, applied), live), managers, conflicts, identity }
}

/** Takes out what was applied before and is owned by nobody now, with the items and maps that become empty by it. */
const prune = (merged: unknown, last: FieldSet, managers: Managers, shape: Shape): unknown => {
  if (last.size === 0) return merged
  const named = (fields: FieldSet): FieldSet => withNamedFields(fields, shape)
  const there = named(ownedFields(merged, shape))
  const rest = named(ownedFields(remove(merged, named(last), shape), shape))
  let owned: FieldSet = emptySet
  for (const { fields } of managers.values()) owned = union(owned, fields)
  const kept = remove(merged, difference(there, union(rest, named(owned))), shape)
  // Fields of which nobody ever was an owner, in what was removed on the way, stay.
  const gone = difference(there, named(ownedFields(kept, shape)))
  return remove(merged, intersection(gone, named(last)), shape)
}

/** Reads the outcome by its schema again, which drops what became empty, and fills in defaults. */
const finish = <T extends KubernetesObject>(object: unknown, kind: TrackedKind, applied: KubernetesObject): T => {
  const { pruned, issues } = checkStructure(object, kind.schema)
  const [issue] = issues
  if (issue !== undefined) {
    throw badRequest(`failed to convert new object (${describe(applied)}) to proper version: ${issue.message}`)
  }
  return applyDefaults(pruned as KubernetesObject) as T
}

/** Metadata that no client sets stays as it is, whatever is applied: often the `creationTimestamp: null` of a printed object. */
const keepMetadata = <T extends KubernetesObject>(object: T, live: T | undefined): T => {
  if (live === undefined) return object
  const metadata: Record<string, unknown> = { ...object.metadata }
  for (const name of [
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "selfLink"
  ] as const) {
    const value = live.metadata?.[name]
    if (value === undefined) delete metadata[name]
    else metadata[name] = value
  }
  return { ...object, metadata }
}

/** Conflicts that remain when kubectl may take what its client-side apply set. */
const withoutLastApplied = (
  { kind, live }: ApplyPatch<KubernetesObject>,
  conflicts: ReadonlyMap<string, FieldSet>
): ReadonlyMap<string, FieldSet> => {
  if (live === undefined) return conflicts
  const allowed = fieldsLastApplied(live, apiVersionOf(kind), shapeOf(kind.schema))
  const result = new Map<string, FieldSet>()
  for (const [identity, fields] of conflicts) {
    const rest = difference(fields, allowed)
    if (rest.size > 0) result.set(identity, rest)
  }
  return result
}

/** The applier's entry without what is never owned, and with the time when the object changed. */
const withTime = (
  { object, managers, identity }: Attempt<KubernetesObject>,
  { live, now }: ApplyPatch<KubernetesObject>
): Managers => {
  const self = managers.get(identity)
  if (self === undefined) return managers
  const fields = ownable(self.fields)
  const result = new Map(managers)
  if (fields.size === 0) result.delete(identity)
  else result.set(identity, stamp(self, fields, object === live ? self.time : now))
  return result
}

const stamp = (manager: Manager, fields: FieldSet, time: string | undefined): Manager => ({ ...manager, fields, time })

/** 500 without a reason: what upstream answers when an error is none of the API's. */
const unknownFailure = (message: string): StatusError =>
  statusErrorOf({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, code: 500 })

const describe = (object: KubernetesObject): string =>
  `${object.metadata?.namespace ?? ""}/${object.metadata?.name ?? ""}; ${describeKind(object)}`

const describeKind = ({ apiVersion = "", kind = "" }: KubernetesObject): string => {
  const group = apiVersion.includes("/") ? apiVersion : `/${apiVersion}`
  return `${group}, Kind=${kind}`
}
