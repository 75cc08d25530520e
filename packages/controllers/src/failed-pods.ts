/** How long a failed pod stays before it is replaced in its place: longer each time, because a kubelet may refuse them all. @module */

const initialMs = 1000
const limitMs = 900_000

/** Remembers the replacements in every place, such as a node or a number of a set. */
export class FailedPods {
  readonly #last = new Map<string, { readonly atMs: number; readonly waitMs: number }>()

  /** 0 when the pod may be replaced now, which counts as done; else the milliseconds to wait. */
  replace(place: string, nowMs: number): number {
    this.#sweep(nowMs)
    const last = this.#last.get(place)
    const leftMs = last === undefined ? 0 : last.atMs + last.waitMs - nowMs
    if (leftMs > 0) return leftMs
    this.#last.set(place, { atMs: nowMs, waitMs: last === undefined ? initialMs : Math.min(2 * last.waitMs, limitMs) })
    return 0
  }

  /** After so long a time without a failure the place is taken for well. */
  #sweep(nowMs: number): void {
    for (const [place, { atMs }] of this.#last) if (nowMs - atMs > 2 * limitMs) this.#last.delete(place)
  }
}
