/** Owners of `spec.replicas`, carried between an object and its scale subresource. @module */
import { apiVersionOf } from "../resource.ts"
import type { ManagedFieldsEntry } from "../types/meta-v1.ts"
import { difference, has, setOf } from "./field-set.ts"
import { type Manager, readManagersLeniently, writeManagers } from "./manager.ts"

const scaleVersion = "autoscaling/v1"
const path = ["f:spec", "f:replicas"]
const replicas = setOf(["spec", "replicas"])

/** The entries that the scale of an object has: those who own its `spec.replicas`, under the version of Scale. */
export const scaleManagedFields = (
  managedFields: ReadonlyArray<ManagedFieldsEntry> | undefined,
  kind: { readonly group: string; readonly version: string }
): ReadonlyArray<ManagedFieldsEntry> | undefined => {
  const result = new Map<string, Manager>()
  for (const [identity, manager] of readManagersLeniently(managedFields)) {
    if (manager.apiVersion !== apiVersionOf(kind) || !has(manager.fields, path)) continue
    // An updater keeps its identity, which names the version of the object, until the entries are carried back.
    result.set(identity, { ...manager, apiVersion: scaleVersion, fields: replicas })
  }
  return writeManagers(result)
}

/** The entries of an object after its scale was written: `spec.replicas` goes to whom the scale's entries say. */
export const managedFieldsFromScale = (
  managedFields: ReadonlyArray<ManagedFieldsEntry> | undefined,
  scale: ReadonlyArray<ManagedFieldsEntry> | undefined,
  kind: { readonly group: string; readonly version: string }
): ReadonlyArray<ManagedFieldsEntry> | undefined => {
  const apiVersion = apiVersionOf(kind)
  const rest = new Map([...readManagersLeniently(scale)].map(([, manager]) => [nameOf(manager), manager] as const))
  const result = new Map<string, Manager>()
  for (const [identity, manager] of readManagersLeniently(managedFields)) {
    if (manager.apiVersion !== apiVersion || !has(manager.fields, path)) {
      result.set(identity, manager)
      continue
    }
    if (rest.delete(nameOf(manager))) result.set(identity, manager)
    else {
      const fields = difference(manager.fields, replicas)
      if (fields.size > 0) result.set(identity, { ...manager, fields })
    }
  }
  for (const [name, manager] of rest) {
    // Without a time, as upstream has it: the time is the object's entry's, and that is new.
    if (has(manager.fields, path)) result.set(name, { ...manager, apiVersion, time: undefined, fields: replicas })
  }
  return writeManagers(result)
}

/** Who it is, whatever version. */
const nameOf = ({ manager, operation, subresource }: Manager): string => JSON.stringify([manager, operation, subresource])
