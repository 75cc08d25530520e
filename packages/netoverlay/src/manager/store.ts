/** Leases in a store of their own, with an end: for networks without a Kubernetes control plane, or beside one. @module */
import { formatNetwork, parseNetwork } from "@tsukube/host"
import type { Compacted, Conflict, Entry, Store, StoreError } from "@tsukube/store"
import { Clock, Effect, Latch, Schedule, type Scope, Stream } from "effect"
import { isSoundLease, type Lease, type LeaseDetails, LeaseError, type LeaseManager } from "../lease.ts"

export interface StoreLeasesOptions {
  readonly store: Store
  readonly nodeName: string
  /** The network that subnets are cut from, such as `10.244.0.0/16`. */
  readonly network: string
  /** The prefix length of a node's subnet; default 24. */
  readonly subnetLength?: number
  /** Default `/netoverlay/leases/`. */
  readonly prefix?: string
  /** A lease that is not renewed for this long may be taken by another node; default a day. Renewed after a third of it. */
  readonly ttlMs?: number
}

/** What is stored under a subnet's key. */
interface LeaseRecord extends Partial<LeaseDetails> {
  readonly node: string
  readonly expiresAtMs: number
}

interface StoredRecord {
  readonly record: LeaseRecord
  readonly revision: bigint
}

const dayMs = 86_400_000
/** How often a lost race for a subnet is run again. */
const attemptLimit = 100
const retry = Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("10 seconds")])

/** The subnets of a network, in order; the first is left out, since its first address is the network's own. */
export function* subnetsOf(network: string, subnetLength: number): Generator<string> {
  const parsed = parseNetwork(network)
  if (parsed === undefined || subnetLength <= parsed.prefixLength) return
  const size = 2 ** (32 - subnetLength)
  const count = 2 ** (subnetLength - parsed.prefixLength)
  for (let index = 1; index < count; index++)
    yield formatNetwork({ first: parsed.first + index * size, prefixLength: subnetLength })
}

/** The subnet that a node should have: its own, or else the first that is free or whose lease has ended; undefined: none is left. */
export const chooseLease = (
  records: ReadonlyMap<string, { readonly node: string; readonly expiresAtMs: number }>,
  subnets: Iterable<string>,
  nodeName: string,
  nowMs: number
): string | undefined => {
  for (const [subnet, { node }] of records) if (node === nodeName) return subnet
  for (const subnet of subnets) {
    const record = records.get(subnet)
    if (record === undefined || record.expiresAtMs <= nowMs) return subnet
  }
  return undefined
}

const parseRecord = (text: string): LeaseRecord | undefined => {
  try {
    const record = JSON.parse(text)
    return typeof record?.node === "string" && typeof record.expiresAtMs === "number" ? record : undefined
  } catch {
    return undefined
  }
}

/** Leases in a store; renewed until the scope ends, then left to expire, so that a restarted node gets its subnet again. Clocks of the nodes must agree to within the time to live. */
export const storeLeases = (options: StoreLeasesOptions): Effect.Effect<LeaseManager, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { store, nodeName, network, subnetLength = 24, prefix = "/netoverlay/leases/", ttlMs = dayMs } = options
    const clock = yield* Clock.Clock
    const now = (): number => clock.currentTimeMillisUnsafe()
    const synced = Latch.makeUnsafe(false)
    const handlers = new Set<() => void>()
    const keyFor = (subnet: string): string => prefix + subnet.replace("/", "-")
    const subnetFor = (key: string): string => key.slice(prefix.length).replace("-", "/")
    const read = (entries: ReadonlyArray<Entry>): Map<string, StoredRecord> =>
      new Map(
        entries.flatMap(({ key, value, revision }) => {
          const record = parseRecord(value)
          return record === undefined ? [] : [[subnetFor(key), { record, revision }] as const]
        })
      )
    let cache: ReadonlyMap<string, StoredRecord> = new Map()
    const show = (records: ReadonlyMap<string, StoredRecord>): void => {
      cache = records
      for (const handler of handlers) handler()
    }

    /** Follows the store for ever; whatever goes wrong, it begins again with a list. */
    const follow = Effect.gen(function* () {
      const page = yield* store.list({ prefix })
      show(read(page.entries))
      synced.openUnsafe()
      // Leases are few and change seldom: a list after every change is simpler than a second way to read one.
      yield* Stream.runForEach(store.watch({ prefix }, page.revision), () =>
        Effect.map(store.list({ prefix }), ({ entries }) => show(read(entries)))
      )
    })
    yield* follow.pipe(
      Effect.tapError((error) => Effect.logWarning(`netoverlay: leases are read anew: ${error.message}`)),
      Effect.retry(retry),
      Effect.forever,
      Effect.forkScoped
    )

    /** Takes or renews this node's lease; `details` are kept from before when absent. */
    const claim = (details?: LeaseDetails): Effect.Effect<string, LeaseError | Conflict | Compacted | StoreError> =>
      Effect.gen(function* () {
        const records = read((yield* store.list({ prefix })).entries)
        const plain = new Map([...records].map(([subnet, { record }]) => [subnet, record] as const))
        const subnet = chooseLease(plain, subnetsOf(network, subnetLength), nodeName, now())
        if (subnet === undefined) return yield* new LeaseError({ reason: `every subnet of ${network} is taken` })
        const existing = records.get(subnet)
        const kept = existing?.record.node === nodeName ? existing.record : {}
        const record: LeaseRecord = { ...kept, ...details, node: nodeName, expiresAtMs: now() + ttlMs }
        yield* store.commit([{ key: keyFor(subnet), value: JSON.stringify(record), expected: existing?.revision ?? 0n }])
        return subnet
      })
    const claimed = (details?: LeaseDetails): Effect.Effect<string, LeaseError> =>
      claim(details).pipe(
        // Somebody else was faster with this subnet: the next look shows another free one.
        Effect.retry({ times: attemptLimit, while: (error) => error._tag === "Conflict" }),
        Effect.mapError((error) =>
          error._tag === "LeaseError"
            ? error
            : new LeaseError({ reason: `the lease of ${nodeName} was not stored: ${error.message}` })
        )
      )
    const own = (): readonly [string, LeaseRecord] | undefined => {
      for (const [subnet, { record }] of cache)
        if (record.node === nodeName && record.expiresAtMs > now()) return [subnet, record]
      return undefined
    }
    yield* Effect.sleep(ttlMs / 3).pipe(
      Effect.andThen(Effect.suspend(() => (own() === undefined ? Effect.void : claimed()))),
      Effect.catch((error) => Effect.logWarning(`netoverlay: ${error.message}`)),
      Effect.forever,
      Effect.forkScoped
    )

    return {
      subnet: Effect.suspend(() => {
        const found = own()
        return found === undefined ? claimed() : Effect.succeed(found[0])
      }),
      publish: (details) => {
        const record = own()?.[1]
        const same = record?.publicIp === details.publicIp && record.backend === details.backend && record.mac === details.mac
        return same ? Effect.void : Effect.asVoid(claimed(details))
      },
      synced: synced.await,
      leases: () => leasesOf(cache, now()),
      on: (handler) => {
        handlers.add(handler)
        return () => void handlers.delete(handler)
      }
    }
  })

/** The leases that are alive and say how their node is reached. */
const leasesOf = (records: ReadonlyMap<string, StoredRecord>, nowMs: number): ReadonlyArray<Lease> =>
  [...records]
    .flatMap(([subnet, { record }]) => {
      const { node, publicIp, backend, mac, expiresAtMs } = record
      if (expiresAtMs <= nowMs || publicIp === undefined || backend === undefined) return []
      const lease = { node, subnet, publicIp, backend, ...(mac === undefined ? {} : { mac }) }
      return isSoundLease(lease) ? [lease] : []
    })
    .toSorted((a, b) => (a.node < b.node ? -1 : 1))
