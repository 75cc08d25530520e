/** How to take back what was done since a fork; forks nest. @module */

/** Steps back, by fork. */
export class UndoLog {
  /** The innermost fork last. */
  readonly #forks: Array<Array<() => void>> = []
  #isUndoing = false

  /** What is remembered from here on can be taken back; `first` steps are taken last. */
  fork(first: ReadonlyArray<() => void>): void {
    this.#forks.push([...first])
  }

  /** Keeps what was done since the last fork; it can still be taken back by an outer one. */
  commit(): void {
    const undo = this.#forks.pop()
    if (undo === undefined) throw new Error("commit without fork")
    this.#forks.at(-1)?.push(...undo)
  }

  /** Takes back what was done since the last fork. */
  revert(): void {
    const undo = this.#forks.pop()
    if (undo === undefined) throw new Error("revert without fork")
    this.#isUndoing = true
    for (const step of undo.reverse()) step()
    this.#isUndoing = false
  }

  /** Notes how to take back what happens now. Taking back is itself not noted. */
  remember(undo: () => void): void {
    if (!this.#isUndoing) this.#forks.at(-1)?.push(undo)
  }
}
