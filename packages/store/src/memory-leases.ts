/** The leases of a memory store: who holds which key, and until when. @module */
import { makeDeadlines } from "./deadlines.ts"
import type { Lease, Write } from "./store.ts"

/** A lease, or the time to live of one key, which is a lease of its own with a negative number. */
interface Held {
  ttlMs: number
  readonly keys: Set<string>
}

/** The books of a memory store; times are of a clock that nobody can set. */
export interface MemoryLeases {
  readonly grant: (ttlMs: number, nowMs: number) => bigint
  /** Whether there is such a lease, and from now on its whole time. */
  readonly keepAlive: (id: bigint, nowMs: number) => boolean
  readonly has: (id: bigint) => boolean
  readonly find: (id: bigint) => Lease | undefined
  /** The lease that a key lives by: negative when it is the key's own, undefined when it stays. */
  readonly of: (key: string) => bigint | undefined
  /** Gives a key a time to live of its own. */
  readonly keepKey: (key: string, ttlMs: number, nowMs: number) => void
  /** A write has happened: the key goes under the lease it names, or none. */
  readonly written: (write: Write, nowMs: number) => void
  readonly nextMs: () => number
  readonly due: (nowMs: number) => ReadonlyArray<bigint>
  /** Ends a lease and says which keys have to go. */
  readonly end: (id: bigint) => ReadonlyArray<string>
}

/** Empty books. */
export const makeMemoryLeases = (): MemoryLeases => {
  const leases = new Map<bigint, Held>()
  const holders = new Map<string, bigint>()
  const deadlines = makeDeadlines<bigint>()
  let lastId = 0n

  const grant = (id: bigint, ttlMs: number, nowMs: number): bigint => {
    leases.set(id, { ttlMs, keys: new Set() })
    deadlines.set(id, nowMs + ttlMs)
    return id
  }
  const end = (id: bigint): ReadonlyArray<string> => {
    const keys = [...(leases.get(id)?.keys ?? [])]
    for (const key of keys) holders.delete(key)
    leases.delete(id)
    deadlines.delete(id)
    return keys
  }
  const release = (key: string): void => {
    const id = holders.get(key)
    if (id === undefined) return
    if (id < 0n) end(id)
    leases.get(id)?.keys.delete(key)
    holders.delete(key)
  }
  const hold = (key: string, id: bigint): void => {
    release(key)
    leases.get(id)?.keys.add(key)
    holders.set(key, id)
  }
  const keepKey = (key: string, ttlMs: number, nowMs: number): void => hold(key, grant(-++lastId, ttlMs, nowMs))

  return {
    grant: (ttlMs, nowMs) => grant(++lastId, ttlMs, nowMs),
    keepAlive: (id, nowMs) => {
      const lease = leases.get(id)
      if (lease !== undefined) deadlines.set(id, nowMs + lease.ttlMs)
      return lease !== undefined
    },
    has: (id) => leases.has(id),
    find: (id) => {
      const lease = leases.get(id)
      return lease === undefined ? undefined : { id, ttlMs: lease.ttlMs, keys: [...lease.keys] }
    },
    of: (key) => holders.get(key),
    keepKey,
    written: ({ key, ttlMs, lease }, nowMs) => {
      if (lease !== undefined) hold(key, lease)
      else if (ttlMs !== undefined) keepKey(key, ttlMs, nowMs)
      else release(key)
    },
    nextMs: deadlines.nextMs,
    due: deadlines.due,
    end
  }
}
