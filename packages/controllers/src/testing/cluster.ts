/** An API server in memory with a client and caches, for the tests of loops. @module */
import { Apiserver, layer } from "@tsukube/apiserver"
import { type Client, type Informers, makeClient, makeInformers } from "@tsukube/client"
import { layerMemory } from "@tsukube/store"
import { Context, Effect, Layer, type Scope } from "effect"

/** What a loop needs. */
export interface TestCluster {
  readonly client: Client
  readonly informers: Informers
}

/** Starts one that ends with the scope. */
export const startCluster: Effect.Effect<TestCluster, unknown, Scope.Scope> = Effect.gen(function* () {
  const context = yield* Layer.build(layer().pipe(Layer.provide(layerMemory)))
  const apiserver = Context.get(context, Apiserver)
  const client = makeClient(apiserver.fetchAs({ name: "system:admin", groups: ["system:masters"] }))
  return { client, informers: yield* makeInformers(client) }
})

/** Asks until the answer is right; dies with the last answer after ten seconds. */
export const eventually = <A>(what: string, ask: Effect.Effect<A, unknown>, isRight: (answer: A) => boolean): Effect.Effect<A> =>
  Effect.gen(function* () {
    let last: unknown
    for (let attempt = 0; attempt < 500; attempt++) {
      const answer = yield* Effect.result(ask)
      if (answer._tag === "Success" && isRight(answer.success)) return answer.success
      last = answer._tag === "Success" ? answer.success : answer.failure
      yield* Effect.sleep("20 millis")
    }
    return yield* Effect.die(new Error(`${what} did not come true; last: ${String(JSON.stringify(last)).slice(0, 2000)}`))
  })
