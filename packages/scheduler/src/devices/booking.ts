/** Takes a device for a choice: alone, as a share of it, or without taking anything (admin access). @module */
import { hasCapacity, type Share, shareOf } from "./capacity.ts"
import { type Ledger, nanoOf } from "./ledger.ts"
import type { PooledDevice } from "./pool.ts"
import type { Choice } from "./request.ts"

/** What was written into the books. */
export interface Booking {
  readonly share?: Share
  /** Strikes it out again. */
  readonly undo: () => void
}

const nothing: Booking = { undo: () => {} }

const capacityKey = (id: string, name: string): string => `${id} ${name}`

const counterKey = ({ pool }: PooledDevice, counter: string): string => `${pool.driver}/${pool.name} ${counter}`

/** What a device draws from its pool's counters, by `set/counter`. */
const countersOf = ({ device }: PooledDevice): ReadonlyArray<readonly [counter: string, amount: bigint]> =>
  (device.consumesCounters ?? []).flatMap(({ counterSet, counters }) =>
    Object.entries(counters).map(([name, { value }]) => [`${counterSet}/${name}`, nanoOf(value)] as const)
  )

const hasCounters = (ledger: Ledger, found: PooledDevice): boolean =>
  countersOf(found).every(
    ([counter, amount]) => ledger.used(counterKey(found, counter)) + amount <= (found.pool.counters.get(counter) ?? 0n)
  )

const drawCounters = (ledger: Ledger, found: PooledDevice, sign: bigint): void => {
  for (const [counter, amount] of countersOf(found)) ledger.add(counterKey(found, counter), sign * amount)
}

/** Writes down a device that belongs to somebody alone; `isBack` strikes it out. */
export const writeWhole = (ledger: Ledger, found: PooledDevice, isBack = false): void => {
  ledger.take(found.id, isBack)
  drawCounters(ledger, found, isBack ? -1n : 1n)
}

/** Writes down a share of a device, by amounts of its capacities. The first of its shares draws the counters for all of them. */
export const writeShare = (ledger: Ledger, found: PooledDevice, amounts: Iterable<readonly [string, bigint]>): (() => void) => {
  const all = [...amounts]
  const isFirst = ledger.used(found.id) === 0n
  const write = (sign: bigint): void => {
    ledger.add(found.id, sign)
    for (const [name, amount] of all) ledger.add(capacityKey(found.id, name), sign * amount)
    if (isFirst) drawCounters(ledger, found, sign)
  }
  write(1n)
  return () => write(-1n)
}

const bookWhole = (ledger: Ledger, choice: Choice, found: PooledDevice): Booking | undefined => {
  if (!hasCapacity(found.device, found.pool.driver, choice.capacity)) return undefined
  if (choice.isAdmin) return nothing
  if (ledger.isTaken(found.id) || !hasCounters(ledger, found)) return undefined
  writeWhole(ledger, found)
  return { undo: () => writeWhole(ledger, found, true) }
}

const bookShare = (ledger: Ledger, choice: Choice, found: PooledDevice): Booking | undefined => {
  const { id, device, pool } = found
  const share = shareOf(device, pool.driver, choice.capacity)
  if (share === undefined) return undefined
  if (choice.isAdmin) return { ...nothing, share }
  if (ledger.isTaken(id) || (ledger.used(id) === 0n && !hasCounters(ledger, found))) return undefined
  for (const [name, { amount, total }] of share) if (ledger.used(capacityKey(id, name)) + amount > total) return undefined
  const amounts = [...share].map(([name, { amount }]) => [name, amount] as const)
  return { share, undo: writeShare(ledger, found, amounts) }
}

/** Takes what the choice needs of the device; undefined, and nothing is written, when there is not enough of it. */
export const book = (ledger: Ledger, choice: Choice, found: PooledDevice): Booking | undefined =>
  found.device.allowMultipleAllocations === true ? bookShare(ledger, choice, found) : bookWhole(ledger, choice, found)
