/** Lists of many objects: from the cache beside copying their bytes, and from PostgreSQL beside COPY of the same rows. @module */
import { finished } from "node:stream/promises"
import { makeCache, type Store } from "@tsukube/store"
import { Effect } from "effect"
import postgres from "postgres"
import { median } from "./measurement.ts"

const objects = 50_000
const prefix = "/listed/"
const repeats = 5

const fill = (store: Store, value: string) =>
  Effect.gen(function* () {
    if ((yield* store.count({ prefix })) === objects) return
    // Each by a commit of its own, as a cluster's objects are.
    yield* Effect.forEach(
      Array.from({ length: objects }, (_, i) => `${prefix}${String(i).padStart(6, "0")}`),
      (key) => store.commit([{ key, value }]),
      { concurrency: 512, discard: true }
    )
  })

const timesOf = async (work: () => Promise<unknown>): Promise<number> => {
  await work()
  const times: Array<number> = []
  for (let i = 0; i < repeats; i++) {
    const begun = performance.now()
    await work()
    times.push(performance.now() - begun)
  }
  return median(times)
}

/** Milliseconds that our lists take. */
export const listTimes = (store: Store, value: string): Promise<Record<"cache" | "postgres", number>> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        yield* fill(store, value)
        const cache = yield* makeCache(store)
        const list = (from: Store) => () =>
          Effect.runPromise(from.list({ prefix })).then(({ entries }) => {
            if (entries.length !== objects) throw new Error(`a list of ${entries.length} objects instead of ${objects}`)
          })
        return {
          cache: yield* Effect.promise(() => timesOf(list(cache))),
          postgres: yield* Effect.promise(() => timesOf(list(store)))
        }
      })
    )
  )

/** Milliseconds that it takes to copy the bytes of as many objects, and to COPY the same rows out of the database. */
export const copyTimes = async (host: string, store: Store, value: string): Promise<Record<"cache" | "postgres", number>> => {
  await Effect.runPromise(fill(store, value))
  const bytes = Array.from({ length: objects }, () => Buffer.from(value))
  const cache = await timesOf(async () => Buffer.concat(bytes))
  const options = { host, port: 5432, user: "postgres", database: "postgres", max: 1, onnotice: () => {} }
  const sql = postgres(options as object as postgres.Options<never>) as postgres.Sql
  const copy = `copy (select h.key, l.value, l.rev, l.create_rev from tsukube.head h join tsukube.log l on l.rev = h.rev and l.key = h.key
    where h.key >= '${prefix}' and h.key < '/listed0' and not h.deleted order by h.key) to stdout`
  await sql.unsafe("set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set work_mem = '32MB'")
  const postgresMs = await timesOf(async () => {
    let length = 0
    const rows = await sql.unsafe(copy).readable()
    // Never paused: on Bun the driver's stream sometimes does not go on afterwards.
    rows.on("data", (chunk: Buffer) => {
      length += chunk.length
    })
    await finished(rows)
    if (length < objects * value.length) throw new Error(`COPY gave ${length} bytes`)
  })
  await sql.end()
  return { cache, postgres: postgresMs }
}
