/** What a kind does differently from the others when its objects are created, updated and deleted. @module */
import { isDeepStrictEqual } from "node:util"
import type { KubernetesObject, Resource } from "@tsukube/api"
import type { Write } from "@tsukube/store"
import type { UserInfo } from "../request.ts"
import type { Serving } from "../serving.ts"

/** An object together with what must be written in the same commit, such as the address it claims. */
export interface Claim {
  readonly object: KubernetesObject
  readonly also: ReadonlyArray<Write>
}

/** When a write happens and who does it. */
export interface Circumstances {
  /** Milliseconds since 1970. */
  readonly now: number
  readonly user: UserInfo
}

/** Every field is optional: the defaults suit most kinds. `T` is the stored type. */
export interface Strategy<T extends KubernetesObject = KubernetesObject> {
  /** Resets what a client may not set, after admission and before validation. */
  readonly create?: (object: T, by: Circumstances) => T
  /** The same for an update of the main resource; metadata and status are in order already. */
  readonly update?: (object: T, old: T, by: Circumstances) => T
  /** The same for an update of the status; spec and metadata are in order already. */
  readonly updateStatus?: (object: T, old: T, by: Circumstances) => T
  /** A new object keeps the status it came with. Default: false. */
  readonly keepsStatus?: boolean
  /** A deletion that does not say what becomes of the dependents leaves them alone. Default: false. */
  readonly orphansDependents?: boolean
  /** `metadata.generation` counts changes of everything but metadata and status. Default: false. */
  readonly generation?: boolean
  /** A PUT may create. Default: false. */
  readonly createOnUpdate?: boolean
  /** A PUT may leave the resourceVersion out. Default: true. */
  readonly unconditionalUpdate?: boolean
  /** A deletion answers with the object instead of a Status. Default: false. */
  readonly returnsDeleted?: boolean
  /** Seconds that a deletion leaves the object to end by itself; undefined: this kind has no grace. */
  readonly graceSeconds?: (object: T, requested: number | undefined) => number
  /** Something besides `metadata.finalizers` keeps the object alive once it is marked deleted. */
  readonly held?: (object: T) => boolean
  /** What deletion changes besides the mark. */
  readonly terminate?: (object: T) => T
  /** Claims what the object needs from ranges that are shared; `old` is absent on create. */
  readonly claim?: (serving: Serving, object: T, old: T | undefined) => Promise<Claim>
  /** Gives back what the object had claimed. */
  readonly release?: (serving: Serving, object: T) => ReadonlyArray<Write>
}

type Fields = Readonly<Record<string, unknown>>

/** Whether a resource's status is written by its status subresource only. */
export const hasStatus = (resource: Resource): boolean => resource.subresources.some(({ name }) => name === "status")

/** The object without its status. */
export const withoutStatus = (object: KubernetesObject): KubernetesObject => {
  const { status: _, ...rest } = object as Fields
  return rest as KubernetesObject
}

/** The object with the status of another. */
export const withStatusOf = (object: KubernetesObject, other: KubernetesObject): KubernetesObject => {
  const status = (other as Fields)["status"]
  return status === undefined ? withoutStatus(object) : ({ ...withoutStatus(object), status } as KubernetesObject)
}

/** Whether what a user wants of the object differs: everything but metadata and status. */
export const desiredChanged = (object: KubernetesObject, old: KubernetesObject): boolean => {
  const { metadata: _a, status: _b, ...desired } = object as Fields
  const { metadata: _c, status: _d, ...before } = old as Fields
  return !isDeepStrictEqual(desired, before)
}
