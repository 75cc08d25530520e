/** Closes connections that never ask, ask byte by byte, or have been silent for long. @module */

/** How long a connection may take. */
export interface IdleTimes {
  /** From its beginning to its first whole request. */
  readonly firstRequestMs: number
  /** From the end of its last request to the next. */
  readonly idleMs: number
}

/** Upstream's: a slow writer of headers gets 32 seconds, a kept connection 90. */
export const idleTimes: IdleTimes = { firstRequestMs: 32_000, idleMs: 90_000 }

interface Watched {
  active: number
  since: number
  asked: boolean
}

/** One timer for all connections: a look every few seconds costs less than a timer each. */
export class IdleConnections<C extends object> {
  readonly #connections: Map<C, Watched> = new Map()
  readonly #times: IdleTimes
  readonly #timer: ReturnType<typeof setInterval>

  constructor(times: IdleTimes, close: (connection: C) => void) {
    this.#times = times
    const everyMs = Math.max(50, Math.min(5000, times.firstRequestMs / 4, times.idleMs / 4))
    this.#timer = setInterval(() => this.#sweep(close), everyMs)
    this.#timer.unref()
  }

  add(connection: C): void {
    this.#connections.set(connection, { active: 0, since: performance.now(), asked: false })
  }

  remove(connection: C): void {
    this.#connections.delete(connection)
  }

  /** A request began; call what it gives when its answer is written. */
  began(connection: C): () => void {
    const watched = this.#connections.get(connection)
    if (watched === undefined) return () => {}
    watched.active++
    watched.asked = true
    return () => {
      watched.active--
      watched.since = performance.now()
    }
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #sweep(close: (connection: C) => void): void {
    const now = performance.now()
    for (const [connection, { active, since, asked }] of this.#connections) {
      if (active > 0 || now - since < (asked ? this.#times.idleMs : this.#times.firstRequestMs)) continue
      this.#connections.delete(connection)
      close(connection)
    }
  }
}
