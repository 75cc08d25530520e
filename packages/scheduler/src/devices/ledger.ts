/** What of the devices is given away: whole devices, shares of their capacity, and counters that several draw from. @module */
import { parseQuantity } from "@tsukube/api"

/** Amounts by name, in billionths: exact, whatever the unit. */
export type Amounts = ReadonlyMap<string, bigint>

/** The billionths of a quantity. */
export const nanoOf = (quantity: number | string): bigint => parseQuantity(String(quantity)).nano

/** Books on top of other books: a search writes into its own and leaves those below as they are. */
export class Ledger {
  readonly #below: Ledger | undefined
  readonly #taken = new Set<string>()
  readonly #amounts = new Map<string, bigint>()

  constructor(below?: Ledger) {
    this.#below = below
  }

  /** True when the device belongs to somebody alone. */
  isTaken(id: string): boolean {
    return this.#taken.has(id) || this.#below?.isTaken(id) === true
  }

  /** How much is given away of what the key names. */
  used(key: string): bigint {
    return (this.#amounts.get(key) ?? 0n) + (this.#below?.used(key) ?? 0n)
  }

  /** Gives a whole device away, or takes it back. */
  take(id: string, isBack = false): void {
    if (isBack) this.#taken.delete(id)
    else this.#taken.add(id)
  }

  /** Gives away an amount, or takes it back when it is negative. */
  add(key: string, amount: bigint): void {
    this.#amounts.set(key, (this.#amounts.get(key) ?? 0n) + amount)
  }
}
