/** Caches of resources, kept up to date by one watch each and shared by everything in the process that asks. @module */
import { apiVersionOf, type KubernetesObject, type Resource } from "@tsukube/api"
import { Context, Effect, FiberSet, Latch, Layer, type Scope } from "effect"
import { Client, keyOf, type Selection } from "./client.ts"
import { type IndexFunction, type InformerEvent, ObjectCache } from "./object-cache.ts"
import { follow } from "./watcher.ts"

/** A read-only view of a shared cache. The objects are shared with everybody else: they must never be changed. */
export interface Informer<T> {
  /** The object under `namespace/name`, or `name` for cluster-scoped ones. */
  readonly get: (key: string) => T | undefined
  /** All objects, in no particular order; the same array until something changes. */
  readonly list: () => ReadonlyArray<T>
  /** The objects that one of `indexes` puts under this value. */
  readonly byIndex: (index: string, value: string) => ReadonlyArray<T>
  /**
   * Calls `handler` with an `Add` for every object there is, then with every event, in order. It must be quick and must not
   * throw (what it throws is logged). The returned function takes it off.
   */
  readonly on: (handler: (event: InformerEvent<T>) => void) => () => void
  /** True once the first list has arrived and been handed to the handlers. */
  readonly hasSynced: () => boolean
  /** Waits for `hasSynced`. */
  readonly synced: Effect.Effect<void>
}

/** Which objects an informer holds, and how else than by key they are found. */
export interface InformerOptions<T> extends Selection {
  /** Indexes by name; the names are this caller's own, the work is shared when the function is the same. */
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>>
}

/** The informers of one client; all of them live as long as the scope they were made in. */
export interface Informers {
  /** The informer of a resource and selection: started at the first call, the same cache for every later one. */
  readonly of: <T extends KubernetesObject>(resource: Resource<T>, options?: InformerOptions<T>) => Informer<T>
}

/** The tag under which a layer provides `Informers`. */
export const Informers: Context.Service<Informers, Informers> = Context.Service("@tsukube/client/Informers")

/** Informers over the `Client` of the context. */
export const layerInformers: Layer.Layer<Informers, never, Client> = Layer.effect(
  Informers,
  Effect.flatMap(Client, (client) => makeInformers(client))
)

/** Informers over this client, without any started yet. */
export const makeInformers = (client: Client): Effect.Effect<Informers, never, Scope.Scope> =>
  Effect.map(FiberSet.makeRuntime<never, void, never>(), (run) => {
    const shared = new Map<string, SharedInformer<KubernetesObject>>()
    const of = <T extends KubernetesObject>(resource: Resource<T>, options: InformerOptions<T> = {}): Informer<T> => {
      const { indexes = {}, ...selection } = options
      const id = [
        apiVersionOf(resource),
        resource.plural,
        selection.namespace,
        selection.labelSelector,
        selection.fieldSelector
      ].join()
      let informer = shared.get(id) as SharedInformer<T> | undefined
      if (informer === undefined) {
        informer = new SharedInformer<T>(`${apiVersionOf(resource)} ${resource.plural}`)
        shared.set(id, informer as unknown as SharedInformer<KubernetesObject>)
        run(informer.follow(client, resource, selection))
      }
      return viewOf(informer, indexes)
    }
    return { of }
  })

const viewOf = <T extends KubernetesObject>(
  shared: SharedInformer<T>,
  indexes: Readonly<Record<string, IndexFunction<T>>>
): Informer<T> => ({
  get: (key) => shared.cache.get(key),
  list: () => shared.cache.list(),
  byIndex: (name, value) => {
    const index = indexes[name]
    if (index === undefined) throw new Error(`informer: there is no index ${JSON.stringify(name)}`)
    return shared.cache.byIndex(index, value)
  },
  on: (handler) => shared.on(handler),
  hasSynced: () => shared.ready.isOpen(),
  synced: shared.ready.await
})

interface Subscription<T> {
  readonly handler: (event: InformerEvent<T>) => void
  active: boolean
}

class SharedInformer<T extends KubernetesObject> {
  readonly cache: ObjectCache<T> = new ObjectCache<T>()
  readonly ready: Latch.Latch = Latch.makeUnsafe(false)
  readonly #name: string
  // Replaced, never changed: a handler that adds or removes one does not disturb the round that called it.
  #subscriptions: ReadonlyArray<Subscription<T>> = []
  #failures: Array<unknown> = []

  constructor(name: string) {
    this.#name = name
  }

  on(handler: (event: InformerEvent<T>) => void): () => void {
    const subscription: Subscription<T> = { handler, active: true }
    for (const object of this.cache.list()) this.#call(subscription, { type: "Add", object })
    this.#subscriptions = [...this.#subscriptions, subscription]
    return () => {
      subscription.active = false
      this.#subscriptions = this.#subscriptions.filter((other) => other !== subscription)
    }
  }

  follow(client: Client, resource: Resource<T>, selection: Selection): Effect.Effect<never> {
    return follow(client, resource, selection, (event) =>
      Effect.suspend(() => {
        if (event.type === "Listed") {
          this.cache.replace(event.objects, this.#emit)
          this.ready.openUnsafe()
        } else {
          for (const { type, object } of event.events) {
            if (type === "DELETED") this.cache.delete(keyOf(object), this.#emit, object)
            else this.cache.set(object, this.#emit)
          }
        }
        return this.#failures.length === 0 ? Effect.void : this.#logFailures
      })
    )
  }

  readonly #emit = (event: InformerEvent<T>): void => {
    for (const subscription of this.#subscriptions) this.#call(subscription, event)
  }

  // One handler's mistake must not cost the others their events.
  #call(subscription: Subscription<T>, event: InformerEvent<T>): void {
    if (!subscription.active) return
    try {
      subscription.handler(event)
    } catch (failure) {
      this.#failures.push(failure)
    }
  }

  readonly #logFailures: Effect.Effect<void> = Effect.suspend(() => {
    const failures = this.#failures
    this.#failures = []
    return Effect.forEach(failures, (failure) => Effect.logError(`informer of ${this.#name}: a handler threw`, failure), {
      discard: true
    })
  })
}
