/** Reads protobuf's wire format: numbered fields of four shapes. @module */

/** One field as it lies on the wire: a number for shapes 0, 1 and 5, bytes for shape 2. */
export interface WireField {
  readonly number: number
  readonly value: bigint | Uint8Array
}

/** Reads a varint at `at`; gives the value and where it ends. */
const varint = (bytes: Uint8Array, at: number): readonly [value: bigint, end: number] => {
  let value = 0n
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = bytes[at++]
    if (byte === undefined) break
    value |= BigInt(byte & 0x7f) << shift
    if (byte < 0x80) return [BigInt.asUintN(64, value), at]
  }
  throw new RangeError("unexpected EOF")
}

/** The fields of a message, in the order in which they lie there. Throws on truncated or unknown shapes. */
export function* readFields(bytes: Uint8Array): IterableIterator<WireField> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  while (at < bytes.length) {
    const [key, start] = varint(bytes, at)
    const number = Number(key >> 3n)
    const shape = Number(key & 7n)
    if (number === 0) throw new RangeError("illegal tag 0")
    if (shape === 0) {
      const [value, end] = varint(bytes, start)
      yield { number, value }
      at = end
      continue
    }
    if (shape === 2) {
      const [size, from] = varint(bytes, start)
      const end = from + Number(size)
      if (end > bytes.length) throw new RangeError("unexpected EOF")
      yield { number, value: bytes.subarray(from, end) }
      at = end
      continue
    }
    const width = shape === 1 ? 8 : shape === 5 ? 4 : 0
    if (width === 0) throw new RangeError(`illegal wireType ${shape}`)
    if (start + width > bytes.length) throw new RangeError("unexpected EOF")
    yield { number, value: width === 8 ? view.getBigUint64(start, true) : BigInt(view.getUint32(start, true)) }
    at = start + width
  }
}
