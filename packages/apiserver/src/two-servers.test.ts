import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { makeMemory, Store } from "@tsukube/store"
import { layerPostgres } from "@tsukube/store/postgres"
import { scratchPostgres, systemPostgres } from "@tsukube/store/scratch-postgres"
import { requireTool } from "@tsukube/testing"
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { type Caller, configMap, type Running, startServer, takeEvents } from "./testing/server.ts"

const path = "/api/v1/namespaces/default/configmaps"

/** One store, as each server reaches it. */
interface Shared {
  readonly layer: Layer.Layer<Store, unknown>
  readonly compact: () => Promise<void>
}

const inMemory = async (): Promise<Shared> => {
  const store = makeMemory()
  return { layer: Layer.succeed(Store, store), compact: () => compactAll(store) }
}

/** Each server has connections of its own, as two processes would. */
const inPostgres = async (scope: Scope.Scope): Promise<Shared> => {
  const { url } = await Effect.runPromise(Scope.provide(scratchPostgres, scope))
  const layer = Layer.fresh(layerPostgres({ url }))
  const context = await Effect.runPromise(Layer.buildWithScope(layer, scope))
  return { layer, compact: () => compactAll(Context.get(context, Store)) }
}

const compactAll = (store: Store): Promise<void> => Effect.runPromise(Effect.flatMap(store.revision, store.compact))

const suite = (shared: (scope: Scope.Scope) => Promise<Shared>) => {
  const scope = Scope.makeUnsafe()
  let store: Shared
  let first: Running
  let second: Running
  beforeAll(async () => {
    store = await shared(scope)
    first = await startServer({}, store.layer)
    second = await startServer({}, store.layer)
  })
  afterAll(async () => {
    await first.close()
    await second.close()
    await Effect.runPromise(Scope.close(scope, Exit.void))
  })

  test("a watch on one server sees the writes on the other, in order", async () => {
    const response = await second.send("GET", `${path}?watch=true`)
    const names = Array.from({ length: 100 }, (_, i) => `c${String(i).padStart(3, "0")}`)
    for (const name of names) await first.json("POST", path, configMap(name))
    const events = await takeEvents(response, names.length)
    expect(events.map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual(names.map((name) => `ADDED ${name}`))
  })

  test("a watch goes on at a server that has started since, and misses nothing", async () => {
    const { metadata } = await first.json("GET", path)
    const names = ["later-1", "later-2", "later-3"]
    for (const name of names) await first.json("POST", path, configMap(name))
    await first.json("DELETE", `${path}/later-2`)
    const third = await startServer({}, store.layer)
    const watch = await third.send("GET", `${path}?watch=true&resourceVersion=${metadata.resourceVersion}`)
    const events = await takeEvents(watch, 4)
    expect(events.map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual([
      ...names.map((name) => `ADDED ${name}`),
      "DELETED later-2"
    ])
    await third.close()
  })

  test("watches on both show the same history of writes on both", async () => {
    const watches = await Promise.all([first, second].map((server) => server.send("GET", `${path}?watch=true&resourceVersion=0`)))
    const count = (await first.json("GET", path)).items.length
    const write = async (server: Caller, name: string): Promise<void> => {
      const made = await server.json("POST", path, configMap(name))
      await server.json("PUT", `${path}/${name}`, { ...made, data: { a: "1" } })
      await server.json("DELETE", `${path}/${name}`)
    }
    await Promise.all(Array.from({ length: 20 }, (_, i) => write(i % 2 === 0 ? first : second, `mixed-${i}`)))
    const seen = await Promise.all(watches.map((watch) => takeEvents(watch, count + 60)))
    const histories = seen.map((events) =>
      events.slice(count).map(({ type, object }) => `${object.metadata.resourceVersion} ${type} ${object.metadata.name}`)
    )
    expect(histories[0]).toEqual(histories[1]!)
    expect(new Set(histories[0]).size).toBe(60)
  })

  test("what one server acknowledged, the other reads", async () => {
    for (let i = 0; i < 20; i++) {
      const made = await first.json("POST", path, configMap(`read-${i}`))
      expect(await second.json("GET", `${path}/read-${i}`)).toEqual(made)
    }
  })

  test("both may change one object at once: nothing is lost", async () => {
    await first.json("POST", path, configMap("shared"))
    const headers = { "content-type": "application/merge-patch+json" }
    const patches = Array.from({ length: 20 }, (_, i) =>
      (i % 2 === 0 ? first : second).json("PATCH", `${path}/shared`, { data: { [`k${i}`]: "v" } }, { headers })
    )
    await Promise.all(patches)
    expect(Object.keys((await second.json("GET", `${path}/shared`)).data)).toHaveLength(20)
  })

  test("a watch from before what store and server remember is told that it is too old", async () => {
    await store.compact()
    const third = await startServer({}, store.layer)
    const [event] = await takeEvents(await third.send("GET", `${path}?watch=true&resourceVersion=1`), 1)
    expect(event).toMatchObject({ type: "ERROR", object: { code: 410, reason: "Expired" } })
    await third.close()
  })

  test("a page whose revision was compacted can be continued with the token in the error", async () => {
    const page = await first.json("GET", `${path}?limit=1`)
    await first.json("POST", path, configMap("a-later-one"))
    await store.compact()
    const gone = await first.json("GET", `${path}?limit=1&continue=${page.metadata.continue}`, undefined, { code: 410 })
    expect(gone.reason).toBe("Expired")
    const next = await first.json("GET", `${path}?limit=1&continue=${gone.metadata.continue}`)
    expect(next.items).toHaveLength(1)
  })
}

describe("two servers on one store in memory", () => suite(inMemory))

const ready = requireTool("two servers on PostgreSQL", { postgresql: systemPostgres() !== undefined })
describe.skipIf(!ready)("two servers on one PostgreSQL", () => suite(inPostgres))
