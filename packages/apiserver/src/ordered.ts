/** The objects of a bucket in key order, in chunks: a new one moves few others, and a list of all is a copy of the chunks' bytes. @module */
import type { StoredObject } from "./stored.ts"

/** A chunk that grows beyond this is cut in two. */
const chunkLimit = 128

interface Chunk {
  /** Never empty. */
  objects: Array<StoredObject>
  /** The texts, each behind a comma; absent when nobody listed the chunk since it changed. */
  bytes: Uint8Array | undefined
}

const encoder = new TextEncoder()

const encode = (objects: ReadonlyArray<StoredObject>): Uint8Array => {
  let text = ""
  for (const object of objects) text += `,${object.text}`
  return encoder.encode(text)
}

/** Keeps the bytes of chunks that were listed, the oldest no longer than there is room. */
export class ChunkBytes {
  readonly #kept: Set<Chunk> = new Set()
  readonly #limitBytes: number
  #bytes = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  of(chunk: Chunk): Uint8Array {
    if (chunk.bytes !== undefined) return chunk.bytes
    const bytes = encode(chunk.objects)
    chunk.bytes = bytes
    this.#kept.add(chunk)
    this.#bytes += bytes.byteLength
    for (const oldest of this.#kept) {
      if (this.#bytes <= this.#limitBytes) break
      this.forget(oldest)
    }
    return bytes
  }

  forget(chunk: Chunk): void {
    if (chunk.bytes === undefined) return
    this.#bytes -= chunk.bytes.byteLength
    chunk.bytes = undefined
    this.#kept.delete(chunk)
  }
}

/** First index whose key is not below `key`. */
const lowerBound = (objects: ReadonlyArray<StoredObject>, key: string): number => {
  let low = 0
  let high = objects.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (objects[middle]!.key < key) low = middle + 1
    else high = middle
  }
  return low
}

export class OrderedObjects {
  #chunks: Array<Chunk> = []
  readonly #bytes: ChunkBytes

  constructor(bytes: ChunkBytes) {
    this.#bytes = bytes
  }

  /** Takes the place of all there was; `objects` come in key order. */
  load(objects: ReadonlyArray<StoredObject>): void {
    for (const chunk of this.#chunks) this.#bytes.forget(chunk)
    this.#chunks = []
    for (let i = 0; i < objects.length; i += chunkLimit) {
      this.#chunks.push({ objects: objects.slice(i, i + chunkLimit), bytes: undefined })
    }
  }

  put(object: StoredObject): void {
    const index = this.#chunkOf(object.key)
    const chunk = this.#chunks[index]
    if (chunk === undefined) {
      this.#chunks.push({ objects: [object], bytes: undefined })
      return
    }
    this.#bytes.forget(chunk)
    const { objects } = chunk
    const at = lowerBound(objects, object.key)
    if (objects[at]?.key === object.key) {
      objects[at] = object
      return
    }
    objects.splice(at, 0, object)
    if (objects.length <= chunkLimit) return
    // Names that only ever grow would leave half-full chunks behind: the last chunk is cut at its end.
    const cut = index === this.#chunks.length - 1 && at === chunkLimit ? chunkLimit : chunkLimit >>> 1
    this.#chunks.splice(index + 1, 0, { objects: objects.splice(cut), bytes: undefined })
  }

  delete(key: string): void {
    const index = this.#chunkOf(key)
    const chunk = this.#chunks[index]
    if (chunk === undefined) return
    const at = lowerBound(chunk.objects, key)
    if (chunk.objects[at]?.key !== key) return
    this.#bytes.forget(chunk)
    chunk.objects.splice(at, 1)
    if (chunk.objects.length === 0) this.#chunks.splice(index, 1)
  }

  /** Objects whose keys start with `prefix`, in key order, from `start` on. */
  *range(prefix: string, start: string): Generator<StoredObject> {
    const from = start < prefix ? prefix : start
    for (let index = this.#chunkOf(from); index < this.#chunks.length; index++) {
      const { objects } = this.#chunks[index]!
      for (let at = lowerBound(objects, from); at < objects.length; at++) {
        const object = objects[at]!
        if (!object.key.startsWith(prefix)) return
        yield object
      }
    }
  }

  /** The texts of the objects whose keys start with `prefix`, in key order, each behind a comma. The bytes are shared: never mutate them. */
  encoded(prefix: string): Array<Uint8Array> {
    const pieces: Array<Uint8Array> = []
    for (let index = this.#chunkOf(prefix); index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index]!
      const { objects } = chunk
      const first = objects[0]!.key.startsWith(prefix)
      const last = objects[objects.length - 1]!.key.startsWith(prefix)
      if (first && last) pieces.push(this.#bytes.of(chunk))
      else {
        const some = objects.filter(({ key }) => key.startsWith(prefix))
        if (some.length > 0) pieces.push(encode(some))
        // Beyond the first chunk the range has begun, so this is its end.
        if (!last && objects[objects.length - 1]!.key > prefix) break
      }
    }
    return pieces
  }

  /** Index of the chunk where a key is or would be; 0 when there is none. */
  #chunkOf(key: string): number {
    let low = 0
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#chunks[middle]!.objects[0]!.key <= key) low = middle + 1
      else high = middle
    }
    return Math.max(0, low - 1)
  }
}
