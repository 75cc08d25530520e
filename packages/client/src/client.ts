/** What a client of the Kubernetes API can do: the verbs and their options. @module */
import type { KubernetesObject, Resource } from "@tsukube/api"
import type { ListMeta, Status } from "@tsukube/api/meta-v1"
import { Context, type Effect, type Stream } from "effect"
import type { Call } from "./send.ts"
import type { ClientError, Fetch } from "./transport.ts"
import type { WatchEvent } from "./watch.ts"

/** Where one object is; the namespace is left out for cluster-scoped resources. */
export interface ObjectKey {
  readonly namespace?: string
  readonly name: string
}

/** The objects of a list and the revision at which they were read. */
export interface ObjectList<T> {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: ListMeta
  readonly items: ReadonlyArray<T>
}

/** Which objects: of one namespace or, without it, of all. */
export interface Selection {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
}

/** What part and how old a read may be. */
export interface GetOptions {
  /** Reads `status` or another subresource that has the object's own kind. */
  readonly subresource?: string
  readonly resourceVersion?: string
}

/** Which objects, how many at once, and as of when. */
export interface ListOptions extends Selection {
  /** At most so many items; `metadata.continue` of the answer asks for the rest. */
  readonly limit?: number
  readonly continue?: string
  readonly resourceVersion?: string
  readonly resourceVersionMatch?: "Exact" | "NotOlderThan"
}

/** How a write is checked and on whose account. */
export interface WriteOptions {
  /** Checks everything, stores nothing. */
  readonly dryRun?: boolean
  /** Who owns the fields that this write sets. */
  readonly fieldManager?: string
  readonly fieldValidation?: "Ignore" | "Warn" | "Strict"
  /** Writes `status` or another subresource. */
  readonly subresource?: string
}

/** How a patch is checked and on whose account. */
export interface PatchOptions extends WriteOptions {
  /** Takes fields from other managers; for `apply` only. */
  readonly force?: boolean
}

/** The four patches that the API knows; `apply` is server-side apply of a whole object. */
export interface Patch {
  readonly type: "json" | "merge" | "strategic" | "apply"
  readonly body: unknown
}

/** What becomes of dependents, how long the object may take, and what must still be true of it. */
export interface DeleteOptions {
  readonly propagationPolicy?: "Foreground" | "Background" | "Orphan"
  readonly gracePeriodSeconds?: number
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
  readonly dryRun?: boolean
}

/** Which objects, and from where on. */
export interface WatchOptions extends Selection {
  /** Changes after this revision; without it the watch begins with an `ADDED` for every object there is. */
  readonly resourceVersion?: string
  readonly allowBookmarks?: boolean
  /** The server ends the watch after this long. */
  readonly timeoutSeconds?: number
}

/** The verbs; every one fails with what the server said (`StatusError`) or with what kept it from saying it (`TransportError`). */
export interface Client {
  readonly get: <T extends KubernetesObject>(
    resource: Resource<T>,
    key: ObjectKey,
    options?: GetOptions
  ) => Effect.Effect<T, ClientError>
  readonly list: <T extends KubernetesObject>(
    resource: Resource<T>,
    options?: ListOptions
  ) => Effect.Effect<ObjectList<T>, ClientError>
  /** Creates the object; `apiVersion` and `kind` may be left out. */
  readonly create: <T extends KubernetesObject>(
    resource: Resource<T>,
    object: NoInfer<T>,
    options?: WriteOptions
  ) => Effect.Effect<T, ClientError>
  /** Replaces the object; with a `metadata.resourceVersion` it fails with 409 when the object has changed since. */
  readonly update: <T extends KubernetesObject>(
    resource: Resource<T>,
    object: NoInfer<T>,
    options?: WriteOptions
  ) => Effect.Effect<T, ClientError>
  /** Replaces `status` and nothing else. */
  readonly updateStatus: <T extends KubernetesObject>(
    resource: Resource<T>,
    object: NoInfer<T>,
    options?: WriteOptions
  ) => Effect.Effect<T, ClientError>
  readonly patch: <T extends KubernetesObject>(
    resource: Resource<T>,
    key: ObjectKey,
    patch: Patch,
    options?: PatchOptions
  ) => Effect.Effect<T, ClientError>
  /** Deletes the object, or asks for it: the answer is a `Status` when it is gone, the object while it waits for finalizers. */
  readonly delete: <T extends KubernetesObject>(
    resource: Resource<T>,
    key: ObjectKey,
    options?: DeleteOptions
  ) => Effect.Effect<T | Status, ClientError>
  readonly deleteCollection: <T extends KubernetesObject>(
    resource: Resource<T>,
    options?: ListOptions & DeleteOptions
  ) => Effect.Effect<ObjectList<T> | Status, ClientError>
  /** Reads a subresource that speaks a kind of its own, such as `scale`. */
  readonly getSubresource: <A = unknown>(
    resource: Resource<unknown>,
    key: ObjectKey,
    subresource: string
  ) => Effect.Effect<A, ClientError>
  /** Posts to a subresource: `binding`, `eviction`, `token`. */
  readonly createSubresource: <A = unknown>(
    resource: Resource<unknown>,
    key: ObjectKey,
    subresource: string,
    body: unknown,
    options?: WriteOptions
  ) => Effect.Effect<A, ClientError>
  /** Replaces a subresource that speaks a kind of its own, such as `scale`. */
  readonly updateSubresource: <A = unknown>(
    resource: Resource<unknown>,
    key: ObjectKey,
    subresource: string,
    body: unknown,
    options?: WriteOptions
  ) => Effect.Effect<A, ClientError>
  /** One watch, as long as the server keeps it open; `follow` and informers go on for ever. */
  readonly watch: <T extends KubernetesObject>(
    resource: Resource<T>,
    options?: WatchOptions
  ) => Stream.Stream<WatchEvent<T>, ClientError>
  /** Any other request: logs, discovery, `/version`. Fails unless the answer is 2xx. */
  readonly request: (call: Call) => Effect.Effect<Response, ClientError>
  /** What everything above goes through. */
  readonly fetch: Fetch
}

/** The tag under which a layer provides a `Client`. */
export const Client: Context.Service<Client, Client> = Context.Service("@tsukube/client/Client")

/** The key of an object in caches and queues: `namespace/name`, or the name alone when it has no namespace. */
export const keyOf = (object: KubernetesObject): string => {
  const { namespace, name = "" } = object.metadata ?? {}
  return namespace === undefined || namespace === "" ? name : `${namespace}/${name}`
}

/** The reverse of `keyOf`. */
export const parseKey = (key: string): ObjectKey => {
  const slash = key.indexOf("/")
  return slash === -1 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}
