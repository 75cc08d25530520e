import { afterAll, beforeAll, expect, test } from "bun:test"
import { makeMemory, Store } from "@tsukube/store"
import { Effect, Layer } from "effect"
import { configMap, type Running, startServer, takeEvents } from "./testing/server.ts"

const path = "/api/v1/namespaces/default/configmaps"
const store = makeMemory()
let first: Running
let second: Running

beforeAll(async () => {
  const shared = Layer.succeed(Store, store)
  first = await startServer({}, shared)
  second = await startServer({}, shared)
})
afterAll(async () => {
  await first.close()
  await second.close()
})

test("a watch on one server sees the writes on the other, in order", async () => {
  const response = await second.send("GET", `${path}?watch=true`)
  const names = Array.from({ length: 100 }, (_, i) => `c${String(i).padStart(3, "0")}`)
  for (const name of names) await first.json("POST", path, configMap(name))
  const events = await takeEvents(response, names.length)
  expect(events.map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual(names.map((name) => `ADDED ${name}`))
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

test("a watch from before the server's memory is told that it is too old", async () => {
  const third = await startServer({}, Layer.succeed(Store, store))
  const [event] = await takeEvents(await third.send("GET", `${path}?watch=true&resourceVersion=1`), 1)
  expect(event).toMatchObject({ type: "ERROR", object: { code: 410, reason: "Expired" } })
  await third.close()
})

test("a page whose revision was compacted can be continued with the token in the error", async () => {
  const page = await first.json("GET", `${path}?limit=1`)
  await first.json("POST", path, configMap("a-later-one"))
  await Effect.runPromise(store.compact(await Effect.runPromise(store.revision)))
  const gone = await first.json("GET", `${path}?limit=1&continue=${page.metadata.continue}`, undefined, { code: 410 })
  expect(gone.reason).toBe("Expired")
  const next = await first.json("GET", `${path}?limit=1&continue=${gone.metadata.continue}`)
  expect(next.items).toHaveLength(1)
})
