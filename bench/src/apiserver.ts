/**
 * The API server beside what it could cost at least, in one run. Both sides of each comparison do the same thing on the same server
 * or store, take turns, and are warm when they are measured.
 *
 * - GET and LIST: CPU time of this process for requests over TLS and HTTP/2 from a process of their own, beside a bare Hono handler
 *   on the same server that sends the same bytes.
 * - Fan-out: 5,000 open watches, from the POST of an object until the last of them has its event. Over the network beside a bare
 *   handler on the same server that writes the same frame to as many streams; in this process beside as many bare streams.
 * - Creates: 64 writers make pods of a hundred workloads; the store is the embedded PostgreSQL, fsync on. In this process (the request is made and answered
 *   without a socket, as controllers of the same process do) beside the bare store committing the same bytes, which has no network
 *   either; over the network beside a bare handler on the same server that parses the body and commits the same bytes. Each side has
 *   a database of its own. Nobody watches the bare store, while the API server follows its own.
 * - Writes beside watches: CPU time of a write to a pod, of 5,000 watches of other nodes' pods beside 10.
 * - Memory: what a process with 150,000 pods takes beside what is promised.
 * @module
 */
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Apiserver, layer, serve } from "@tsukube/apiserver"
import { createAuthority, issueCertificate } from "@tsukube/apiserver/certificates"
import { makeMemory, Store } from "@tsukube/store"
import { layerEmbedded } from "@tsukube/store/embedded"
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { bareCreates, bareFanOut, bareReads, type Handler, underName } from "./apiserver-bare.ts"
import { podObject, podText, workloadOf } from "./apiserver-pod.ts"
import { type Benchmark, median, type Side } from "./measurement.ts"

const admin = { name: "bench", groups: ["system:masters", "system:authenticated"] }
const pods = 5000
const gets = 5000
const lists = 20
const watchers = 5000
const fewWatchers = 10
const fanOuts = 20
const fanOutsInside = 60
const indexedWrites = 2000
const creates = 5000
const warmUpCreates = 20_000
const writers = 64
const memoryPods = 150_000
const memoryBudgetMb = 1500

const cases = {
  get: "CPU of a GET",
  list: "CPU of a LIST of 5,000",
  fanOut: "last of 5,000 watchers",
  fanOutInside: "last of 5,000 watchers, no network",
  creates: "creates by 64 writers",
  createsOutside: "creates by 64 writers, network",
  beside: "writes beside 5,000 watches of other nodes",
  memory: "memory of 150,000 pods"
} as const

const units: Readonly<Record<string, string>> = {
  [cases.fanOut]: "ms",
  [cases.fanOutInside]: "ms",
  [cases.creates]: "/s",
  [cases.createsOutside]: "/s",
  [cases.memory]: "MB"
}

const bounds: Readonly<Record<string, number>> = {
  [cases.get]: 3,
  [cases.list]: 1.3,
  [cases.fanOut]: 2,
  [cases.fanOutInside]: 2,
  [cases.creates]: 0.5,
  [cases.createsOutside]: 0.5,
  [cases.beside]: 1.2,
  [cases.memory]: 1
}

type Server = Context.Service.Shape<typeof Apiserver>

const program = (name: string): string => join(import.meta.dirname, name)

const childOutput = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "inherit"] })
    let text = ""
    child.stdout.on("data", (chunk) => (text += chunk))
    child.on("close", (code) => (code === 0 ? resolve(text) : reject(new Error(`${args[0]} ended with ${code}`))))
  })

const getPath = "/api/v1/namespaces/default/pods/pod-00007"
const listPath = "/api/v1/pods"
const podsPath = "/api/v1/namespaces/default/pods"
const configMaps = "/api/v1/namespaces/default/configmaps"

/** Microseconds of this process's CPU a request. */
const cpuPerRequest = async (run: () => Promise<unknown>, requests: number): Promise<number> => {
  const before = process.cpuUsage()
  await run()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / requests
}

/** Milliseconds until the last of many readers has what was written. */
const lastReader = async (bodies: ReadonlyArray<ReadableStream<Uint8Array>>, write: () => Promise<unknown>): Promise<number> => {
  const readers = bodies.map((body) => body.getReader())
  const rounds: Array<number> = []
  for (let round = 0; round < fanOutsInside; round++) {
    const reads = readers.map((reader) => reader.read())
    const start = performance.now()
    await write()
    await Promise.all(reads)
    rounds.push(performance.now() - start)
  }
  for (const reader of readers) await reader.cancel()
  return median(rounds)
}

const started = async (store: Store, scope: Scope.Closeable): Promise<Server> => {
  const options = { disableAdmissionPlugins: ["ServiceAccount"] }
  const built = Layer.buildWithScope(Layer.fresh(layer(options)).pipe(Layer.provide(Layer.succeed(Store, store))), scope)
  return Context.get(await Effect.runPromise(built), Apiserver)
}

const filled = async (scope: Scope.Closeable): Promise<Server> => {
  const store = makeMemory()
  for (let i = 0; i < pods; i++) {
    const name = `pod-${String(i).padStart(5, "0")}`
    await Effect.runPromise(store.commit([{ key: `/registry/core/pods/default/${name}`, value: podText(name, `node-${i}`) }]))
  }
  return started(store, scope)
}

const send = (server: Server, method: string, path: string, body?: object, type = "application/json"): Promise<Response> =>
  server.fetchAs(admin)(
    new Request(`https://x${path}`, {
      method,
      headers: { "content-type": type },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
  )

const revisionOf = async (server: Server): Promise<string> => {
  const list = (await (await send(server, "GET", configMaps)).json()) as { metadata: { resourceVersion: string } }
  return list.metadata.resourceVersion
}

const watchConfigMaps = async (server: Server): Promise<string> =>
  `${configMaps}?watch=true&resourceVersion=${await revisionOf(server)}`

const configMap = (name: string): object => ({ metadata: { name }, data: { text: "x".repeat(1500) } })

/** What a watcher reads when an object is created, and what the creator gets. */
const frameAndObject = async (server: Server): Promise<readonly [Uint8Array, Uint8Array<ArrayBuffer>]> => {
  const watch = await send(server, "GET", await watchConfigMaps(server))
  const reader = (watch.body as ReadableStream<Uint8Array>).getReader()
  const created = await send(server, "POST", configMaps, configMap("sample"))
  const { value } = await reader.read()
  await reader.cancel()
  return [value!, new Uint8Array(await created.arrayBuffer())]
}

/** The same of watches of an API server in this process. */
const fanOutInside = async (server: Server, prefix: string): Promise<number> => {
  const watched = await watchConfigMaps(server)
  const watches = await Promise.all(Array.from({ length: watchers }, () => send(server, "GET", watched)))
  let write = 0
  return lastReader(
    watches.map(({ body }) => body as ReadableStream<Uint8Array>),
    () => send(server, "POST", configMaps, configMap(`${prefix}-${write++}`))
  )
}

/** Microseconds of CPU a write to a pod costs while pods of other nodes are watched. */
const writesBeside = async (server: Server, others: number): Promise<number> => {
  const revision = await revisionOf(server)
  const watches = await Promise.all(
    Array.from({ length: others }, (_, i) =>
      send(server, "GET", `${listPath}?watch=true&resourceVersion=${revision}&fieldSelector=spec.nodeName%3Dother-${i}`)
    )
  )
  // Opening thousands of watches leaves garbage behind, which is not the writes' to pay for.
  Bun.gc(true)
  const cost = await cpuPerRequest(async () => {
    for (let i = 0; i < indexedWrites; i++) {
      await send(server, "PATCH", getPath, { metadata: { annotations: { n: String(i) } } }, "application/merge-patch+json")
    }
  }, indexedWrites)
  await Promise.all(watches.map((watch) => watch.body!.cancel()))
  return cost
}

/** Creations a second. */
const createMany = async (count: number, create: (index: number) => Promise<unknown>): Promise<number> => {
  let next = 0
  // What the cases before left behind is not the creations' to clear away.
  Bun.gc(true)
  const start = performance.now()
  await Promise.all(
    Array.from({ length: writers }, async () => {
      while (next < count) await create(next++)
    })
  )
  return count / ((performance.now() - start) / 1000)
}

/** `bun run bench apiserver`. */
export const apiserver: Benchmark = {
  name: "apiserver",
  about: "the API server beside a bare handler, a bare fan-out and the bare store",
  unit: (name) => units[name] ?? "us",
  better: (name) => (name.startsWith("creates") ? "higher" : "lower"),
  bound: (name) => bounds[name],
  rounds: 5,
  prepare: async () => {
    const folder = mkdtempSync(join(tmpdir(), "tsukube-bench-apiserver-"))
    const authority = await createAuthority()
    const tls = await issueCertificate(authority, { commonName: "server", ipAddresses: ["127.0.0.1"] })
    const client = await issueCertificate(authority, { commonName: "bench", organizations: ["system:masters"] })
    const scope = Scope.makeUnsafe()
    const open = async (handler: Handler): Promise<string> => {
      const listening = serve(handler, { tls: { ...tls, clientCa: authority.cert } })
      return (await Effect.runPromise(Scope.provide(listening, scope))).url
    }
    const load = async (...args: ReadonlyArray<string | number>): Promise<number> =>
      Number(
        await childOutput([program("apiserver-load.ts"), ...args.map(String)], {
          BENCH_CA: authority.cert,
          BENCH_CERT: client.cert,
          BENCH_KEY: client.key
        })
      )
    const embedded = async (name: string): Promise<Store> => {
      const context = Layer.buildWithScope(layerEmbedded({ dataDir: join(folder, name) }), scope)
      return Context.get(await Effect.runPromise(context), Store)
    }

    const server = await filled(scope)
    const ourUrl = await open(server)
    const answers = new Map<string, Uint8Array<ArrayBuffer>>()
    for (const path of [getPath, listPath]) {
      answers.set(path, new Uint8Array(await (await send(server, "GET", path)).arrayBuffer()))
    }
    const bareUrl = await open(bareReads(answers))
    const [frame, object] = await frameAndObject(server)
    for (let i = 0; i < 2; i++) await fanOutInside(server, `warm-${i}`)
    const bareFanOutUrl = await open(bareFanOut(configMaps, frame, object))

    const ourStore = await embedded("ours")
    const bareStore = await embedded("bare")
    const writing = await started(ourStore, scope)
    await send(writing, "POST", podsPath, podObject("first", ""))
    const text = (await Effect.runPromise(ourStore.get("/registry/core/pods/default/first")))!.value
    const writingUrl = await open(writing)
    const bareCreatesUrl = await open(bareCreates(podsPath, bareStore, text))

    const createOurs = (prefix: string) => async (index: number) => {
      const { status } = await send(writing, "POST", podsPath, podObject(`${prefix}-${index}`, "", workloadOf(index)))
      if (status !== 201) throw new Error(`a creation was answered with ${status}`)
    }
    const createBare = (prefix: string) => (index: number) => {
      const name = `${prefix}-${index}`
      const write = { key: `/registry/core/pods/default/${name}`, value: underName(text, name), expected: 0n }
      return Effect.runPromise(bareStore.commit([write]))
    }
    const createOutside = async (url: string, prefix: string): Promise<number> =>
      creates / ((await load("create", url, podsPath, creates, writers, prefix)) / 1000)
    await writesBeside(server, fewWatchers)
    await createMany(warmUpCreates, createOurs("warm"))
    await createMany(warmUpCreates, createBare("warm"))

    const reads = async (url: string) => ({
      [cases.get]: await cpuPerRequest(() => load("read", url, getPath, gets, 16), gets),
      [cases.list]: await cpuPerRequest(() => load("read", url, listPath, lists, 1), lists)
    })
    let memory: Promise<string> | undefined
    let number = 0

    const ours: Side = async () => {
      const round = `ours-${number++}`
      const inside = await fanOutInside(server, `${round}-inside`)
      const watched = await watchConfigMaps(server)
      // Once is enough: it is another process, with nothing beside it that it could be compared with.
      memory ??= childOutput([program("apiserver-memory.ts"), String(memoryPods)])
      return {
        ...(await reads(ourUrl)),
        [cases.fanOut]: await load("fan-out", ourUrl, watched, configMaps, watchers, fanOuts, round),
        [cases.fanOutInside]: inside,
        [cases.creates]: await createMany(creates, createOurs(round)),
        [cases.createsOutside]: await createOutside(writingUrl, `${round}-outside`),
        [cases.beside]: await writesBeside(server, watchers),
        [cases.memory]: Number(await memory)
      }
    }
    const peer: Side = async () => {
      const round = `bare-${number++}`
      const controllers: Array<ReadableStreamDefaultController<Uint8Array>> = []
      const bodies = Array.from(
        { length: watchers },
        () => new ReadableStream<Uint8Array>({ start: (controller) => void controllers.push(controller) }, { highWaterMark: 0 })
      )
      return {
        ...(await reads(bareUrl)),
        [cases.fanOut]: await load("fan-out", bareFanOutUrl, configMaps, configMaps, watchers, fanOuts, round),
        [cases.fanOutInside]: await lastReader(bodies, async () => {
          for (const controller of controllers) controller.enqueue(frame)
        }),
        [cases.creates]: await createMany(creates, createBare(round)),
        [cases.createsOutside]: await createOutside(bareCreatesUrl, `${round}-outside`),
        [cases.beside]: await writesBeside(server, fewWatchers),
        [cases.memory]: memoryBudgetMb
      }
    }
    return {
      ours,
      peer,
      peerName: "bare",
      [Symbol.asyncDispose]: async () => {
        await Effect.runPromise(Scope.close(scope, Exit.void))
        rmSync(folder, { recursive: true, force: true })
      }
    }
  }
}
