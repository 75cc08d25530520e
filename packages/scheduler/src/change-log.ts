/** Which nodes changed, in order: who looked at them before repairs only those. @module */

/** Indices of changed nodes; the oldest are dropped when there are many. */
export class ChangeLog {
  /** The latest last; `dropped` older ones are gone. */
  readonly indices: Array<number> = []
  /** How many changes came before the first of `indices`. */
  dropped = 0

  /** Grows with every change. */
  get version(): number {
    return this.dropped + this.indices.length
  }

  /** Notes a change; of more than a few for each of the `rows` the older ones are dropped. */
  add(index: number, rows: number): void {
    this.indices.push(index)
    const limit = 1000 + 4 * rows
    if (this.indices.length <= 2 * limit) return
    this.dropped += this.indices.length - limit
    this.indices.splice(0, this.indices.length - limit)
  }

  /** Runs something that leaves everything as it was: what it changed meanwhile counts as no change. */
  unchanged<A>(run: () => A): A {
    const { dropped } = this
    const { length } = this.indices
    const result = run()
    if (this.dropped === dropped) this.indices.length = length
    return result
  }
}
