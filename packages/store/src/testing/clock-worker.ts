/** A process whose wall clock is set while its stores have keys that expire and history that ages; says at the end what is left. @module */
import { Context, Effect, Layer, Stream } from "effect"
import { layerMemory } from "../memory.ts"
import { layerPostgres } from "../postgres/mod.ts"
import { Store } from "../store.ts"
import { settableClock } from "./set-clock.ts"

const [kind = "", url = "", schema = "", library = "", file = ""] = process.argv.slice(2)
const longMs = 600_000
const layer =
  kind === "memory" ? layerMemory : layerPostgres({ url, schema, compaction: { keepMs: longMs, keepRevisions: 1_000_000 } })

const program = Effect.gen(function* () {
  const store = Context.get(yield* Layer.build(layer), Store)
  const clock = settableClock(library, file)
  const yearOf = () => new Date().getUTCFullYear()
  const now = yearOf()
  const lease = yield* store.leases.grant(longMs)
  yield* store.commit([{ key: "/lease", value: "1", lease }])
  yield* store.commit([{ key: "/long", value: "1", ttlMs: longMs }])
  for (let i = 0; i < 5; i++) yield* store.commit([{ key: "/history", value: String(i) }])
  // Its age counts from when it is looked at.
  yield* Effect.sleep(1_000)
  const years: Array<number> = []
  for (const days of [800, -800]) {
    const key = `/short/${days}`
    const created = yield* store.commit([{ key, value: "1", ttlMs: 300 }])
    clock.set(days)
    years.push(yearOf() - now)
    // A key set before the step and one set after it still end by themselves.
    const later = `/later/${days}`
    yield* store.commit([{ key: later, value: "1", ttlMs: 300 }])
    const gone = new Set<string>()
    yield* store.watch({ prefix: "/" }, created).pipe(
      Stream.takeUntil((commit) => {
        for (const change of commit) if (change.value === undefined) gone.add(change.key)
        return gone.has(key) && gone.has(later)
      }),
      Stream.runDrain,
      Effect.timeout("20 seconds")
    )
    // Long enough for everything that looks at clocks to have looked.
    yield* Effect.sleep(1_500)
  }
  yield* store.leases.keepAlive(lease)
  const oldest = yield* Effect.match(store.list({ prefix: "" }, { at: 2n }), {
    onSuccess: () => "kept",
    onFailure: (error) => error._tag
  })
  const keys = (yield* store.list({ prefix: "" })).entries.map(({ key }) => key)
  console.log(JSON.stringify({ years, oldest, keys }))
})
await Effect.runPromise(Effect.scoped(program))
