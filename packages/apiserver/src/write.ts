/** Every change of the store goes through here: read, decide, commit at the revision that was read, and again when another writer was faster. @module */
import { isDeepStrictEqual } from "node:util"
import { alreadyExists, conflict, type KubernetesObject, notFound } from "@tsukube/api"
import { Conflict, type Write } from "@tsukube/store"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import type { Served } from "./served.ts"
import type { Serving } from "./serving.ts"
import { StoredObject, storedText } from "./stored.ts"

/** Retries of one request against faster writers before it is told so. */
const attemptLimit = 30
/** What was claimed by somebody else must be seen before the next choice. */
const freshWithinMs = 3000

/** What is to become of an object, with what else must be written in the same commit. */
export type Decision =
  | { readonly store: KubernetesObject; readonly also?: ReadonlyArray<Write> }
  | { readonly remove: true; readonly also?: ReadonlyArray<Write>; readonly last?: KubernetesObject }
  | { readonly keep: true }

/** The state after a change; `removed` when the object is gone and this was its last state. */
export interface Changed {
  readonly stored: StoredObject
  readonly removed: boolean
}

const commit = async (serving: Serving, writes: ReadonlyArray<Write>): Promise<Result.Result<bigint, Conflict>> => {
  const exit = await Effect.runPromiseExit(serving.cache.store.commit(writes))
  if (Exit.isSuccess(exit)) return Result.succeed(exit.value)
  const error = Cause.squash(exit.cause)
  if (error instanceof Conflict) return Result.fail(error)
  throw error
}

/** The object as the store has it now, past the cache. */
export const readStore = async (serving: Serving, key: string): Promise<StoredObject | undefined> => {
  const entry = await Effect.runPromise(serving.cache.store.get(key))
  return entry === undefined ? undefined : StoredObject.read(key, entry.value, entry.revision, entry.createRevision)
}

/**
 * Writes a new object. `prepare` is asked again when what it claims besides (an address, a port) was taken meanwhile.
 * 409 when the name is taken.
 */
export const createStored = async (
  serving: Serving,
  served: Served,
  key: string,
  prepare: () => Promise<{ readonly store: KubernetesObject; readonly also?: ReadonlyArray<Write> }>,
  dryRun: boolean
): Promise<StoredObject> => {
  for (let attempt = 0; attempt < attemptLimit; attempt++) {
    const { store, also = [] } = await prepare()
    const name = store.metadata?.name ?? ""
    const text = storedText(store)
    if (dryRun) {
      if ((await readStore(serving, key)) !== undefined) throw alreadyExists(served.resource, name)
      return new StoredObject(key, text, 0n, 0n)
    }
    const outcome = await commit(serving, [{ key, value: text, expected: 0n }, ...also])
    if (Result.isSuccess(outcome)) {
      // Our own store tells the cache before it answers: then the text has been put together already.
      const cached = serving.cache.bucket(served.folder).objects.get(key)
      return cached?.revision === outcome.success ? cached : StoredObject.read(key, text, outcome.success, outcome.success)
    }
    if (outcome.failure.key === key) throw alreadyExists(served.resource, name)
    await serving.cache.fresh(freshWithinMs)
  }
  throw conflict(served.resource, key.slice(key.lastIndexOf("/") + 1))
}

/**
 * Changes or removes an object. `decide` first sees the cached state; what it refuses or leaves alone is decided once more on the
 * store's own state when the cache was behind, so nobody is refused because of old news. Unchanged objects are not written.
 */
export const changeStored = async (
  serving: Serving,
  served: Served,
  key: string,
  decide: (current: StoredObject) => Promise<Decision> | Decision,
  dryRun = false
): Promise<Changed> => {
  const bucket = serving.cache.bucket(served.folder)
  const name = key.slice(key.lastIndexOf("/") + 1)
  let current = bucket.objects.get(key)
  let certain = false
  for (let attempt = 0; attempt < attemptLimit; attempt++) {
    if (current === undefined) {
      if (!certain) current = await readStore(serving, key)
      if (current === undefined) throw notFound(served.resource, name)
      certain = true
    }
    let decision: Decision
    try {
      decision = await decide(current)
    } catch (thrown) {
      if (certain) throw thrown
      const fresh = await readStore(serving, key)
      if (fresh?.revision === current.revision) throw thrown
      current = fresh
      certain = true
      continue
    }
    const outcome = settle(current, decision)
    if (outcome.writes.length === 0) {
      if (certain) return outcome.result(current.revision)
      const fresh = await readStore(serving, key)
      if (fresh?.revision === current.revision) return outcome.result(current.revision)
      current = fresh
      certain = true
      continue
    }
    if (dryRun) return outcome.result(current.revision)
    const committed = await commit(serving, outcome.writes)
    if (Result.isSuccess(committed)) return outcome.result(committed.success)
    if (committed.failure.key !== key) await serving.cache.fresh(freshWithinMs)
    current = await readStore(serving, key)
    certain = true
  }
  throw conflict(served.resource, name)
}

interface Settled {
  readonly writes: ReadonlyArray<Write>
  readonly result: (revision: bigint) => Changed
}

/** What a decision means for the store and for the answer. */
const settle = (current: StoredObject, decision: Decision): Settled => {
  const { key, revision: expected } = current
  if ("keep" in decision) return { writes: [], result: () => ({ stored: current, removed: false }) }
  if ("remove" in decision) {
    const { last } = decision
    return {
      writes: [{ key, value: undefined, expected }, ...(decision.also ?? [])],
      result: (revision) => ({
        stored:
          last === undefined ? current.at(revision) : StoredObject.read(key, storedText(last), revision, current.createRevision),
        removed: true
      })
    }
  }
  const text = storedText(decision.store)
  const next = (revision: bigint) => StoredObject.read(key, text, revision, current.createRevision)
  if ((decision.also ?? []).length === 0 && sameContent(next(expected), current)) {
    return { writes: [], result: () => ({ stored: current, removed: false }) }
  }
  return {
    writes: [{ key, value: text, expected }, ...(decision.also ?? [])],
    result: (revision) => ({ stored: next(revision), removed: false })
  }
}

/** Clients send fields in any order, so equal texts are only the quick way to see that nothing changes. */
const sameContent = (next: StoredObject, current: StoredObject): boolean =>
  next.text === current.text || isDeepStrictEqual(next.object, current.object)
