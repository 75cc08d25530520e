/** How long a key that failed waits for its next try: longer each time, per key. @module */

/** The bounds of a `Backoff`, in milliseconds. */
export interface BackoffOptions {
  /** After the first failure; default 5. */
  readonly initialMs?: number
  /** At most; default 1,000,000, which the eighteenth failure in a row reaches. */
  readonly limitMs?: number
}

/** Doubles the wait of a key with every failure, with the bounds that Kubernetes' own controllers use. */
export class Backoff {
  readonly #initialMs: number
  readonly #limitMs: number
  readonly #failures = new Map<string, number>()

  constructor({ initialMs = 5, limitMs = 1_000_000 }: BackoffOptions = {}) {
    this.#initialMs = initialMs
    this.#limitMs = limitMs
  }

  /** Counts a failure of the key and says how long to wait. */
  next(key: string): number {
    const failures = this.#failures.get(key) ?? 0
    this.#failures.set(key, failures + 1)
    return Math.min(this.#initialMs * 2 ** failures, this.#limitMs)
  }

  /** Failures in a row. */
  failuresOf(key: string): number {
    return this.#failures.get(key) ?? 0
  }

  /** The key is well again. */
  forget(key: string): void {
    this.#failures.delete(key)
  }
}
