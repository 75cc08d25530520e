/** A process of the torture test, to be killed: writes and reads as several clients, or watches, and says on standard output what it does. @module */
import { writeSync } from "node:fs"
import { Context, Effect, Layer, Schedule, Stream } from "effect"
import { layerCached } from "../cache.ts"
import { layerPglite } from "../pglite.ts"
import { layerPostgres } from "../postgres/mod.ts"
import { Store, type Write } from "../store.ts"
import { machineMs } from "./machine-clock.ts"
import { randomOf } from "./random.ts"
import { callOf, type Said, sawOf } from "./torture-history.ts"

const [role = "", kind = "", place = "", schema = "", name = "", seed = "0", after = "1"] = process.argv.slice(2)
const clients = 6
const keys = 24

/** What was written to the pipe is there for the reader, however suddenly we end. */
const say = (said: Said): void => {
  const line = Buffer.from(`${JSON.stringify(said)}\n`)
  for (let sent = 0; sent < line.length; ) {
    try {
      sent += writeSync(1, line, sent)
    } catch (error) {
      // The pipe is full for the moment.
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error
    }
  }
}

/** Creations, updates and deletions by revision, blind ones, and commits of two keys; each value is written once in a life. */
const choose = (random: () => number, key: string, id: string, client: number, current: bigint): ReadonlyArray<Write> => {
  const mark: Write = { key: `/pair/${name}/${client}`, value: id }
  const dice = random()
  if (dice < 0.12) return [{ key, value: undefined, expected: current }]
  if (dice < 0.18) return [{ key, value: undefined, expected: current }, mark]
  if (dice < 0.22) return [{ key, value: undefined }, mark]
  if (dice < 0.32) return [{ key, value: id, expected: current }, mark]
  return dice < 0.45 ? [{ key, value: id }] : [{ key, value: id, expected: current }]
}

const write = (store: Store, client: number) =>
  Effect.gen(function* () {
    const random = randomOf(Number(seed) * 100 + client)
    for (let n = 0; ; n++) {
      const key = `/k/${Math.floor(random() * keys)}`
      const id = `${name}.${client}.${n}`
      const begin = machineMs()
      const read = yield* Effect.result(store.get(key))
      if (read._tag === "Failure") {
        yield* Effect.sleep(5)
        continue
      }
      const revision = read.success?.revision ?? 0n
      say(["read", key, begin, machineMs(), Number(revision), read.success?.value ?? null])
      const writes = choose(random, key, id, client, revision)
      say(callOf(id, machineMs(), writes))
      const answer = yield* Effect.result(store.commit(writes))
      const atMs = machineMs()
      if (answer._tag === "Success") say(["done", id, atMs, Number(answer.success)])
      else if (answer.failure._tag === "Conflict") say(["conflict", id, atMs, answer.failure.key, Number(answer.failure.current)])
      else {
        say(["failed", id, atMs, answer.failure.reason])
        yield* Effect.sleep(5)
      }
    }
  })

const watch = (store: Store) =>
  Effect.suspend(() => {
    let last = BigInt(after)
    const once = Effect.suspend(() =>
      Stream.runForEach(store.watch({ prefix: "" }, last), (commit) =>
        Effect.sync(() => {
          last = commit[0]?.revision ?? last
          say(sawOf(commit))
        })
      )
    )
    return Effect.retry(once, { while: (error) => error._tag === "StoreError", schedule: Schedule.spaced(20) })
  })

const plain = kind === "pglite" ? layerPglite({ dataDir: place, schema }) : layerPostgres({ url: place, schema })
const layer = kind === "cached" ? layerCached(plain) : plain
const program = Effect.gen(function* () {
  const context = yield* Effect.retry(Layer.build(Layer.fresh(layer)), { schedule: Schedule.spaced(20), times: 500 })
  const store = Context.get(context, Store)
  say(["up"])
  if (role === "watch") yield* watch(store)
  else
    yield* Effect.all(
      Array.from({ length: clients }, (_, client) => write(store, client)),
      { concurrency: "unbounded" }
    )
})
await Effect.runPromise(Effect.scoped(program))
