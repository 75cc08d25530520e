/** A whole server in memory for the tests of this package, with verbs as short as kubectl's. @module */
import type { KubernetesObject } from "@tsukube/api"
import { layerMemory, type Store } from "@tsukube/store"
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { Apiserver, layer } from "../apiserver.ts"
import type { ApiserverOptions } from "../options.ts"
import type { UserInfo } from "../request.ts"

/** May do everything. */
export const admin: UserInfo = { name: "admin", groups: ["system:masters", "system:authenticated"] }

/** Any JSON object of an answer, to look into without ceremony. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into answers whose type is what is being tested
export type Answer = any

/** Sends requests as one user and reads the answers. */
export interface Caller {
  readonly send: (method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>) => Promise<Response>
  /** The answer's JSON; rejects unless the code is the expected one (default: any 2xx). */
  readonly json: (
    method: string,
    path: string,
    body?: unknown,
    options?: { readonly code?: number; readonly headers?: Readonly<Record<string, string>> }
  ) => Promise<Answer>
}

/** A server and its callers; `close` ends its watches. */
export interface Running extends Caller {
  readonly apiserver: Apiserver
  readonly as: (user: UserInfo) => Caller
  readonly close: () => Promise<void>
}

const callerOf = (fetch: (request: Request) => Promise<Response>): Caller => {
  const send: Caller["send"] = (method, path, body, headers = {}) =>
    fetch(
      new Request(`http://localhost${path}`, {
        method,
        headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) })
      })
    )
  return {
    send,
    json: async (method, path, body, { code, headers } = {}) => {
      const response = await send(method, path, body, headers)
      const text = await response.text()
      const wanted = code === undefined ? response.ok : response.status === code
      if (!wanted) throw new Error(`${method} ${path}: ${response.status} ${text}`)
      return JSON.parse(text)
    }
  }
}

/** Starts a server over a store; a fresh one in memory when none is given. */
export const startServer = async (
  options: ApiserverOptions = {},
  store: Layer.Layer<Store, unknown> = Layer.fresh(layerMemory)
): Promise<Running> => {
  const scope = Scope.makeUnsafe()
  const context = await Effect.runPromise(
    Layer.buildWithScope(Layer.fresh(layer(options)).pipe(Layer.provide(store)), scope) as Effect.Effect<
      Context.Context<Apiserver>,
      unknown
    >
  )
  const apiserver = Context.get(context, Apiserver)
  return {
    apiserver,
    ...callerOf(apiserver.fetchAs(admin)),
    as: (user) => callerOf(apiserver.fetchAs(user)),
    close: () => Effect.runPromise(Scope.close(scope, Exit.void))
  }
}

/** A pod that wants nothing. */
export const pod = (name: string, more: Readonly<Record<string, unknown>> = {}): KubernetesObject =>
  Object.assign(
    { kind: "Pod", apiVersion: "v1", metadata: { name } },
    { spec: { containers: [{ name: "main", image: "busybox" }] } },
    more
  )

/** A ConfigMap with one entry. */
export const configMap = (name: string, data: Readonly<Record<string, string>> = {}): KubernetesObject =>
  Object.assign({ kind: "ConfigMap", apiVersion: "v1", metadata: { name } }, { data })

/** The events of a watch, one by one. */
export const eventsOf = async function* (response: Response): AsyncGenerator<Answer, void> {
  let rest = ""
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n")
    rest = lines.pop()!
    for (const line of lines) yield JSON.parse(line)
  }
}

/** The first `count` events; the watch is left then. */
export const takeEvents = async (response: Response, count: number): Promise<ReadonlyArray<Answer>> => {
  const events: Array<Answer> = []
  if (count === 0) return events
  for await (const event of eventsOf(response)) {
    events.push(event)
    if (events.length === count) break
  }
  return events
}
