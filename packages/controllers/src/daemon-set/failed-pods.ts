/** How long a node's failed daemon pod stays before it is replaced: longer each time, because a kubelet may refuse them all. @module */

const initialMs = 1000
const limitMs = 900_000

/** Remembers the replacements of every key, a DaemonSet and a node. */
export class FailedPods {
  readonly #last = new Map<string, { readonly atMs: number; readonly waitMs: number }>()

  /** 0 when the pod may be replaced now, which counts as done; else the milliseconds to wait. */
  replace(key: string, nowMs: number): number {
    const last = this.#last.get(key)
    // After so long a time without a failure the node is taken for well.
    const waitMs = last === undefined || nowMs - last.atMs > 2 * limitMs ? 0 : last.waitMs
    const leftMs = last === undefined ? 0 : last.atMs + waitMs - nowMs
    if (leftMs > 0) return leftMs
    this.#last.set(key, { atMs: nowMs, waitMs: waitMs === 0 ? initialMs : Math.min(2 * waitMs, limitMs) })
    return 0
  }

  /** Drops what was long ago, so that nodes and DaemonSets that are gone do not pile up. */
  sweep(nowMs: number): void {
    for (const [key, { atMs }] of this.#last) if (nowMs - atMs > 2 * limitMs) this.#last.delete(key)
  }
}
