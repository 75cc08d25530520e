import { expect, test } from "bun:test"
import { configmaps } from "@tsukube/api/core-v1"
import { effect, eventually } from "@tsukube/testing"
import { Effect, Fiber, Logger, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { Fetch } from "./transport.ts"
import { makeClient } from "./verbs.ts"
import { watcher } from "./watcher.ts"

// What is seen here is how often and when the wire is used, so the far end is a few canned answers.
const list = (revision: number, names: ReadonlyArray<string> = [], next?: string) =>
  Response.json({
    kind: "ConfigMapList",
    metadata: { resourceVersion: String(revision), ...(next === undefined ? {} : { continue: next }) },
    items: names.map((name) => ({ metadata: { name } }))
  })

const lines = (...events: ReadonlyArray<unknown>) => new Response(events.map((event) => `${JSON.stringify(event)}\n`).join(""))
const bookmark = (revision: number) => ({ type: "BOOKMARK", object: { metadata: { resourceVersion: String(revision) } } })
const open = () => new Response(new ReadableStream())

const recording = (answer: (query: URLSearchParams, call: number) => Response | Promise<Response>) => {
  const queries: Array<URLSearchParams> = []
  const fetch: Fetch = async (request) => {
    queries.push(new URL(request.url).searchParams)
    return answer(queries.at(-1)!, queries.length)
  }
  return { queries, client: makeClient(fetch) }
}

test(
  "a server that is away is asked again after 100 ms, doubling to 30 s, and one warning is enough",
  effect(() => {
    const warnings: Array<string> = []
    const logger = Logger.make(({ message }) => void warnings.push(String(message)))
    return Effect.gen(function* () {
      const { queries, client } = recording(() => Promise.reject(new Error("connection refused")))
      const fiber = yield* Effect.forkChild(Stream.runDrain(watcher(client, configmaps)))
      yield* TestClock.adjust("1 second")
      // 100 + 200 + 400 ms have passed, give or take a fifth, the next 800 ms have not.
      expect(queries.length).toBeGreaterThanOrEqual(3)
      expect(queries.length).toBeLessThanOrEqual(5)
      yield* TestClock.adjust("2 minutes")
      const before = queries.length
      yield* TestClock.adjust("10 minutes")
      expect(queries.length - before).toBeGreaterThanOrEqual(16)
      expect(queries.length - before).toBeLessThanOrEqual(26)
      expect(warnings.length).toBe(1)
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(Logger.layer([logger])))
  })
)

test(
  "pages are read to the end and watched from the first one's revision; bookmarks move the place to resume from",
  effect(() =>
    Effect.gen(function* () {
      const { queries, client } = recording((query, call) => {
        if (call === 1) return list(10, ["a"], "more")
        if (call === 2) return list(12, ["b"])
        return query.get("resourceVersion") === "10" ? lines(bookmark(20)) : open()
      })
      const fiber = yield* watcher(client, configmaps).pipe(Stream.take(1), Stream.runCollect, Effect.forkChild)
      const [listed] = yield* Fiber.join(fiber)
      expect(listed).toMatchObject({
        type: "Listed",
        resourceVersion: "10",
        objects: [{ metadata: { name: "a" } }, { metadata: { name: "b" } }]
      })

      const forever = yield* Effect.forkChild(Stream.runDrain(watcher(client, configmaps)))
      queries.length = 0
      // No time passes: a watch that delivered something is renewed at once.
      yield* Effect.promise(() => eventually(() => queries.length === 4))
      expect(queries.map((query) => query.get("continue") ?? query.get("resourceVersion"))).toEqual([null, "more", "10", "20"])
      expect(queries[3]?.get("allowWatchBookmarks")).toBe("true")
      yield* Fiber.interrupt(forever)
    })
  )
)

test(
  "a page that has expired leads to one list of everything; watches that end at once are not hurried",
  effect(() =>
    Effect.gen(function* () {
      const { queries, client } = recording((query) => {
        if (query.has("continue"))
          return Response.json({ kind: "Status", code: 410, reason: "Expired", message: "expired" }, { status: 410 })
        if (query.has("limit")) return list(1, ["a"], "old")
        return query.has("watch") ? lines() : list(5, ["a", "b"])
      })
      const fiber = yield* Effect.forkChild(Stream.runDrain(watcher(client, configmaps)))
      yield* TestClock.adjust("10 seconds")
      expect(queries.slice(0, 3).map((query) => [query.get("limit"), query.get("continue")])).toEqual([
        ["500", null],
        ["500", "old"],
        [null, null]
      ])
      const watches = queries.filter((query) => query.has("watch"))
      expect(watches.every((query) => query.get("resourceVersion") === "5")).toBe(true)
      expect(watches.length).toBeLessThanOrEqual(9)
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(Logger.layer([])))
  )
)
