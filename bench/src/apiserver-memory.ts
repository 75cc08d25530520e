/** Holds many pods in an API server over the memory store and prints how many megabytes the process takes. @module */
import { Apiserver, layer } from "@tsukube/apiserver"
import { makeMemory, Store } from "@tsukube/store"
import { Context, Effect, Layer, Scope } from "effect"
import { podText } from "./apiserver-pod.ts"

const count = Number(process.argv[2] ?? 150_000)
const store = makeMemory()
for (let i = 0; i < count; i++) {
  const name = `pod-${String(i).padStart(6, "0")}`
  await Effect.runPromise(
    store.commit([{ key: `/registry/core/pods/default/${name}`, value: podText(name, `node-${i % 5000}`) }])
  )
}
await Effect.runPromise(Effect.flatMap(store.revision, store.compact))
const built = Layer.buildWithScope(layer().pipe(Layer.provide(Layer.succeed(Store, store))), Scope.makeUnsafe())
const apiserver = Context.get(await Effect.runPromise(built), Apiserver)
const fetch = apiserver.fetchAs({ name: "bench", groups: ["system:masters"] })
// Once by a field, which looks into every object, and once whole.
await (await fetch(new Request("https://x/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-7"))).text()
Bun.gc(true)
console.log(Math.round(process.memoryUsage().rss / 1e6))
process.exit()
