/** A priority queue whose entries can be taken out by key. @module */

/** The smallest entry comes first; equal ones in the order they were put in, as far as `compare` says nothing. */
export class Heap<T> {
  readonly #compare: (left: T, right: T) => number
  readonly #keyOf: (entry: T) => string
  readonly #entries: Array<T> = []
  readonly #places = new Map<string, number>()

  constructor(keyOf: (entry: T) => string, compare: (left: T, right: T) => number) {
    this.#keyOf = keyOf
    this.#compare = compare
  }

  /** The number of entries. */
  get size(): number {
    return this.#entries.length
  }

  /** The first entry, left where it is. */
  get first(): T | undefined {
    return this.#entries[0]
  }

  /** The entry of a key. */
  get(key: string): T | undefined {
    const place = this.#places.get(key)
    return place === undefined ? undefined : this.#entries[place]
  }

  /** Adds an entry, in the place of one with the same key. */
  put(entry: T): void {
    this.take(this.#keyOf(entry))
    const place = this.#entries.length
    this.#entries.push(entry)
    this.#places.set(this.#keyOf(entry), place)
    this.#up(place)
  }

  /** Takes out the first entry. */
  shift(): T | undefined {
    const first = this.#entries[0]
    return first === undefined ? undefined : this.take(this.#keyOf(first))
  }

  /** Takes out the entry of a key. */
  take(key: string): T | undefined {
    const place = this.#places.get(key)
    if (place === undefined) return undefined
    const entry = this.#entries[place]!
    const last = this.#entries.pop()!
    this.#places.delete(key)
    if (last === entry) return entry
    this.#set(place, last)
    this.#up(place)
    this.#down(this.#places.get(this.#keyOf(last))!)
    return entry
  }

  /** All entries, in no order. */
  values(): ReadonlyArray<T> {
    return this.#entries
  }

  #set(place: number, entry: T): void {
    this.#entries[place] = entry
    this.#places.set(this.#keyOf(entry), place)
  }

  #up(start: number): void {
    const entry = this.#entries[start]!
    let place = start
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (this.#compare(this.#entries[parent]!, entry) <= 0) break
      this.#set(place, this.#entries[parent]!)
      place = parent
    }
    this.#set(place, entry)
  }

  #down(start: number): void {
    const entry = this.#entries[start]!
    const count = this.#entries.length
    let place = start
    for (;;) {
      let child = 2 * place + 1
      if (child >= count) break
      if (child + 1 < count && this.#compare(this.#entries[child + 1]!, this.#entries[child]!) < 0) child++
      if (this.#compare(entry, this.#entries[child]!) <= 0) break
      this.#set(place, this.#entries[child]!)
      place = child
    }
    this.#set(place, entry)
  }
}
