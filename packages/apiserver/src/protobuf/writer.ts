/** Writes protobuf's wire format from the end to the beginning: a message's length is known by the time it has to be written. @module */

const firstSize = 1024

/** What is written last stands first. */
export class BackwardWriter {
  #bytes: Buffer = Buffer.allocUnsafe(firstSize)
  #at: number = firstSize

  /** Where the writer is; the difference of two positions is the size of what was written between them. */
  get written(): number {
    return this.#bytes.length - this.#at
  }

  #reserve(size: number): void {
    if (size <= this.#at) return
    const used = this.written
    const bigger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, used + size))
    this.#bytes.copy(bigger, bigger.length - used, this.#at)
    this.#at = bigger.length - used
    this.#bytes = bigger
  }

  /** A number without sign. */
  varint(value: number): void {
    this.#reserve(10)
    let size = 1
    for (let left = value; left >= 128; left = Math.floor(left / 128)) size++
    this.#at -= size
    let left = value
    for (let i = 0; i < size; i++) {
      this.#bytes[this.#at + i] = (left % 128) | (i < size - 1 ? 0x80 : 0)
      left = Math.floor(left / 128)
    }
  }

  /** A whole number; negative ones take ten bytes. Fractions are cut off. */
  integer(value: number): void {
    const whole = Math.trunc(value)
    if (whole >= 0 && whole <= Number.MAX_SAFE_INTEGER) {
      this.varint(whole)
      return
    }
    this.#reserve(10)
    const bytes: Array<number> = []
    let left = BigInt.asUintN(64, BigInt(Number.isFinite(whole) ? whole : 0))
    for (; left >= 128n; left >>= 7n) bytes.push(Number(left & 127n) | 0x80)
    bytes.push(Number(left))
    this.#at -= bytes.length
    this.#bytes.set(bytes, this.#at)
  }

  /** Eight bytes. */
  double(value: number): void {
    this.#reserve(8)
    this.#at -= 8
    this.#bytes.writeDoubleLE(value, this.#at)
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length)
    this.#at -= value.length
    this.#bytes.set(value, this.#at)
  }

  text(value: string): void {
    const size = Buffer.byteLength(value)
    this.#reserve(size)
    this.#at -= size
    this.#bytes.write(value, this.#at)
  }

  /** A field's number and shape: 0 a number, 1 eight bytes, 2 a length and bytes. */
  key(number: number, shape: 0 | 1 | 2): void {
    this.varint(number * 8 + shape)
  }

  /** Puts length and key before everything written since `mark` (a value of `written`). */
  wrap(number: number, mark: number): void {
    this.varint(this.written - mark)
    this.key(number, 2)
  }

  textField(number: number, value: string): void {
    const mark = this.written
    this.text(value)
    this.wrap(number, mark)
  }

  /** A copy of all that was written. */
  finish(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#bytes.subarray(this.#at))
  }
}
