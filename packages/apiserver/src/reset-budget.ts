/** How often a client may take back what it has just asked: work for streams that are reset at once is work for nobody. @module */

/** What a connection may take back at once, as all watches of a client that ends; and every second after that. */
const burst = 1000
const perSecond = 50

/** A budget for each connection. */
export class ResetBudget<C extends object> {
  readonly #spent: WeakMap<C, { count: number; atMs: number }> = new WeakMap()
  readonly #now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Counts one reset; false when the connection has taken back too much. */
  allows(connection: C): boolean {
    const nowMs = this.#now()
    const spent = this.#spent.get(connection) ?? { count: 0, atMs: nowMs }
    spent.count = Math.max(0, spent.count - ((nowMs - spent.atMs) / 1000) * perSecond) + 1
    spent.atMs = nowMs
    this.#spent.set(connection, spent)
    return spent.count <= burst
  }
}
