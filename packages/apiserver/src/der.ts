/** Writes and reads the few shapes of DER that certificates are made of. @module */

/** Tags by ASN.1's own names. */
export const tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31
} as const

/** A value under a tag; the parts are joined. */
export const der = (tag: number, ...parts: ReadonlyArray<Uint8Array>): Buffer => {
  const body = Buffer.concat(parts)
  const size = body.length
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : size < 0x10000 ? [0x82, size >> 8, size & 0xff] : undefined
  if (length === undefined) throw new RangeError(`a DER value of ${size} bytes is more than certificates need`)
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}

/** A context tag `[number]`; `constructed` when other values are inside. */
export const context = (number: number, constructed: boolean, ...parts: ReadonlyArray<Uint8Array>): Buffer =>
  der(0x80 | (constructed ? 0x20 : 0) | number, ...parts)

/** `1.2.840.…` */
export const objectIdentifier = (dotted: string): Buffer => {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number)
  const bytes = [first * 40 + second]
  for (const arc of rest) {
    const septets = [arc & 0x7f]
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) septets.unshift((left & 0x7f) | 0x80)
    bytes.push(...septets)
  }
  return der(tag.objectIdentifier, Buffer.from(bytes))
}

/** A positive integer from its big-endian bytes. */
export const integer = (bytes: Uint8Array): Buffer => {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start++
  const body = bytes.subarray(start)
  return der(tag.integer, body[0]! >= 0x80 ? Buffer.concat([Buffer.from([0]), body]) : body)
}

/** Whole seconds; two-digit years until 2049, as certificates want them. */
export const time = (date: Date): Buffer => {
  const text = `${date.toISOString().slice(0, 19).replaceAll(/[-:T]/g, "")}Z`
  return date.getUTCFullYear() < 2050 ? der(tag.utcTime, Buffer.from(text.slice(2))) : der(tag.generalizedTime, Buffer.from(text))
}

/** A value that was read: its whole bytes and what is inside. */
export interface DerValue {
  readonly tag: number
  readonly bytes: Buffer
  readonly body: Buffer
}

/** The values that lie one after the other in these bytes; throws on lengths that run over the end. */
export const readDer = (bytes: Buffer): ReadonlyArray<DerValue> => {
  const values: Array<DerValue> = []
  let at = 0
  while (at < bytes.length) {
    const short = bytes[at + 1] ?? 0
    const lengthBytes = short < 0x80 ? 0 : short & 0x7f
    const start = at + 2 + lengthBytes
    const size = lengthBytes === 0 ? short : bytes.readUIntBE(at + 2, lengthBytes)
    if (start + size > bytes.length) throw new RangeError("a DER value ends after its container")
    values.push({ tag: bytes[at]!, bytes: bytes.subarray(at, start + size), body: bytes.subarray(start, start + size) })
    at = start + size
  }
  return values
}
