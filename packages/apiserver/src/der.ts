/** Writes and reads the little of DER (X.690) that certificates are made of. @module */

/** One encoded element. */
export type Der = Buffer

/** An element of this tag around its parts. */
export const element = (tag: number, ...parts: ReadonlyArray<Uint8Array>): Der => {
  const body = Buffer.concat(parts)
  const { length } = body
  const header = length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff]
  if (length > 0xffff) throw new RangeError("no certificate has an element of more than 64 KB")
  return Buffer.concat([Buffer.from(header), body])
}

export const sequence = (...parts: ReadonlyArray<Uint8Array>): Der => element(0x30, ...parts)
export const set = (...parts: ReadonlyArray<Uint8Array>): Der => element(0x31, ...parts)
export const octets = (bytes: Uint8Array): Der => element(0x04, bytes)
export const utf8 = (text: string): Der => element(0x0c, Buffer.from(text))
export const yes: Der = element(0x01, Buffer.from([0xff]))
export const nothing: Der = element(0x05)

/** A number that is not negative: a leading zero keeps its first bit from being the sign. */
export const integer = (bytes: Uint8Array): Der => element(0x02, ...(bytes[0]! >= 0x80 ? [Buffer.from([0])] : []), bytes)

/** A bit string, of whose last byte the lowest `unused` bits do not count. */
export const bits = (bytes: Uint8Array, unused = 0): Der => element(0x03, Buffer.from([unused]), bytes)

/** An object identifier, from its text with dots. */
export const identifier = (text: string): Der => {
  const [first = 0, second = 0, ...rest] = text.split(".").map(Number)
  return element(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}

const base128 = (value: number): ReadonlyArray<number> => {
  const digits = [value & 0x7f]
  for (let left = value >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80)
  return digits
}

/** A time in whole seconds; from 2050 on it needs four digits for its year (RFC 5280). */
export const time = (date: Date): Der => {
  const digits = `${date.toISOString().slice(0, 19).replace(/[-:T]/g, "")}Z`
  return date.getUTCFullYear() < 2050 ? element(0x17, Buffer.from(digits.slice(2))) : element(0x18, Buffer.from(digits))
}

/** An element as it was read. */
export interface Read {
  readonly tag: number
  readonly content: Buffer
  /** With its tag and length. */
  readonly whole: Buffer
}

/** The elements one after the other. Throws on bytes that are no DER. */
export const read = (bytes: Buffer): ReadonlyArray<Read> => {
  const found: Array<Read> = []
  for (let at = 0; at < bytes.length; ) {
    const short = bytes[at + 1] ?? 0x80
    const size = short < 0x80 ? 0 : short & 0x7f
    const start = at + 2 + size
    if (short === 0x80 || size > 3 || start > bytes.length) throw new RangeError("not DER")
    const end = start + (size === 0 ? short : bytes.readUIntBE(at + 2, size))
    if (end > bytes.length) throw new RangeError("not DER")
    found.push({ tag: bytes[at]!, content: bytes.subarray(start, end), whole: bytes.subarray(at, end) })
    at = end
  }
  return found
}
