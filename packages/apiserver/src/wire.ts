/** What the listening servers and the answers tell each other beside the web's objects, so that bytes need not go through streams and promises. @module */

/** Where a server writes what a client is to get. */
export interface Sink {
  /** False: write no more until `drained`. */
  readonly write: (bytes: Uint8Array) => boolean
  readonly end: () => void
}

/** An answer that goes on: it writes by itself, and as long as it likes. */
export interface LiveBody {
  /** Begins to write. */
  readonly attach: (sink: Sink) => void
  /** There is room again. */
  readonly drained: () => void
  /** The client is gone, or the server ends. */
  readonly cancel: () => void
}

/** An answer's bytes in pieces, some of them shared with other answers; or one that goes on. */
export type WireBody = ReadonlyArray<Uint8Array> | LiveBody

const fromSockets = new WeakSet<Request>()
const bodies = new WeakMap<Response, WireBody>()

/** Says that a request came from a socket, and that whoever sends the answer looks for its wire body. */
export const markFromSocket = (request: Request): void => void fromSockets.add(request)

/** Whether the answer to a request may have a wire body instead of one of its own. */
export const isFromSocket = (request: Request): boolean => fromSockets.has(request)

/** A response without a body of its own: for requests from sockets only. */
export const wireResponse = (body: WireBody, init: { readonly status: number; readonly headers: Headers }): Response => {
  const response = new Response(null, init)
  bodies.set(response, body)
  return response
}

/** What is to be sent for a response instead of its own body. */
export const wireBodyOf = (response: Response): WireBody | undefined => bodies.get(response)
