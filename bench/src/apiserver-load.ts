/**
 * The client side of the API server's benchmark, in a process of its own so that the server's CPU time is the server's; prints one
 * number. `read URL PATH COUNT CONCURRENCY`: bytes received. `create URL PATH COUNT CONCURRENCY PREFIX`: milliseconds for all.
 * `fan-out URL WATCHED WRITTEN STREAMS ROUNDS PREFIX`: median milliseconds from a write to the last of the streams that hears of it.
 * @module
 */
import { type ClientHttp2Session, connect } from "node:http2"
import { podObject, workloadOf } from "./apiserver-pod.ts"
import { median } from "./measurement.ts"

const [mode = "", url = "", path = "", ...rest] = process.argv.slice(2)
const ca = process.env["BENCH_CA"] ?? ""
const cert = process.env["BENCH_CERT"] ?? ""
const key = process.env["BENCH_KEY"] ?? ""
/** Well below the thousand streams that a server allows on one connection. */
const streamsPerSession = 500
const writerSessions = 4

const open = (): Promise<ClientHttp2Session> =>
  new Promise((resolve, reject) => {
    const session = connect(url, { ca, cert, key })
    session.once("connect", () => resolve(session))
    session.once("error", reject)
  })

const sessions = (count: number) => Promise.all(Array.from({ length: count }, open))

const get = (session: ClientHttp2Session, path: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const stream = session.request({ ":path": path })
    let bytes = 0
    stream.on("data", (chunk) => (bytes += chunk.length))
    stream.on("end", () => resolve(bytes))
    stream.on("error", reject)
  })

const post = (session: ClientHttp2Session, path: string, body: object): Promise<void> =>
  new Promise((resolve, reject) => {
    const stream = session.request({ ":path": path, ":method": "POST", "content-type": "application/json" })
    stream.on("response", (headers) => {
      if (headers[":status"] !== 201) reject(new Error(`POST was answered with ${headers[":status"]}`))
    })
    stream.resume()
    stream.on("end", () => resolve())
    stream.on("error", reject)
    stream.end(JSON.stringify(body))
  })

const inParallel = async (count: number, concurrency: number, task: (index: number, worker: number) => Promise<unknown>) => {
  let next = 0
  const worker = async (_: unknown, index: number): Promise<void> => {
    while (next < count) await task(next++, index)
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
}

const read = async (count: number, concurrency: number): Promise<number> => {
  const [session] = await sessions(1)
  let bytes = 0
  await inParallel(count, concurrency, async () => {
    bytes += await get(session!, path)
  })
  return bytes
}

const create = async (count: number, concurrency: number, prefix: string): Promise<number> => {
  const open = await sessions(writerSessions)
  const start = performance.now()
  await inParallel(count, concurrency, (index, worker) =>
    post(open[worker % writerSessions]!, path, podObject(`${prefix}-${index}`, "", workloadOf(index)))
  )
  return performance.now() - start
}

const newline = 10

const fanOut = async (written: string, streams: number, rounds: number, prefix: string): Promise<number> => {
  const open = await sessions(Math.ceil(streams / streamsPerSession))
  const [writer] = await sessions(1)
  let frames = 0
  let told = (): void => {}
  const begin = (index: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const stream = open[Math.floor(index / streamsPerSession)]!.request({ ":path": path })
      stream.on("response", () => resolve())
      stream.on("error", reject)
      stream.on("data", (chunk: Uint8Array) => {
        // A frame ends with a line, and holds no other.
        if (chunk[chunk.length - 1] === newline && ++frames === streams) told()
      })
    })
  await Promise.all(Array.from({ length: streams }, (_, index) => begin(index)))
  const times: Array<number> = []
  for (let round = 0; round < rounds; round++) {
    frames = 0
    const heard = new Promise<void>((resolve) => {
      told = resolve
    })
    const start = performance.now()
    await post(writer!, written, { metadata: { name: `${prefix}-${round}` }, data: { text: "x".repeat(1500) } })
    await heard
    times.push(performance.now() - start)
  }
  return median(times)
}

const number = (index: number): number => Number(rest[index])
if (mode === "read") console.log(await read(number(0), number(1)))
else if (mode === "create") console.log(await create(number(0), number(1), rest[2]!))
else console.log(await fanOut(rest[0]!, number(1), number(2), rest[3]!))
process.exit()
