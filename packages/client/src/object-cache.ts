/** The objects an informer knows, with indexes, and the events that lead from one state to the next; no I/O. @module */
import type { KubernetesObject } from "@tsukube/api"
import { keyOf } from "./client.ts"

/** What happened to an object; `previous` is what the cache held before, and a `Delete` carries the last known state. */
export type InformerEvent<T> =
  | { readonly type: "Add"; readonly object: T }
  | { readonly type: "Update"; readonly object: T; readonly previous: T }
  | { readonly type: "Delete"; readonly object: T }

/** The values under which an object is found in an index: none, one or many. */
export type IndexFunction<T> = (object: T) => ReadonlyArray<string>

type Emit<T> = (event: InformerEvent<T>) => void

const revisionOf = (object: KubernetesObject) => object.metadata?.resourceVersion
const uidOf = (object: KubernetesObject) => object.metadata?.uid

/**
 * A map of objects by key. Every change is made first and emitted second, so that a handler that looks into the cache finds
 * the event's own state. Whatever the order of lists and changes, the events of one key read Add, Update…, Delete, Add….
 */
export class ObjectCache<T extends KubernetesObject> {
  readonly #objects = new Map<string, T>()
  readonly #indexes = new Map<IndexFunction<T>, Map<string, Map<string, T>>>()
  #list: ReadonlyArray<T> | undefined

  /** The object under `namespace/name`, or `name` for cluster-scoped ones. */
  get(key: string): T | undefined {
    return this.#objects.get(key)
  }

  /** All objects; the same array until something changes. */
  list(): ReadonlyArray<T> {
    this.#list ??= [...this.#objects.values()]
    return this.#list
  }

  /** The objects for which the index function gives `value`; the index is built at its first use. */
  byIndex(index: IndexFunction<T>, value: string): ReadonlyArray<T> {
    const found = this.#indexOf(index).get(value)
    return found === undefined ? [] : [...found.values()]
  }

  /** Takes what is there now for the whole truth: deletes what is missing, adds and updates the rest. */
  replace(objects: ReadonlyArray<T>, emit: Emit<T>): void {
    const current = new Set(objects.map(keyOf))
    for (const key of [...this.#objects.keys()]) if (!current.has(key)) this.delete(key, emit)
    for (const object of objects) this.set(object, emit)
  }

  /** Adds or updates; an object of the same name with another uid is another object: the old one is deleted first. */
  set(object: T, emit: Emit<T>): void {
    const key = keyOf(object)
    const previous = this.#objects.get(key)
    if (previous === undefined || uidOf(previous) !== uidOf(object)) {
      if (previous !== undefined) this.delete(key, emit)
      this.#write(key, undefined, object)
      emit({ type: "Add", object })
      return
    }
    const revision = revisionOf(object)
    if (revision !== undefined && revision === revisionOf(previous)) return
    this.#write(key, previous, object)
    emit({ type: "Update", object, previous })
  }

  /** Removes; `last` is the state to report when the server told it, otherwise what the cache held. */
  delete(key: string, emit: Emit<T>, last?: T): void {
    const previous = this.#objects.get(key)
    if (previous === undefined) return
    this.#write(key, previous, undefined)
    emit({ type: "Delete", object: last ?? previous })
  }

  #write(key: string, previous: T | undefined, object: T | undefined): void {
    this.#list = undefined
    if (object === undefined) this.#objects.delete(key)
    else this.#objects.set(key, object)
    for (const [index, entries] of this.#indexes) {
      if (previous !== undefined) removeFrom(entries, key, index(previous))
      if (object !== undefined) addTo(entries, key, object, index(object))
    }
  }

  #indexOf(index: IndexFunction<T>): Map<string, Map<string, T>> {
    const known = this.#indexes.get(index)
    if (known !== undefined) return known
    const entries = new Map<string, Map<string, T>>()
    for (const [key, object] of this.#objects) addTo(entries, key, object, index(object))
    this.#indexes.set(index, entries)
    return entries
  }
}

const addTo = <T>(entries: Map<string, Map<string, T>>, key: string, object: T, values: ReadonlyArray<string>): void => {
  for (const value of values) {
    const bucket = entries.get(value)
    if (bucket === undefined) entries.set(value, new Map([[key, object]]))
    else bucket.set(key, object)
  }
}

const removeFrom = <T>(entries: Map<string, Map<string, T>>, key: string, values: ReadonlyArray<string>): void => {
  for (const value of values) {
    const bucket = entries.get(value)
    bucket?.delete(key)
    if (bucket?.size === 0) entries.delete(value)
  }
}
