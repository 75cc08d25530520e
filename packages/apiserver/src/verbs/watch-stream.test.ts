import { expect, test } from "bun:test"
import { WatchStream } from "./watch-stream.ts"

const frame = (text: string): Uint8Array => new TextEncoder().encode(text)

test("what was queued is read, in order, before the end", async () => {
  let ended = 0
  const stream = new WatchStream([frame("a"), frame("b")], () => ended++)
  stream.push(frame("c"))
  stream.end()
  stream.push(frame("never"))
  expect(await new Response(stream.body).text()).toBe("abc")
  expect(ended).toBe(1)
})

test("a watcher that never reads is ended, and its memory is bounded", () => {
  let ended = 0
  const stream = new WatchStream([], () => ended++)
  for (let i = 0; i < 10_000; i++) stream.push(frame("x"))
  expect(ended).toBe(1)
  expect(stream.ended).toBe(true)
})

test("a watcher that leaves is told of once", async () => {
  let ended = 0
  const stream = new WatchStream([frame("a")], () => ended++)
  await stream.body.cancel()
  stream.end()
  expect(ended).toBe(1)
})
