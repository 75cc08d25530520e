/** Turns the body of a watch, one JSON document a line, into a stream of events. @module */
import { StatusError } from "@tsukube/api"
import type { Status } from "@tsukube/api/meta-v1"
import { Cause, Effect, Stream } from "effect"
import { type ClientError, messageOf, TransportError } from "./transport.ts"

/**
 * One change of one object. `DELETED` carries its last state, with the revision of the deletion. A `BOOKMARK` has an object
 * with nothing but `metadata.resourceVersion`: everything up to it has been seen.
 */
export interface WatchEvent<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK"
  readonly object: T
}

/** Cuts bytes that arrive in pieces into lines; a piece may end inside a line, or inside a character. */
export class LineSplitter {
  readonly #decoder = new TextDecoder()
  #pending: Array<string> = []

  /** The lines that this piece completes, without their line ends. */
  push(piece: Uint8Array): Array<string> {
    return this.#cut(this.#decoder.decode(piece, { stream: true }))
  }

  /** What is left when the bytes end: empty after a proper last line. */
  end(): string {
    this.#pending.push(this.#decoder.decode())
    const rest = this.#pending.join("")
    this.#pending = []
    return rest
  }

  // Only the new text is searched: a long line in many pieces must not be read again for each of them.
  #cut(text: string): Array<string> {
    const lines: Array<string> = []
    let from = 0
    for (let to = text.indexOf("\n"); to !== -1; to = text.indexOf("\n", from)) {
      this.#pending.push(text.slice(from, to))
      lines.push(this.#pending.length === 1 ? this.#pending[0]! : this.#pending.join(""))
      this.#pending = []
      from = to + 1
    }
    if (from < text.length) this.#pending.push(from === 0 ? text : text.slice(from))
    return lines
  }
}

/** The event of one line; an `ERROR` event is the server's reason to end the watch. */
export const parseWatchLine = <T>(line: string): WatchEvent<T> | ClientError => {
  let event: { readonly type?: unknown; readonly object?: unknown }
  try {
    event = JSON.parse(line)
  } catch (cause) {
    return new TransportError({ message: `watch: not an event: ${messageOf(cause)}`, cause })
  }
  switch (event.type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
    case "BOOKMARK":
      return event as WatchEvent<T>
    case "ERROR":
      return new StatusError({ status: event.object as Status })
    default:
      return new TransportError({ message: `watch: unknown event type ${JSON.stringify(event.type)}` })
  }
}

/**
 * The events of an open watch; ends when the server ends it, cancels the body when the stream is left. Events arrive in
 * arrays, as many as a piece of the body held, and the body is read only as fast as the stream is pulled.
 */
export const eventsOf = <T>(response: Effect.Effect<Response, ClientError>): Stream.Stream<WatchEvent<T>, ClientError> =>
  Stream.unwrap(
    Effect.map(
      Effect.acquireRelease(Effect.map(response, readerOf), (reader) => Effect.promise(() => reader.cancel().catch(() => {})), {
        interruptible: true
      }),
      (reader) => Stream.fromPull(Effect.sync(() => pullFrom<T>(reader)))
    )
  )

type Reader = ReadableStreamDefaultReader<Uint8Array>

const readerOf = (response: Response): Reader => (response.body ?? new Blob([]).stream()).getReader() as Reader

const pullFrom = <T>(reader: Reader) => {
  const lines = new LineSplitter()
  let failure: ClientError | undefined
  const read = Effect.tryPromise({
    try: () => reader.read(),
    catch: (cause) => new TransportError({ message: `watch: ${messageOf(cause)}`, cause })
  })
  const pull: Effect.Effect<[WatchEvent<T>, ...Array<WatchEvent<T>>], ClientError | Cause.Done<void>> = Effect.suspend(() =>
    failure === undefined ? Effect.flatMap(read, take) : Effect.fail(failure)
  )
  const take = ({ done, value }: { readonly done: boolean; readonly value?: Uint8Array | undefined }): typeof pull => {
    if (done) {
      if (lines.end().trim() === "") return Cause.done()
      return Effect.fail(new TransportError({ message: "watch: the connection broke in the middle of an event" }))
    }
    const events: Array<WatchEvent<T>> = []
    for (const line of lines.push(value!)) {
      if (line === "" || line === "\r") continue
      const event = parseWatchLine<T>(line)
      if ("_tag" in event) {
        failure = event
        break
      }
      events.push(event)
    }
    const [first, ...rest] = events
    return first === undefined ? pull : Effect.succeed([first, ...rest])
  }
  return pull
}
