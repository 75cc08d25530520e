import { expect, test } from "bun:test"
import { effect } from "@tsukube/testing"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { parseRetryAfter, requestOf, send } from "./send.ts"
import type { Fetch } from "./transport.ts"

/** Answers with these in turn, the last one for ever, and counts. */
const answering = (...answers: ReadonlyArray<() => Response>) => {
  const state = { calls: 0 }
  const fetch: Fetch = async () => answers[Math.min(state.calls++, answers.length - 1)]!()
  return { state, fetch }
}

const busy = (seconds: string) => () => new Response("busy", { status: 429, headers: { "retry-after": seconds } })

test("a call becomes a request: method, query without empty parts, JSON body", async () => {
  const request = requestOf({
    method: "PATCH",
    path: "/api/v1/pods",
    query: { labelSelector: "a in (b,c)", limit: 0, watch: false, empty: "", nothing: undefined, dryRun: ["All"] },
    body: { a: 1 },
    contentType: "application/merge-patch+json"
  })
  expect(request.url).toBe("http://cluster.local/api/v1/pods?labelSelector=a%20in%20(b%2Cc)&limit=0&dryRun=All")
  expect(request.headers.get("content-type")).toBe("application/merge-patch+json")
  expect(await request.json()).toEqual({ a: 1 })
})

test(
  "a server that says when to come back is asked again then",
  effect(() =>
    Effect.gen(function* () {
      const { state, fetch } = answering(busy("2"), busy("3"), () => new Response("{}"))
      const fiber = yield* Effect.forkChild(send(fetch, { path: "/" }))
      yield* TestClock.adjust("1 seconds")
      expect(state.calls).toBe(1)
      yield* TestClock.adjust("1 seconds")
      expect(state.calls).toBe(2)
      yield* TestClock.adjust("3 seconds")
      expect((yield* Fiber.join(fiber)).status).toBe(200)
    })
  )
)

test(
  "it is not asked for ever, and not at all without the header",
  effect(() =>
    Effect.gen(function* () {
      const always = answering(busy("1"))
      const fiber = yield* Effect.forkChild(Effect.flip(send(always.fetch, { path: "/" })))
      yield* TestClock.adjust("1 minute")
      expect(yield* Fiber.join(fiber)).toMatchObject({ _tag: "StatusError", code: 429, reason: "TooManyRequests" })
      expect(always.state.calls).toBe(11)

      const once = answering(() => new Response("busy", { status: 429 }))
      yield* Effect.flip(send(once.fetch, { path: "/" }))
      expect(once.state.calls).toBe(1)
    })
  )
)

test("Retry-After is seconds or a date, within bounds", () => {
  expect(parseRetryAfter("7", 0)).toBe(7000)
  expect(parseRetryAfter("86400", 0)).toBe(30_000)
  expect(parseRetryAfter("Thu, 01 Jan 1970 00:00:05 GMT", 1000)).toBe(4000)
  expect(parseRetryAfter("Thu, 01 Jan 1970 00:00:05 GMT", 9000)).toBe(0)
  expect(parseRetryAfter("soon", 0)).toBeUndefined()
})

test(
  "an answer that is no Status becomes one, and a fetch that rejects a TransportError",
  effect(() =>
    Effect.gen(function* () {
      const proxy = answering(() => new Response("<html>bad gateway</html>", { status: 502 }))
      expect(yield* Effect.flip(send(proxy.fetch, { path: "/x" }))).toMatchObject({
        _tag: "StatusError",
        code: 502,
        status: { kind: "Status", status: "Failure", message: "<html>bad gateway</html>" }
      })
      const cause = new Error("connection refused")
      expect(yield* Effect.flip(send(() => Promise.reject(cause), { path: "/x" }))).toMatchObject({
        _tag: "TransportError",
        message: "GET /x: connection refused",
        cause
      })
    })
  )
)
