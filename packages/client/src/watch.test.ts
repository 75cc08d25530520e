import { expect, test } from "bun:test"
import type { Pod } from "@tsukube/api/core-v1"
import { live } from "@tsukube/testing"
import { Effect, Result, Stream } from "effect"
import { eventsOf, LineSplitter, parseWatchLine } from "./watch.ts"

const bytes = (text: string) => new TextEncoder().encode(text)

test("lines come out whole wherever the bytes are cut, inside characters too", () => {
  const lines = ['{"a":"ünï"}', "", '{"b":"日本語 🐿"}', "x".repeat(1000)]
  const all = bytes(`${lines.join("\n")}\n`)
  for (let size = 1; size <= 9; size++) {
    const splitter = new LineSplitter()
    const found: Array<string> = []
    for (let from = 0; from < all.length; from += size) found.push(...splitter.push(all.subarray(from, from + size)))
    expect(found).toEqual(lines)
    expect(splitter.end()).toBe("")
  }
})

test("what follows the last line end is kept apart", () => {
  const splitter = new LineSplitter()
  expect(splitter.push(bytes("one\ntw"))).toEqual(["one"])
  expect(splitter.end()).toBe("tw")
})

test("a line is an event, the server's error, or nonsense", () => {
  expect(parseWatchLine<Pod>('{"type":"ADDED","object":{"kind":"Pod"}}')).toEqual({ type: "ADDED", object: { kind: "Pod" } })
  const gone = '{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old resource version"}}'
  expect(parseWatchLine(gone)).toMatchObject({ _tag: "StatusError", code: 410, reason: "Expired" })
  expect(parseWatchLine("{")).toMatchObject({ _tag: "TransportError" })
  expect(parseWatchLine('{"type":"SURPRISE"}')).toMatchObject({ _tag: "TransportError" })
})

const eventLine = (name: string) => `${JSON.stringify({ type: "ADDED", object: { metadata: { name } } })}\n`

/** A body in these pieces, and whether it has been cancelled. */
const bodyOf = (pieces: ReadonlyArray<string>, ends = true) => {
  const state = { cancelled: false, pulled: 0 }
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const piece = pieces[state.pulled++]
        if (piece !== undefined) controller.enqueue(bytes(piece))
        else if (ends) controller.close()
      },
      cancel() {
        state.cancelled = true
      }
    },
    { highWaterMark: 0 }
  )
  return { state, response: Effect.sync(() => new Response(body)) }
}

test(
  "events before an error are delivered, then the stream fails with what the server said",
  live(() =>
    Effect.gen(function* () {
      const error = `${JSON.stringify({ type: "ERROR", object: { kind: "Status", code: 410, message: "gone" } })}\n`
      const names: Array<string | undefined> = []
      const run = Stream.runForEach(eventsOf<Pod>(bodyOf([eventLine("a") + eventLine("b") + error]).response), ({ object }) =>
        Effect.sync(() => void names.push(object.metadata?.name))
      )
      const result = yield* Effect.result(run)
      expect(names).toEqual(["a", "b"])
      expect(Result.isFailure(result) && result.failure).toMatchObject({ _tag: "StatusError", code: 410 })
    })
  )
)

test(
  "the stream ends with the body, fails when the body ends inside an event, and cancels the body when it is left",
  live(() =>
    Effect.gen(function* () {
      const whole = yield* Stream.runCollect(eventsOf<Pod>(bodyOf([eventLine("a"), eventLine("b")]).response))
      expect(whole.map(({ object }) => object.metadata?.name)).toEqual(["a", "b"])

      const broken = yield* Effect.flip(Stream.runDrain(eventsOf<Pod>(bodyOf([eventLine("a"), '{"type":']).response)))
      expect(broken).toMatchObject({ _tag: "TransportError" })

      const { state, response } = bodyOf([eventLine("a"), eventLine("b"), eventLine("c")], false)
      yield* Stream.runDrain(Stream.take(eventsOf<Pod>(response), 1))
      expect(state.cancelled).toBe(true)
      expect(state.pulled).toBe(1)
    })
  )
)
