import { expect, test } from "bun:test"
import { makeMemory, Store } from "@tsukube/store"
import { effect, eventually } from "@tsukube/testing"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Apiserver, layer } from "./apiserver.ts"
import { type Answer, admin } from "./testing/server.ts"

test(
  "an event is there for an hour after it last happened, and then no more",
  effect(() =>
    Effect.gen(function* () {
      const fetch = (yield* Apiserver).fetchAs(admin)
      const send = (method: string, path: string, body?: object): Promise<Answer> =>
        fetch(
          new Request(`http://localhost/api/v1/namespaces/default/events${path}`, {
            method,
            ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } })
          })
        ).then((response) => response.json())
      const involvedObject = { kind: "Pod", namespace: "default", name: "x" }
      yield* Effect.promise(() => send("POST", "", { metadata: { name: "news" }, involvedObject, reason: "A" }))
      yield* TestClock.adjust("50 minutes")
      expect((yield* Effect.promise(() => send("GET", ""))).items).toHaveLength(1)
      yield* TestClock.adjust("15 minutes")
      yield* Effect.promise(() => eventually(async () => (await send("GET", "")).items.length === 0, { what: "the event's end" }))
    }).pipe(Effect.provide(Layer.fresh(layer()).pipe(Layer.provide(Layer.succeed(Store, makeMemory())))))
  )
)
