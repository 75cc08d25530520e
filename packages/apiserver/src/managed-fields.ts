/** Who owns which fields: kept up to date by every write, in the version that the writer speaks. @module */
import { type KubernetesObject, managerOf, trackUpdate } from "@tsukube/api"
import type { RequestContext, UserInfo } from "./request.ts"
import type { Served } from "./served.ts"
import { timestamp } from "./serving.ts"

/** Parts of the same process send no User-Agent: they go by their user's name, as their originals go by their program's. */
const programOf = ({ name }: UserInfo): string =>
  name.startsWith("system:node:") ? "kubelet" : name.slice(name.lastIndexOf(":") + 1)

/** Under which name a request's changes are recorded. */
export const managerOfRequest = ({ request, user }: RequestContext, fieldManager: string): string =>
  managerOf(fieldManager, request.headers.get("user-agent") ?? programOf(user))

/** A write on its way, in the stored version. */
export interface TrackedWrite {
  readonly before: KubernetesObject | undefined
  /** With defaults, and with the metadata that the client gave. */
  readonly after: KubernetesObject
  readonly manager: string
  readonly subresource: string
  /** Milliseconds since 1970. */
  readonly now: number
}

type Entries = NonNullable<KubernetesObject["metadata"]>["managedFields"]

/** The `managedFields` of an object after a write that is no apply. */
export const managedFieldsAfter = (served: Served, write: TrackedWrite): Entries => {
  const { before, after } = write
  const show = served.show ?? ((object) => object)
  const shown = { ...write, before: before === undefined ? undefined : show(before), after: show(after) }
  return tracked(served, shown).metadata?.managedFields
}

/** The object after a write that is no apply, with its `managedFields`. */
export const withManagedFields = (served: Served, write: TrackedWrite): KubernetesObject =>
  served.show === undefined ? tracked(served, write) : withEntries(write.after, managedFieldsAfter(served, write))

const tracked = ({ resource: kind }: Served, write: TrackedWrite): KubernetesObject =>
  trackUpdate({ ...write, kind, now: timestamp(write.now) })

/** The object with these entries, or without any. */
export const withEntries = (object: KubernetesObject, managedFields: Entries): KubernetesObject => {
  if (managedFields === object.metadata?.managedFields) return object
  const { managedFields: _, ...metadata } = object.metadata ?? {}
  return { ...object, metadata: managedFields === undefined ? metadata : { ...metadata, managedFields } }
}
