/** The client for code without Effect: promises, `for await` and callbacks. @module */
import type { KubernetesObject, Resource } from "@tsukube/api"
import type { Status } from "@tsukube/api/meta-v1"
import { Context, Effect, Exit, Scope, Stream } from "effect"
import type {
  Client,
  DeleteOptions,
  GetOptions,
  ListOptions,
  ObjectKey,
  ObjectList,
  Patch,
  PatchOptions,
  Selection,
  WatchOptions,
  WriteOptions
} from "./client.ts"
import { connect } from "./connect.ts"
import type { Connection } from "./connection.ts"
import { loadInCluster } from "./in-cluster.ts"
import { type Informer as EffectInformer, type InformerOptions, makeInformers } from "./informer.ts"
import { type KubeconfigSource, loadKubeconfig } from "./kubeconfig.ts"
import type { Call } from "./send.ts"
import type { Fetch } from "./transport.ts"
import { makeClient } from "./verbs.ts"
import type { WatchEvent } from "./watch.ts"
import { type WatcherEvent, watcher } from "./watcher.ts"

/** Lets a caller give up; the promise then rejects and the request is cancelled. */
export interface Abortable {
  readonly signal?: AbortSignal
}

/** An informer whose first list has arrived; see the Effect face for what each function promises. */
export type Informer<T> = Omit<EffectInformer<T>, "synced" | "hasSynced">

/** The verbs; they reject with `StatusError` or `TransportError`. */
export interface PromiseClient extends AsyncDisposable {
  get<T extends KubernetesObject>(resource: Resource<T>, key: ObjectKey, options?: GetOptions & Abortable): Promise<T>
  list<T extends KubernetesObject>(resource: Resource<T>, options?: ListOptions & Abortable): Promise<ObjectList<T>>
  create<T extends KubernetesObject>(resource: Resource<T>, object: NoInfer<T>, options?: WriteOptions & Abortable): Promise<T>
  update<T extends KubernetesObject>(resource: Resource<T>, object: NoInfer<T>, options?: WriteOptions & Abortable): Promise<T>
  updateStatus<T extends KubernetesObject>(
    resource: Resource<T>,
    object: NoInfer<T>,
    options?: WriteOptions & Abortable
  ): Promise<T>
  patch<T extends KubernetesObject>(
    resource: Resource<T>,
    key: ObjectKey,
    patch: Patch,
    options?: PatchOptions & Abortable
  ): Promise<T>
  delete<T extends KubernetesObject>(
    resource: Resource<T>,
    key: ObjectKey,
    options?: DeleteOptions & Abortable
  ): Promise<T | Status>
  deleteCollection<T extends KubernetesObject>(
    resource: Resource<T>,
    options?: ListOptions & DeleteOptions & Abortable
  ): Promise<ObjectList<T> | Status>
  getSubresource<A = unknown>(resource: Resource<unknown>, key: ObjectKey, subresource: string, options?: Abortable): Promise<A>
  createSubresource<A = unknown>(
    resource: Resource<unknown>,
    key: ObjectKey,
    subresource: string,
    body: unknown,
    options?: WriteOptions & Abortable
  ): Promise<A>
  updateSubresource<A = unknown>(
    resource: Resource<unknown>,
    key: ObjectKey,
    subresource: string,
    body: unknown,
    options?: WriteOptions & Abortable
  ): Promise<A>
  /** One watch, as long as the server keeps it open; leaving the loop closes it. */
  watch<T extends KubernetesObject>(resource: Resource<T>, options?: WatchOptions): AsyncIterable<WatchEvent<T>>
  /** Lists, then watches for ever, and repairs itself; leaving the loop closes it. */
  follow<T extends KubernetesObject>(resource: Resource<T>, selection?: Selection): AsyncIterable<WatcherEvent<T>>
  /** A shared cache of a resource; resolves when it holds the first list. It lives as long as the client. */
  informer<T extends KubernetesObject>(resource: Resource<T>, options?: InformerOptions<T>): Promise<Informer<T>>
  request(call: Call, options?: Abortable): Promise<Response>
  readonly fetch: Fetch
}

/** How to find the server: a Fetch that is there already, a connection, a kubeconfig, or the pod that this runs in. */
export type ClientSource =
  | { readonly fetch: Fetch }
  | { readonly connection: Connection }
  | { readonly inCluster: true }
  | KubeconfigSource

/** Opens a client; by default as kubectl does, by `$KUBECONFIG` or `~/.kube/config`. Dispose it to close its connections. */
export const openClient = async (source: ClientSource = {}): Promise<PromiseClient> => {
  const scope = Scope.makeUnsafe()
  const client = makeClient(await Effect.runPromise(Scope.provide(fetchOf(source), scope)))
  const informers = await Effect.runPromise(Scope.provide(makeInformers(client), scope))
  const informer = async <T extends KubernetesObject>(
    resource: Resource<T>,
    options?: InformerOptions<T>
  ): Promise<Informer<T>> => {
    const { synced, hasSynced: _, ...rest } = informers.of(resource, options)
    await Effect.runPromise(synced)
    return rest
  }
  return { ...promisesOf(client), informer, [Symbol.asyncDispose]: () => Effect.runPromise(Scope.close(scope, Exit.void)) }
}

const fetchOf = (source: ClientSource) => {
  if ("fetch" in source) return Effect.succeed(source.fetch)
  if ("connection" in source) return connect(source.connection)
  return Effect.flatMap("inCluster" in source ? loadInCluster() : loadKubeconfig(source), connect)
}

const promisesOf = (client: Client): Omit<PromiseClient, "informer" | typeof Symbol.asyncDispose> => {
  const run = Effect.runPromise
  return {
    fetch: client.fetch,
    get: (resource, key, options) => run(client.get(resource, key, options), options),
    list: (resource, options) => run(client.list(resource, options), options),
    create: (resource, object, options) => run(client.create(resource, object, options), options),
    update: (resource, object, options) => run(client.update(resource, object, options), options),
    updateStatus: (resource, object, options) => run(client.updateStatus(resource, object, options), options),
    patch: (resource, key, patch, options) => run(client.patch(resource, key, patch, options), options),
    delete: (resource, key, options) => run(client.delete(resource, key, options), options),
    deleteCollection: (resource, options) => run(client.deleteCollection(resource, options), options),
    getSubresource: (resource, key, subresource, options) => run(client.getSubresource(resource, key, subresource), options),
    createSubresource: (resource, key, subresource, body, options) =>
      run(client.createSubresource(resource, key, subresource, body, options), options),
    updateSubresource: (resource, key, subresource, body, options) =>
      run(client.updateSubresource(resource, key, subresource, body, options), options),
    watch: (resource, options) => Stream.toAsyncIterableWith(client.watch(resource, options), Context.empty()),
    follow: (resource, selection) => Stream.toAsyncIterableWith(watcher(client, resource, selection), Context.empty()),
    request: (call, options) => run(client.request(call), options)
  }
}
