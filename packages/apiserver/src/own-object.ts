/** Objects as the server itself creates them: what a POST of the same would store, without asking whether the server may. @module */
import { findByKind, type KubernetesObject } from "@tsukube/api"
import { strategyOf } from "./kinds/table.ts"
import { managedFieldsAfter, withEntries } from "./managed-fields.ts"
import { newMetadata, withMetadata } from "./object-meta.ts"
import type { UserInfo } from "./request.ts"
import { defaulted } from "./rules.ts"
import { type Served, servedOf } from "./served.ts"
import { keyOf } from "./stored.ts"
import { hasStatus, withoutStatus } from "./strategies/strategy.ts"

/** Who writes what the server needs by itself. */
export const self: UserInfo = { name: "system:apiserver", groups: ["system:masters"] }

/** Under which name these writes are recorded. */
export const ownManager = "kube-apiserver"

/** How an object's kind is served, and where the object is stored. */
export const placeOf = (object: KubernetesObject): { readonly served: Served; readonly key: string } => {
  const resource = findByKind(object.apiVersion ?? "", object.kind ?? "")
  if (resource === undefined) throw new Error(`no resource for ${object.kind} in ${object.apiVersion}`)
  const served = servedOf(resource)
  const { namespace = "", name = "" } = object.metadata ?? {}
  return { served, key: keyOf(served.stored, namespace, name) }
}

/** The complete object; what it claims from shared ranges is still to be claimed. `now` in milliseconds since 1970. */
export const ownObject = (object: KubernetesObject, now: number): KubernetesObject => {
  const { served } = placeOf(object)
  const strategy = strategyOf(served.stored)
  const { namespace = "" } = object.metadata ?? {}
  const metadata = newMetadata(object, { namespace, now, generation: strategy.generation === true })
  const bare = hasStatus(served.stored) && strategy.keepsStatus !== true ? withoutStatus(object) : object
  const complete = defaulted(withMetadata(bare, metadata))
  const entries = managedFieldsAfter(served, { before: undefined, after: complete, manager: ownManager, subresource: "", now })
  const owned = withEntries(complete, entries)
  return strategy.create?.(owned, { now, user: self }) ?? owned
}
