/**
 * What the API server could cost at least: Hono handlers that only send, spread or store bytes that were made before, on the very
 * server that the API server listens with (TLS, HTTP/2, client certificates). They share nothing with it but that.
 * @module
 */
import type { Store } from "@tsukube/store"
import { Effect } from "effect"
import { Hono } from "hono"

export type Handler = { readonly fetch: (request: Request) => Promise<Response> }

const json = { "content-type": "application/json" }

const handlerOf = (app: Hono): Handler => ({ fetch: async (request) => app.fetch(request) })

/** Sends the given bytes for each path. */
export const bareReads = (answers: ReadonlyMap<string, Uint8Array<ArrayBuffer>>): Handler => {
  const app = new Hono()
  for (const [path, bytes] of answers) app.get(path, () => new Response(bytes, { headers: json }))
  return handlerOf(app)
}

/** Keeps every GET open, and writes one frame to all of them on each POST, which it answers with the object. */
export const bareFanOut = (path: string, frame: Uint8Array, object: Uint8Array<ArrayBuffer>): Handler => {
  const controllers = new Set<ReadableStreamDefaultController<Uint8Array>>()
  const watched = (): Response => {
    let mine: ReadableStreamDefaultController<Uint8Array>
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          mine = controller
          controllers.add(controller)
        },
        cancel: () => void controllers.delete(mine)
      },
      { highWaterMark: 0 }
    )
    return new Response(body, { headers: json })
  }
  const app = new Hono()
  app.get(path, watched)
  app.post(path, async (c) => {
    await c.req.arrayBuffer()
    for (const controller of controllers) controller.enqueue(frame)
    return new Response(object, { status: 201, headers: json })
  })
  return handlerOf(app)
}

/** What is stored for a pod: `text` under another name. */
export const underName = (text: string, name: string): string => text.replace('"name":"first"', `"name":"${name}"`)

/** Stores a text for every POST, of the size that the API server stores, under the name that the body gives; nothing is looked at besides. */
export const bareCreates = (path: string, store: Store, text: string): Handler => {
  const app = new Hono()
  app.post(path, async (c) => {
    const { metadata } = (await c.req.json()) as { metadata: { name: string } }
    const value = underName(text, metadata.name)
    await Effect.runPromise(store.commit([{ key: `/registry/core/pods/default/${metadata.name}`, value, expected: 0n }]))
    return new Response(value, { status: 201, headers: json })
  })
  return handlerOf(app)
}
