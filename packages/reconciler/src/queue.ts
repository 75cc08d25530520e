/** A work queue of keys: each waits at most once, is worked on by one at a time, and comes back if it changed meanwhile. @module */

interface Timer {
  readonly key: string
  readonly dueMs: number
}

/**
 * Pure bookkeeping: no clock, no fibers; whoever drives it passes the time in. A key is in one of four states: unknown,
 * waiting, taken, or taken and wanted again. Adding a key any number of times before it is taken is adding it once.
 */
export class WorkQueue {
  #waiting: Array<string> = []
  #head = 0
  readonly #wanted = new Set<string>()
  readonly #taken = new Set<string>()
  readonly #dueMs = new Map<string, number>()
  // A binary heap by time. An earlier time for the same key leaves the later timer behind; it is skipped when it is due.
  readonly #timers: Array<Timer> = []

  /** Wants the key to be worked on: at once, or after the work on it that is under way. */
  add(key: string): void {
    if (this.#wanted.has(key)) return
    this.#wanted.add(key)
    if (!this.#taken.has(key)) this.#waiting.push(key)
  }

  /** Adds the key when `advance` reaches this time; of several times for one key the earliest counts. */
  addAt(key: string, dueMs: number): void {
    const known = this.#dueMs.get(key)
    if (known !== undefined && known <= dueMs) return
    this.#dueMs.set(key, dueMs)
    this.#push({ key, dueMs })
  }

  /** Adds every key whose time has come. */
  advance(nowMs: number): void {
    for (let first = this.#timers[0]; first !== undefined && first.dueMs <= nowMs; first = this.#timers[0]) {
      this.#pop()
      if (this.#dueMs.get(first.key) !== first.dueMs) continue
      this.#dueMs.delete(first.key)
      this.add(first.key)
    }
  }

  /** When `advance` will next have something to do. */
  get nextDueMs(): number | undefined {
    return this.#timers[0]?.dueMs
  }

  /** The key that has waited longest, now the caller's until `done`; `undefined` when none waits. */
  take(): string | undefined {
    if (this.#head === this.#waiting.length) return undefined
    const key = this.#waiting[this.#head++]!
    if (this.#head > 1024 && this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head)
      this.#head = 0
    }
    this.#wanted.delete(key)
    this.#taken.add(key)
    return key
  }

  /** Ends the work on a taken key; if it was added meanwhile it waits again. */
  done(key: string): void {
    if (this.#taken.delete(key) && this.#wanted.has(key)) this.#waiting.push(key)
  }

  /** How many keys could be taken now. */
  get size(): number {
    return this.#waiting.length - this.#head
  }

  /** True when nothing waits, is taken, or has a time. */
  get isIdle(): boolean {
    return this.size === 0 && this.#taken.size === 0 && this.#dueMs.size === 0
  }

  #push(timer: Timer): void {
    const heap = this.#timers
    let at = heap.push(timer) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (heap[parent]!.dueMs <= timer.dueMs) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = timer
  }

  #pop(): void {
    const heap = this.#timers
    const last = heap.pop()!
    if (heap.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && heap[child + 1]!.dueMs < heap[child]!.dueMs) child++
      if (last.dueMs <= heap[child]!.dueMs) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
  }
}
