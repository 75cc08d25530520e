/** A listening process of the latency benchmark: watches, and says on standard output how long after its submission each commit was heard of. @module */
import { Store } from "@tsukube/store"
import { layerPostgres } from "@tsukube/store/postgres"
import { Effect, Stream } from "effect"

const [url = "", prefix = ""] = process.argv.slice(2)
const measured = `${prefix}measured/`
const tookMs: Array<number> = []
const listen = Effect.gen(function* () {
  const store = yield* Store
  const after = yield* store.revision
  console.log("listening")
  yield* Stream.runForEach(store.watch({ prefix }, after), ([change]) =>
    Effect.sync(() => {
      // A value begins with when it was submitted.
      if (change?.value !== undefined && change.key.startsWith(measured))
        tookMs.push(performance.timeOrigin + performance.now() - Number(change.value.slice(0, 20)))
    })
  )
})
process.stdin.once("data", () => {
  tookMs.sort((a, b) => a - b)
  const at = (share: number): number => tookMs[Math.min(tookMs.length - 1, Math.floor(tookMs.length * share))] ?? Number.NaN
  console.log(JSON.stringify({ heard: tookMs.length, p50: at(0.5), p99: at(0.99) }))
  process.exit(0)
})
await Effect.runPromise(Effect.provide(listen, layerPostgres({ url })))
