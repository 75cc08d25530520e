/** Reads the keys of an etcd: from the JSON of `etcdctl get --prefix "" -w json`, or live from its JSON gateway. @module */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type Entry, StoreError } from "./store.ts"

/** A key and value of etcd, as its JSON has them: base64. */
interface EtcdPair {
  readonly key: string
  readonly value?: string
}

interface EtcdAnswer {
  readonly header?: { readonly revision?: string | number }
  readonly kvs?: ReadonlyArray<EtcdPair>
  readonly more?: boolean
}

const pageLimit = 500
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const rejected = (message: string): StoreError => new StoreError({ reason: "Rejected", retryable: false, message })

const textOf = (base64: string, what: string): string => {
  try {
    const text = utf8.decode(Buffer.from(base64, "base64"))
    if (!text.includes("\0")) return text
  } catch {}
  throw rejected(
    `${what} is not text: binary values (Kubernetes' protobuf) cannot be kept; let the API server store JSON first (--storage-media-type=application/json)`
  )
}

const entryOf = ({ key, value = "" }: EtcdPair): Pick<Entry, "key" | "value"> => {
  const name = textOf(key, `the key ${key} (base64)`)
  return { key: name, value: textOf(value, `the value of ${name}`) }
}

const entriesOf = (answer: EtcdAnswer): Effect.Effect<ReadonlyArray<Pick<Entry, "key" | "value">>, StoreError> =>
  Effect.try({
    try: () => (answer.kvs ?? []).map(entryOf),
    catch: (error) => (error instanceof StoreError ? error : rejected(String(error)))
  })

/** The entries in the text that `etcdctl get --prefix "" -w json` prints. */
export const entriesOfExport = (text: string): Effect.Effect<ReadonlyArray<Pick<Entry, "key" | "value">>, StoreError> =>
  Effect.flatMap(
    Effect.try({
      try: (): EtcdAnswer => JSON.parse(text),
      catch: () => rejected('this is not the JSON of etcdctl get --prefix "" -w json')
    }),
    entriesOf
  )

/** The entries of a live etcd, all at one revision, through its JSON gateway (`http://host:2379`, etcd 3.4 or newer). */
export const entriesOfGateway = (url: string): Stream.Stream<Pick<Entry, "key" | "value">, StoreError> => {
  const ask = (question: Record<string, unknown>): Effect.Effect<EtcdAnswer, StoreError> =>
    Effect.tryPromise({
      try: async (signal) => {
        const response = await fetch(new URL("/v3/kv/range", url), { method: "POST", body: JSON.stringify(question), signal })
        if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
        return (await response.json()) as EtcdAnswer
      },
      catch: (cause) =>
        new StoreError({
          reason: "Unavailable",
          retryable: true,
          message: `etcd at ${url} does not answer: ${String(cause)}`,
          cause
        })
    })
  const nul = Buffer.from("\0").toString("base64")
  const pages = (from: string, revision: string): Stream.Stream<Pick<Entry, "key" | "value">, StoreError> =>
    Stream.unwrap(
      Effect.gen(function* () {
        // From a key to a range end of NUL means: to the last key.
        const answer = yield* ask({ key: from, range_end: nul, limit: pageLimit, revision })
        const here = Stream.fromIterable(yield* entriesOf(answer))
        const last = answer.kvs?.at(-1)?.key
        if (answer.more !== true || last === undefined) return here
        const next = Buffer.concat([Buffer.from(last, "base64"), Buffer.from([0])]).toString("base64")
        const at = revision === "0" ? String(answer.header?.revision ?? 0) : revision
        return Stream.concat(
          here,
          Stream.suspend(() => pages(next, at))
        )
      })
    )
  return pages(nul, "0")
}
