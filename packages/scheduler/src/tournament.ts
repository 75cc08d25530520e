/** The largest of many numbers, kept while they change one by one. @module */

/** A tree over numbered places: a change costs one step per level, the largest is at the root. */
export class Tournament {
  readonly #size: number
  readonly #most: Float64Array
  readonly #ties: Int32Array

  constructor(places: number) {
    let size = 1
    while (size < places) size *= 2
    this.#size = size
    this.#most = new Float64Array(2 * size).fill(Number.NEGATIVE_INFINITY)
    this.#ties = new Int32Array(2 * size)
  }

  /** The largest number; minus infinity when every place is empty. */
  get most(): number {
    return this.#most[1]!
  }

  /** How many places have the largest number. */
  get ties(): number {
    return this.#ties[1]!
  }

  /** The number of a place. */
  at(place: number): number {
    return this.#most[this.#size + place]!
  }

  /** Sets the number of a place; minus infinity empties it. */
  set(place: number, value: number): void {
    const leaf = this.#size + place
    if (this.#most[leaf] === value) return
    this.#write(leaf, value)
    for (let parent = leaf >> 1; parent >= 1; parent >>= 1) this.#play(parent)
  }

  /** Sets all places at once. */
  fill(numberOf: (place: number) => number, places: number): void {
    for (let place = 0; place < places; place++) this.#write(this.#size + place, numberOf(place))
    for (let parent = this.#size - 1; parent >= 1; parent--) this.#play(parent)
  }

  /** The place of one of the largest: the first one for 0, and so on. */
  pick(which: number): number {
    let left = which
    let place = 1
    while (place < this.#size) {
      place *= 2
      const ties = this.#most[place] === this.#most[1] ? this.#ties[place]! : 0
      if (left >= ties) {
        left -= ties
        place++
      }
    }
    return place - this.#size
  }

  #write(leaf: number, value: number): void {
    this.#most[leaf] = value
    this.#ties[leaf] = value === Number.NEGATIVE_INFINITY ? 0 : 1
  }

  #play(parent: number): void {
    const left = 2 * parent
    const right = left + 1
    const a = this.#most[left]!
    const b = this.#most[right]!
    this.#most[parent] = Math.max(a, b)
    this.#ties[parent] = (a >= b ? this.#ties[left]! : 0) + (b >= a ? this.#ties[right]! : 0)
  }
}
