import { expect, test } from "bun:test"
import { layerMemory } from "./memory.ts"
import { layerPostgres } from "./postgres/mod.ts"
import { openStore } from "./promise.ts"

test("a store answers in promises, and its errors are the typed ones", async () => {
  await using store = await openStore(layerMemory)
  const created = await store.commit([{ key: "/a", value: "1", expected: 0n }])
  expect(await store.get("/a")).toEqual({ key: "/a", value: "1", revision: created, createRevision: created })
  await expect(store.commit([{ key: "/a", value: "2", expected: 0n }])).rejects.toMatchObject({
    _tag: "Conflict",
    current: created
  })
  expect((await store.list("/", { limit: 1 })).entries.length).toBe(1)
  expect(await store.revision()).toBe(created)
  await store.compact(created)
  await expect(store.list("/", { at: 1n })).rejects.toMatchObject({ _tag: "Compacted", oldest: created })
})

test("a watch is an async iterable, and leaving the loop ends it", async () => {
  await using store = await openStore(layerMemory)
  const seen: Array<string> = []
  await store.commit([{ key: "/a", value: "1" }])
  for await (const changes of store.watch("/", 1n)) {
    for (const change of changes) seen.push(`${change.key}=${change.value}`)
    if (seen.length === 2) break
    await store.commit([{ key: "/b", value: "2" }])
  }
  expect(seen).toEqual(["/a=1", "/b=2"])
})

test("a store that cannot be opened says so at once", async () => {
  const opening = openStore(layerPostgres({ url: "postgres://nobody:hunter2@127.0.0.1:1/none" }))
  await expect(opening).rejects.toMatchObject({ _tag: "StoreError", reason: "Unavailable" })
})
