/**
 * A process of the torture test, to be killed: writes and reads as several clients, or watches, and says on standard output what it begins (`I`),
 * what was acknowledged (`A`), refused (`C`) or left unanswered (`E`), what it read (`R`) and what it saw (`W`).
 * @module
 */
import { Context, Effect, Layer, Schedule, Stream } from "effect"
import { layerPglite } from "../pglite.ts"
import { layerPostgres } from "../postgres/mod.ts"
import { Store, type Write } from "../store.ts"
import { randomOf } from "./random.ts"

const [role = "", place = "", schema = "", name = "", seed = "0", after = "1"] = process.argv.slice(2)
const clients = 6
const keys = 24

/** One write to the pipe a line: what was written is there for the reader, however suddenly we end. */
const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

const now = (): string => (performance.timeOrigin + performance.now()).toFixed(3)

const write = (store: Store, client: number) =>
  Effect.gen(function* () {
    const random = randomOf(Number(seed) * 100 + client)
    let acknowledged = 0n
    for (let n = 0; ; n++) {
      const key = `/k/${Math.floor(random() * keys)}`
      const id = `${name}.${client}.${n}`
      const dice = random()
      const floor = acknowledged
      const begun = now()
      const read = yield* Effect.result(store.get(key))
      if (read._tag === "Failure") {
        yield* Effect.sleep(5)
        continue
      }
      say(`R ${floor} ${key} ${read.success?.revision ?? 0n} ${begun}`)
      const expected = read.success?.revision ?? 0n
      const writes: ReadonlyArray<Write> =
        dice < 0.15
          ? [{ key, value: undefined, expected }]
          : dice < 0.3
            ? [
                { key, value: id, expected },
                { key: `/pair/${client}`, value: id }
              ]
            : dice < 0.45
              ? [{ key, value: id }]
              : [{ key, value: id, expected }]
      say(
        `I ${id} ${now()} ${JSON.stringify(writes.map(({ key, value, expected }) => [key, value ?? null, String(expected ?? -1n)]))}`
      )
      const answer = yield* Effect.result(store.commit(writes))
      if (answer._tag === "Success") {
        say(`A ${id} ${answer.success} ${now()}`)
        if (answer.success > acknowledged) acknowledged = answer.success
      } else if (answer.failure._tag === "Conflict") say(`C ${id} ${answer.failure.key} ${answer.failure.current}`)
      else {
        say(`E ${id} ${answer.failure.reason}`)
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
          const changes = commit.map((change) => [change.key, change.value ?? null, String(change.previousRevision)])
          say(`W ${last} ${JSON.stringify(changes)}`)
        })
      )
    )
    return Effect.retry(once, { while: (error) => error._tag === "StoreError", schedule: Schedule.spaced(20) })
  })

const layer = role === "pglite" ? layerPglite({ dataDir: place, schema }) : layerPostgres({ url: place, schema })
const program = Effect.gen(function* () {
  const context = yield* Effect.retry(Layer.build(Layer.fresh(layer)), { schedule: Schedule.spaced(20), times: 500 })
  const store = Context.get(context, Store)
  say("UP")
  if (role === "watch") yield* watch(store)
  else
    yield* Effect.all(
      Array.from({ length: clients }, (_, client) => write(store, client)),
      { concurrency: "unbounded" }
    )
})
await Effect.runPromise(Effect.scoped(program))
