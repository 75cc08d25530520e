/** Makes a client of a Fetch: each verb is one request with the right method, path, query and body. @module */
import { apiVersionOf, type KubernetesObject, pathOf, type Resource } from "@tsukube/api"
import { Effect, Layer } from "effect"
import {
  Client,
  type DeleteOptions,
  type ListOptions,
  type ObjectKey,
  type ObjectList,
  type Patch,
  type PatchOptions,
  type Selection,
  type WatchOptions,
  type WriteOptions
} from "./client.ts"
import { type Call, send, sendForJson } from "./send.ts"
import type { ClientError, Fetch } from "./transport.ts"
import { eventsOf } from "./watch.ts"

/** A `Client` that speaks through this Fetch. */
export const layer = (fetch: Fetch): Layer.Layer<Client> => Layer.sync(Client, () => makeClient(fetch))

/** The verbs over this Fetch; costs nothing to make and keeps no state. */
export const makeClient = (fetch: Fetch): Client => {
  // The call is built when the effect runs: an effect may run twice, and a mistake in the call is a defect of its fiber.
  const json = <A>(call: () => Call): Effect.Effect<A, ClientError> => Effect.suspend(() => sendForJson<A>(fetch, call()))
  const put = <A>(resource: Resource<unknown>, key: ObjectKey, body: unknown, options: WriteOptions) =>
    json<A>(() => ({ method: "PUT", path: pathTo(resource, key, options.subresource), query: writeQuery(options), body }))
  const post = <A>(resource: Resource<unknown>, key: ObjectKey, body: unknown, options: WriteOptions) =>
    json<A>(() => ({ method: "POST", path: pathTo(resource, key, options.subresource), query: writeQuery(options), body }))
  return {
    fetch,
    request: (call) => send(fetch, call),
    get: (resource, key, { subresource, resourceVersion } = {}) =>
      json(() => ({ path: pathTo(resource, key, subresource), query: { resourceVersion } })),
    list: <T extends KubernetesObject>(resource: Resource<T>, options: ListOptions = {}) =>
      Effect.map(
        json<ObjectList<T>>(() => ({ path: pathOf(resource, within(options)), query: listQuery(options) })),
        (list) => withKinds(resource, list)
      ),
    create: (resource, object, options = {}) =>
      json(() => ({
        method: "POST",
        path: pathOf(resource, within(object.metadata)),
        query: writeQuery(options),
        body: withKind(resource, object)
      })),
    update: (resource, object, options = {}) => put(resource, keyFrom(object), withKind(resource, object), options),
    updateStatus: (resource, object, options = {}) =>
      put(resource, keyFrom(object), withKind(resource, object), { ...options, subresource: "status" }),
    patch: (resource, key, { type, body }, options = {}) =>
      json(() => ({
        method: "PATCH",
        path: pathTo(resource, key, options.subresource),
        query: patchQuery(type, options),
        body,
        contentType: contentTypes[type]
      })),
    delete: (resource, key, options = {}) =>
      json(() => ({ method: "DELETE", path: pathTo(resource, key), body: deleteBody(options) })),
    deleteCollection: (resource, options = {}) =>
      json(() => ({
        method: "DELETE",
        path: pathOf(resource, within(options)),
        query: listQuery(options),
        body: deleteBody(options)
      })),
    getSubresource: (resource, key, subresource) => json(() => ({ path: pathTo(resource, key, subresource) })),
    createSubresource: (resource, key, subresource, body, options = {}) => post(resource, key, body, { ...options, subresource }),
    updateSubresource: (resource, key, subresource, body, options = {}) => put(resource, key, body, { ...options, subresource }),
    watch: (resource, options = {}) =>
      eventsOf(Effect.suspend(() => send(fetch, { path: pathOf(resource, within(options)), query: watchQuery(options) })))
  }
}

const contentTypes: Readonly<Record<Patch["type"], string>> = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml"
}

const keyFrom = ({ metadata }: KubernetesObject): ObjectKey => ({
  name: metadata?.name ?? "",
  ...(metadata?.namespace === undefined ? {} : { namespace: metadata.namespace })
})

/** Without its name the path of an object would be that of all of them, and a delete would mean something else. */
const pathTo = (resource: Resource<unknown>, { namespace, name }: ObjectKey, subresource?: string): string => {
  if (name === "") throw new Error("resource name may not be empty")
  if (resource.namespaced && !namespace) throw new Error("an empty namespace may not be set when a resource name is provided")
  return pathOf(resource, {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(subresource === undefined ? {} : { subresource })
  })
}

const within = (selection: { readonly namespace?: string } | undefined) =>
  selection?.namespace === undefined ? {} : { namespace: selection.namespace }

const selectorQuery = ({ labelSelector, fieldSelector }: Selection) => ({ labelSelector, fieldSelector })

const listQuery = (options: ListOptions) => ({
  limit: options.limit,
  continue: options.continue,
  resourceVersion: options.resourceVersion,
  resourceVersionMatch: options.resourceVersionMatch,
  ...selectorQuery(options)
})

const watchQuery = ({ resourceVersion, allowBookmarks, timeoutSeconds, ...selection }: WatchOptions) => ({
  watch: true,
  resourceVersion,
  allowWatchBookmarks: allowBookmarks,
  timeoutSeconds,
  ...selectorQuery(selection)
})

const writeQuery = ({ dryRun, fieldManager, fieldValidation }: WriteOptions) => ({
  dryRun: dryRun === true ? "All" : undefined,
  fieldManager,
  fieldValidation
})

/** Apply has no meaning without a manager and the server refuses it, so there is a default. */
const patchQuery = (type: Patch["type"], options: PatchOptions) => ({
  ...writeQuery(options),
  fieldManager: options.fieldManager ?? (type === "apply" ? "tsukube" : undefined),
  force: options.force
})

const deleteBody = ({ propagationPolicy, gracePeriodSeconds, preconditions, dryRun }: DeleteOptions) => ({
  kind: "DeleteOptions",
  apiVersion: "v1",
  propagationPolicy,
  gracePeriodSeconds,
  preconditions,
  dryRun: dryRun === true ? ["All"] : undefined
})

const withKind = <T extends KubernetesObject>(resource: Resource<T>, object: T): T =>
  object.apiVersion !== undefined && object.kind !== undefined
    ? object
    : { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object }

/** Items of a list come without `apiVersion` and `kind`, events of a watch with them: caches should not see the difference. */
const withKinds = <T extends KubernetesObject>(resource: Resource<T>, list: ObjectList<T>): ObjectList<T> => {
  const apiVersion = apiVersionOf(resource)
  const items = list.items ?? []
  // The list was parsed a moment ago and nobody else has it yet: setting in place saves a copy of every item.
  for (const item of items as ReadonlyArray<{ apiVersion?: string; kind?: string }>) {
    item.apiVersion ??= apiVersion
    item.kind ??= resource.kind
  }
  return { ...list, metadata: list.metadata ?? {}, items }
}
