/** The frames of SPDY/3.1: how they begin, how they are written, how a stream of bytes is cut into them. @module */

/** Types of control frames that matter here. */
export const frameTypes = { open: 1, reply: 2, reset: 3, settings: 4, ping: 6, goAway: 7, headers: 8 } as const
/** The sender has closed its half of the stream. */
export const flagFin = 1
/** Data is cut into frames of at most this size, so that streams take turns. */
export const frameLimit: number = 32 * 1024
/** A frame that claims to be larger is none that a client of Kubernetes sends. */
const incomingLimit = 4 * 1024 * 1024

/** A frame: of data when `type` is absent. */
export interface Frame {
  readonly type?: number
  /** Of data frames. */
  readonly streamId: number
  readonly flags: number
  readonly payload: Buffer
  /** The whole frame, head included. */
  readonly bytes: Buffer
}

/** Cuts what comes in into frames. Throws a `RangeError` when it is no SPDY. */
export const makeFrameReader = (): ((chunk: Buffer) => ReadonlyArray<Frame>) => {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const frames: Array<Frame> = []
    let start = 0
    while (bytes.length - start >= 8) {
      const length = 8 + (bytes.readUInt32BE(start + 4) & 0xffffff)
      if (length > incomingLimit) throw new RangeError(`a frame of ${length} bytes`)
      if (bytes.length - start < length) break
      frames.push(frameOf(bytes.subarray(start, start + length)))
      start += length
    }
    rest = bytes.subarray(start)
    return frames
  }
}

const frameOf = (bytes: Buffer): Frame => {
  const word = bytes.readUInt32BE(0)
  const flags = bytes.readUInt8(4)
  const payload = bytes.subarray(8)
  return word >>> 31 === 0
    ? { streamId: word, flags, payload, bytes }
    : { type: word & 0xffff, streamId: 0, flags, payload, bytes }
}

/** A control frame. */
export const controlFrame = (type: number, payload: Buffer, flags: number = 0): Buffer => {
  const header = Buffer.alloc(8)
  header.writeUInt32BE(0x80030000 + type, 0)
  header.writeUInt32BE(flags * 0x1000000 + payload.length, 4)
  return Buffer.concat([header, payload])
}

/** A data frame. */
export const dataFrame = (id: number, flags: number, payload: Uint8Array): Buffer => {
  const header = Buffer.alloc(8)
  header.writeUInt32BE(id, 0)
  header.writeUInt32BE(flags * 0x1000000 + payload.length, 4)
  return Buffer.concat([header, payload])
}

/** An empty stored block: readers hand out what they have when they meet it, instead of waiting for the next block. */
const flush = Buffer.from([0, 0, 0, 0xff, 0xff])

/** Headers are one zlib stream over all frames. Blocks stored as they are need no compressor, and no shared dictionary. */
export const headerBlock = (headers: Readonly<Record<string, string>>, isFirst: boolean): Buffer => {
  const parts: Array<Buffer> = [uint32(Object.keys(headers).length)]
  for (const [name, value] of Object.entries(headers)) {
    for (const text of [name, value]) parts.push(uint32(Buffer.byteLength(text)), Buffer.from(text))
  }
  const plain = Buffer.concat(parts)
  const stored = Buffer.alloc(5)
  stored.writeUInt16LE(plain.length, 1)
  stored.writeUInt16LE(plain.length ^ 0xffff, 3)
  return Buffer.concat([isFirst ? Buffer.from([0x78, 0x01]) : Buffer.alloc(0), stored, plain, flush])
}

/** Four bytes, the highest first. */
export const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
