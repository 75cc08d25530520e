import { expect, test } from "bun:test"
import type { Columns } from "./wire-fields.ts"
import { type Answer, executeMessage, makeReader, parseMessages, startMessage } from "./wire-messages.ts"

/** The messages of a stream: kind and body. */
const messagesOf = (stream: Buffer): ReadonlyArray<readonly [kind: string, body: Buffer]> => {
  const messages: Array<readonly [string, Buffer]> = []
  for (let at = 0; at < stream.length; ) {
    const end = at + 1 + stream.readInt32BE(at + 1)
    messages.push([String.fromCharCode(stream[at] ?? 0), stream.subarray(at + 5, end)])
    at = end
  }
  return messages
}

test("the start names the protocol and who we are", () => {
  const message = startMessage({ user: "me", database: "mine" })
  expect(message.readInt32BE(0)).toBe(message.length)
  expect(message.readInt32BE(4)).toBe(196_608)
  expect(message.toString("utf8", 8)).toBe("user\0me\0database\0mine\0client_encoding\0UTF8\0\0")
})

test("a statement is prepared without types, and asked for its columns", () => {
  expect(messagesOf(parseMessages("s1", "select $1"))).toEqual([
    ["P", Buffer.from("s1\0select $1\0\0\0")],
    ["D", Buffer.from("Ss1\0")]
  ])
})

test("parameters are texts, nulls and lists of texts whose lengths are those of their bytes", () => {
  const [bind, execute, sync, ...others] = messagesOf(executeMessage("s1", ["é", null, ["a\u001eb", "", "日本"]]))
  expect(others).toEqual([])
  expect(execute).toEqual(["E", Buffer.from([0, 0, 0, 0, 0])])
  expect(sync).toEqual(["S", Buffer.alloc(0)])
  const list = Buffer.concat([
    Buffer.from([0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 25, 0, 0, 0, 3, 0, 0, 0, 1]),
    Buffer.from([0, 0, 0, 3]),
    Buffer.from("a\u001eb"),
    Buffer.from([0, 0, 0, 0, 0, 0, 0, 6]),
    Buffer.from("日本")
  ])
  expect(bind).toEqual([
    "B",
    Buffer.concat([
      Buffer.from("\0s1\0"),
      Buffer.from([0, 3, 0, 0, 0, 0, 0, 1, 0, 3, 0, 0, 0, 2]),
      Buffer.from("é"),
      Buffer.from([255, 255, 255, 255, 0, 0, 0, list.length]),
      list,
      Buffer.from([0, 1, 0, 1])
    ])
  ])
})

const message = (kind: string, body: Buffer | string): Buffer => {
  const bytes = Buffer.from(body)
  const head = Buffer.alloc(5)
  head[0] = kind.charCodeAt(0)
  head.writeInt32BE(bytes.length + 4, 1)
  return Buffer.concat([head, bytes])
}

/** The body of a row description with columns of these types. */
const rowDescription = (types: ReadonlyArray<number>): Buffer =>
  Buffer.concat([
    Buffer.from([0, types.length]),
    ...types.map((type) =>
      Buffer.concat([Buffer.from("name\0"), Buffer.from([0, 0, 0, 9, 0, 1, 0, 0, 0, type, 0, 8, 0, 0, 0, 0, 0, 0])])
    )
  ])

test("answers are understood in whatever pieces they come", () => {
  const stream = Buffer.concat([
    message("R", Buffer.from([0, 0, 0, 0])),
    message("S", "server_version\x0018\0"),
    message("Z", "I"),
    message("T", rowDescription([25, 25, 20, 21, 23, 16])),
    message(
      "D",
      Buffer.concat([
        Buffer.from([0, 6, 0, 0, 0, 2, 0xc3, 0xa9, 255, 255, 255, 255]),
        Buffer.from([0, 0, 0, 8, 0, 32, 0, 0, 0, 0, 0, 1]),
        Buffer.from([0, 0, 0, 2, 255, 254, 0, 0, 0, 4, 0, 1, 0, 0, 0, 0, 0, 1, 1])
      ])
    ),
    message("C", "SELECT 1\0"),
    message("Z", "I"),
    message("E", "SERROR\0VERROR\0C23505\0Mtwice\0\0"),
    message("Z", "I")
  ])
  for (const size of [1, 2, 3, 7, 64, stream.length]) {
    const answers: Array<Answer> = []
    let columns: Columns = []
    const read = makeReader({
      onAnswer: (answer) => answers.push(answer),
      onFatal: () => {},
      onQuestion: () => {},
      onColumns: (told) => {
        columns = told
      },
      columns: () => columns
    })
    for (let at = 0; at < stream.length; at += size) read(stream.subarray(at, at + size))
    expect(answers.map(({ rows }) => rows)).toEqual([[], [["é", null, 9_007_199_254_740_993n, -2, 65_536, true]], []])
    expect(answers.map(({ error }) => error?.message)).toEqual([undefined, undefined, "twice"])
    expect(answers[2]?.error).toMatchObject({ code: "23505" })
  }
})

test("a server that wants a password, and one that ends the connection, are heard", () => {
  const heard: Array<string> = []
  const read = makeReader({
    onAnswer: () => heard.push("answer"),
    onFatal: (error) => heard.push(error.message),
    onQuestion: () => heard.push("question"),
    onColumns: () => {},
    columns: () => []
  })
  read(message("R", Buffer.from([0, 0, 0, 10])))
  read(message("E", "SFATAL\0VFATAL\0C57P01\0Mgoing down\0\0"))
  expect(heard).toEqual(["question", "going down"])
})
