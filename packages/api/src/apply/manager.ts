/** The entries of `metadata.managedFields`: who owns which fields, read and written in upstream's form and order. @module */
import { isList, isObject } from "../json.ts"
import { ParseError } from "../parse-error.ts"
import type { FieldsV1, ManagedFieldsEntry } from "../types/meta-v1.ts"
import { emptySet, type FieldSet, union } from "./field-set.ts"
import { parseFieldsV1, printFieldsV1 } from "./fields-v1.ts"

/** Who owns fields, how it came to own them, and which. */
export interface Manager {
  readonly manager: string
  readonly operation: "Apply" | "Update"
  readonly apiVersion: string
  readonly subresource: string
  readonly time: string | undefined
  readonly fields: FieldSet
}

/** Managers by identity. */
export type Managers = ReadonlyMap<string, Manager>

/** What makes two entries one: all but the fields and the time; who applies is the same whatever version it applies. */
export const identityOf = (manager: Omit<Manager, "fields" | "time">): string =>
  JSON.stringify({
    ...(manager.manager === "" ? {} : { manager: manager.manager }),
    operation: manager.operation,
    ...(manager.operation === "Apply" ? {} : { apiVersion: manager.apiVersion }),
    ...(manager.subresource === "" ? {} : { subresource: manager.subresource })
  })

/** Reads `metadata.managedFields`; throws `ParseError` on an entry that upstream does not read. */
export const readManagers = (entries: unknown): Managers => {
  const result = new Map<string, Manager>()
  if (!isList(entries)) return result
  for (const [index, entry] of entries.entries()) {
    const manager = readManager(entry, index)
    result.set(identityOf(manager), manager)
  }
  return result
}

/** Reads `metadata.managedFields` of an object that is stored; none when they cannot be read. */
export const readManagersLeniently = (entries: unknown): Managers => {
  try {
    return readManagers(entries)
  } catch (error) {
    if (error instanceof ParseError) return new Map()
    throw error
  }
}

const readManager = (entry: unknown, index: number): Manager => {
  if (!isObject(entry)) throw new ParseError({ message: `managed fields entry ${index} is no object` })
  const { manager, operation, apiVersion, fieldsType, fieldsV1, subresource, time } = entry as ManagedFieldsEntry
  if (operation !== "Apply" && operation !== "Update") {
    throw new ParseError({ message: "operation must be `Apply` or `Update`" })
  }
  if (apiVersion === undefined || apiVersion === "") throw new ParseError({ message: "apiVersion must not be empty" })
  if (fieldsType === undefined || fieldsType === "") {
    throw new ParseError({ message: `missing fieldsType in managed fields entry ${index}` })
  }
  if (fieldsType !== "FieldsV1") {
    throw new ParseError({ message: `invalid fieldsType ${JSON.stringify(fieldsType)} in managed fields entry ${index}` })
  }
  return {
    manager: manager ?? "",
    operation,
    apiVersion,
    subresource: subresource ?? "",
    time,
    fields: fieldsV1 == null ? emptySet : parseFieldsV1(fieldsV1)
  }
}

/** Writes managers as `metadata.managedFields`: appliers first, then by time, name, version and subresource; none when there is none. */
export const writeManagers = (managers: Managers): ReadonlyArray<ManagedFieldsEntry> | undefined =>
  managers.size === 0 ? undefined : [...managers.values()].sort(compareManagers).map(writeManager)

const writeManager = (manager: Manager): ManagedFieldsEntry => writeEntry(manager, printFieldsV1(manager.fields))

/** Writes one entry whose fields are printed already. */
export const writeEntry = (
  { manager, operation, apiVersion, time, subresource }: Omit<Manager, "fields">,
  fieldsV1: FieldsV1
): ManagedFieldsEntry => ({
  ...(manager === "" ? {} : { manager }),
  operation,
  apiVersion,
  ...(time === undefined ? {} : { time }),
  fieldsType: "FieldsV1",
  fieldsV1,
  ...(subresource === "" ? {} : { subresource })
})

const compareManagers = (a: Manager, b: Manager): number =>
  compareText(a.operation, b.operation) ||
  secondsOf(a) - secondsOf(b) ||
  compareText(a.manager, b.manager) ||
  compareText(a.apiVersion, b.apiVersion) ||
  compareText(a.subresource, b.subresource)

const secondsOf = ({ time }: Manager): number => (time === undefined ? 0 : Math.floor(Date.parse(time) / 1000))

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** How many managers that update an object may have. */
const updaterLimit = 10

/** Puts the oldest managers that update together under the name `ancient-changes`, one per version, until no more than ten are left. */
export const withoutOldest = (managers: Managers): Managers => {
  const updaters = [...managers].filter(([, { operation }]) => operation === "Update")
  if (updaters.length <= updaterLimit) return managers
  updaters.sort(([a, left], [b, right]) => secondsOf(left) - secondsOf(right) || compareText(a, b))
  const result = new Map(managers)
  const oldestByVersion = new Map<string, string>()
  let excess = updaters.length - updaterLimit
  for (const [identity, updater] of updaters) {
    if (excess <= 0) break
    const oldest = oldestByVersion.get(updater.apiVersion)
    if (oldest === undefined) {
      oldestByVersion.set(updater.apiVersion, identity)
      continue
    }
    const bucket: Manager = { ...updater, manager: "ancient-changes", subresource: "" }
    const key = identityOf(bucket)
    const before = result.get(key)
    const merged = before === undefined || identity === key ? result.get(oldest) : before
    if (merged !== before) result.delete(oldest)
    result.delete(identity)
    result.set(key, { ...bucket, fields: union(updater.fields, merged?.fields ?? emptySet) })
    excess--
  }
  return result
}
