/** Sends many random requests to a server of its own and checks what must always hold: never a 5xx, nothing written on a refusal, memory flat. @module */
import { makeMemory, Store } from "@tsukube/store"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { Apiserver, layer } from "../apiserver.ts"
import { randomOf } from "./objects.ts"
import { type FuzzRequest, nextRequest } from "./requests.ts"

/** How the run went. */
export interface FuzzReport {
  readonly seed: number
  readonly requests: number
  /** Answers by their code. */
  readonly codes: Readonly<Record<string, number>>
  readonly complaints: ReadonlyArray<string>
  /** Bytes of the heap after a fifth of the requests, and at the end. */
  readonly heap: readonly [early: number, late: number]
  /** Objects stored at the same two moments: with generated names they grow more, and memory with them. */
  readonly objects: readonly [early: number, late: number]
  /** Writes until the same two moments. Of each resource the last few thousand are kept for watches that begin in the past. */
  readonly writes: readonly [early: number, late: number]
  readonly milliseconds: number
}

const complaintLimit = 5
const shown = 2000

const admin = { name: "fuzz", groups: ["system:masters", "system:authenticated"] }

const show = ({ method, path, headers, body }: FuzzRequest): string =>
  `${method} ${path} ${JSON.stringify(headers)}\n${body === undefined ? "" : (typeof body === "string" ? body : Buffer.from(body).toString("base64")).slice(0, shown)}`

/** A watch would go on: it is left as soon as it has begun. */
const answerOf = async (path: string, response: Response): Promise<string> => {
  if (!path.includes("watch=true") || response.status !== 200) return response.text()
  await response.body?.cancel()
  return ""
}

const heapNow = (): number => {
  globalThis.gc?.()
  if (typeof Bun !== "undefined") Bun.gc(true)
  return process.memoryUsage().heapUsed
}

/** Runs until `requests` are answered or something is wrong. `progress` is called every 10,000. */
export const fuzz = async (
  options: { readonly seed: number; readonly requests: number },
  progress: (done: number) => void = () => {}
): Promise<FuzzReport> => {
  const { seed, requests } = options
  const random = randomOf(seed)
  const store = makeMemory()
  const scope = Scope.makeUnsafe()
  const built = Layer.buildWithScope(
    layer({ disableAdmissionPlugins: ["ServiceAccount"] }).pipe(Layer.provide(Layer.succeed(Store, store))),
    scope
  )
  const apiserver = Context.get(await Effect.runPromise(built), Apiserver)
  const fetch = apiserver.fetchAs(admin)
  const revision = (): Promise<bigint> => Effect.runPromise(store.revision)
  const codes: Record<string, number> = {}
  const complaints: Array<string> = []
  const objectsNow = async (): Promise<number> =>
    (await Effect.runPromise(store.list({ prefix: "/registry/" }, { limit: 1 }))).remaining + 1
  let early = 0
  let objectsEarly = 0
  let writesEarly = 0
  const start = performance.now()
  let done = 0
  for (; done < requests && complaints.length < complaintLimit; done++) {
    const request = nextRequest(random)
    const { method, path, headers, body } = request
    const before = await revision()
    const response = await fetch(
      new Request(`https://fuzz${path}`, { method, headers, ...(body === undefined || method === "GET" ? {} : { body }) })
    )
    const text = await answerOf(path, response)
    codes[response.status] = (codes[response.status] ?? 0) + 1
    if (response.status >= 500) complaints.push(`${response.status} ${text}\n${show(request)}`)
    else if (response.status >= 400 && (await revision()) !== before) {
      complaints.push(`${response.status}, and yet something was written: ${text}\n${show(request)}`)
    }
    if (done === Math.floor(requests / 5)) {
      early = heapNow()
      objectsEarly = await objectsNow()
      writesEarly = Number(await revision())
    }
    if (done > 0 && done % 10_000 === 0) {
      progress(done)
      // The log of a store grows by design; a cluster compacts it.
      await Effect.runPromise(Effect.flatMap(store.revision, store.compact))
    }
  }
  const milliseconds = performance.now() - start
  const late = heapNow()
  const objectsLate = await objectsNow()
  const writesLate = Number(await revision())
  await Effect.runPromise(Scope.close(scope, Exit.void))
  const objects = [objectsEarly, objectsLate] as const
  return {
    seed,
    requests: done,
    codes,
    complaints,
    heap: [early, late],
    objects,
    writes: [writesEarly, writesLate],
    milliseconds
  }
}
