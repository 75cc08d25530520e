/** Names with deadlines: which comes next, and which are due. @module */

/** Deadlines by name, the earliest first. */
export interface Deadlines<Name> {
  /** Sets the deadline of a name, in the place of the one it had. */
  readonly set: (name: Name, atMs: number) => void
  readonly delete: (name: Name) => void
  /** The earliest; `Infinity` when there is none. */
  readonly nextMs: () => number
  /** Those that have come, the earliest first, at most `limit`; they stay until they are deleted or set anew. */
  readonly due: (nowMs: number, limit?: number) => ReadonlyArray<Name>
}

interface Item<Name> {
  readonly name: Name
  readonly atMs: number
}

/** A heap in which what was replaced or deleted stays until it comes to the top. */
export const makeDeadlines = <Name>(): Deadlines<Name> => {
  const current = new Map<Name, Item<Name>>()
  let heap: Array<Item<Name>> = []

  const push = (item: Item<Name>): void => {
    let index = heap.length
    heap.push(item)
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent] as Item<Name>
      if (above.atMs <= item.atMs) break
      heap[index] = above
      index = parent
    }
    heap[index] = item
  }
  const pop = (): Item<Name> | undefined => {
    const top = heap[0]
    const last = heap.pop()
    if (top === undefined || last === undefined || heap.length === 0) return top
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      const right = heap[child + 1]
      if (right !== undefined && right.atMs < (heap[child] as Item<Name>).atMs) child++
      const below = heap[child] as Item<Name>
      if (below.atMs >= last.atMs) break
      heap[index] = below
      index = child
    }
    heap[index] = last
    return top
  }
  const isCurrent = (item: Item<Name>): boolean => current.get(item.name) === item

  return {
    set: (name, atMs) => {
      const item = { name, atMs }
      current.set(name, item)
      push(item)
      // Names that are set again and again would fill it with what was replaced.
      if (heap.length <= 2 * current.size + 64) return
      heap = []
      for (const one of current.values()) push(one)
    },
    delete: (name) => void current.delete(name),
    nextMs: () => {
      for (let top = heap[0]; top !== undefined; top = heap[0]) {
        if (isCurrent(top)) return top.atMs
        pop()
      }
      return Number.POSITIVE_INFINITY
    },
    due: (nowMs, limit = Number.POSITIVE_INFINITY) => {
      const found: Array<Item<Name>> = []
      while (found.length < limit) {
        const top = heap[0]
        if (top === undefined || top.atMs > nowMs) break
        pop()
        if (isCurrent(top)) found.push(top)
      }
      for (const item of found) push(item)
      return found.map(({ name }) => name)
    }
  }
}
