/** What an admission plugin is: a plain function that completes an object, or one that refuses it. @module */
import type { KubernetesObject, Resource } from "@tsukube/api"
import type { Write } from "@tsukube/store"
import type { UserInfo } from "../request.ts"
import type { Serving } from "../serving.ts"

/** A write on its way to the store. Objects are in their stored version. */
export interface AdmissionRequest {
  readonly operation: "CREATE" | "UPDATE" | "DELETE"
  readonly resource: Resource
  /** "" for the resource itself. */
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  /** Absent for deletions. */
  readonly object?: KubernetesObject
  /** Absent for creations. */
  readonly old?: KubernetesObject
  readonly user: UserInfo
  readonly dryRun: boolean
}

/** One rule. `mutate` gives the completed object, `validate` throws a `StatusError`. */
export interface AdmissionPlugin {
  readonly name: string
  readonly mutate?: (
    serving: Serving,
    request: AdmissionRequest & { readonly object: KubernetesObject }
  ) => Promise<KubernetesObject> | KubernetesObject
  readonly validate?: (serving: Serving, request: AdmissionRequest) => Promise<void> | void
  /** Gives what must be written in the same commit, or throws; asked after all others, and again when the commit was too late. */
  readonly claim?: (serving: Serving, request: AdmissionRequest) => Promise<ReadonlyArray<Write>> | ReadonlyArray<Write>
}

/** A plain or grouped resource, as plugins ask for it: `isResource(request, "", "pods")`. */
export const isResource = (request: AdmissionRequest, group: string, plural: string): boolean =>
  request.resource.group === group && request.resource.plural === plural
