import { expect, test } from "bun:test"
import { WatchSink } from "./watch-sink.ts"

const frame = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A client that reads `room` writes before it has to be told to go on. */
class Client {
  text = ""
  ended = false
  room: number
  writes = 0

  constructor(room: number) {
    this.room = room
  }

  write(bytes: Uint8Array): boolean {
    this.text += Buffer.from(bytes).toString()
    this.writes++
    return --this.room > 0
  }

  end(): void {
    this.ended = true
  }
}

test("what came before anybody listened is written together, what comes after at once", () => {
  const sink = new WatchSink([frame("a"), frame("b")], () => {})
  sink.push(frame("c"))
  const client = new Client(100)
  sink.attach(client)
  expect([client.text, client.writes]).toEqual(["abc", 1])
  sink.push(frame("d"))
  expect([client.text, client.writes]).toEqual(["abcd", 2])
})

test("frames wait while the client does not read, and go out in order", () => {
  const sink = new WatchSink([], () => {})
  const client = new Client(1)
  sink.attach(client)
  for (const text of ["a", "b", "c"]) sink.push(frame(text))
  expect(client.text).toBe("a")
  client.room = 2
  sink.drained()
  sink.push(frame("d"))
  expect(client.text).toBe("abcd")
  expect(client.ended).toBe(false)
})

test("the end comes after what is queued, and is told once", () => {
  let ended = 0
  const sink = new WatchSink([frame("a")], () => ended++)
  sink.push(frame("b"))
  sink.end()
  sink.push(frame("never"))
  expect(sink.ended).toBe(false)
  const client = new Client(100)
  sink.attach(client)
  sink.cancel()
  expect([client.text, client.ended, sink.ended, ended]).toEqual(["ab", true, true, 1])
})

test("an end before anybody listened, with nothing to say, still ends the answer", () => {
  const sink = new WatchSink([], () => {})
  sink.end()
  const client = new Client(1)
  sink.attach(client)
  expect(client.ended).toBe(true)
})

test("a client that never reads is ended, its memory is bounded, and what was there at the start does not count", () => {
  let ended = 0
  const sink = new WatchSink(
    Array.from({ length: 5000 }, () => frame("first")),
    () => ended++
  )
  const client = new Client(0)
  for (let i = 0; i < 2048; i++) sink.push(frame("x"))
  expect(sink.ended).toBe(false)
  sink.push(frame("x"))
  expect([sink.ended, ended]).toEqual([true, 1])
  sink.attach(client)
  expect([client.ended, client.text]).toEqual([true, ""])
})

test("a client that leaves is told of once", () => {
  let ended = 0
  const sink = new WatchSink([frame("a")], () => ended++)
  sink.attach(new Client(1))
  sink.cancel()
  sink.cancel()
  sink.end()
  expect(ended).toBe(1)
})
