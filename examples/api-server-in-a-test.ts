/** How an operator is tested: the real API server in the same process, no port, no fake, milliseconds. @module */
import { strictEqual } from "node:assert"
import { configmaps, namespaces } from "@tsukube/api/core-v1"
import { Apiserver, layer as apiserver } from "@tsukube/apiserver"
import { makeClient } from "@tsukube/client"
import { layerMemory } from "@tsukube/store"
import { Effect, Schedule } from "effect"
import { runLabelCopier } from "./label-copier.ts"

const test = Effect.gen(function* () {
  const client = makeClient((yield* Apiserver).fetchAs({ name: "test", groups: ["system:masters"] }))
  yield* runLabelCopier(client)

  yield* client.create(namespaces, { metadata: { name: "shop", labels: { team: "fruit" } } })
  yield* client.create(configmaps, { metadata: { namespace: "shop", name: "prices" }, data: { apple: "1" } })
  const team = Effect.map(
    client.get(configmaps, { namespace: "shop", name: "prices" }),
    ({ metadata }) => metadata?.labels?.["team"]
  )
  const becomes = (wanted: string) =>
    Effect.repeat(team, { until: (now) => now === wanted, schedule: Schedule.spaced("5 millis") })

  yield* becomes("fruit")
  yield* client.patch(namespaces, { name: "shop" }, { type: "merge", body: { metadata: { labels: { team: "veg" } } } })
  yield* becomes("veg")
  strictEqual(yield* team, "veg")
  console.log("the label follows its namespace")
})
await Effect.runPromise(Effect.scoped(test).pipe(Effect.provide(apiserver()), Effect.provide(layerMemory)))
