/** The API server beside what it could cost at least: a bare handler with the same bytes, a bare fan-out, the bare store. @module */
import { spawn } from "node:child_process"
import { join } from "node:path"
import { Apiserver, layer, serve } from "@tsukube/apiserver"
import { createAuthority, issueCertificate } from "@tsukube/apiserver/certificates"
import { makeMemory, Store } from "@tsukube/store"
import { layerPostgres } from "@tsukube/store/postgres"
import { scratchPostgres, systemPostgres } from "@tsukube/store/scratch-postgres"
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { podObject, podText } from "./apiserver-pod.ts"
import type { Benchmark, Side } from "./measurement.ts"

const admin = { name: "bench", groups: ["system:masters", "system:authenticated"] }
const pods = 5000
const gets = 5000
const lists = 10
const watchers = 5000
const fewWatchers = 10
const fanOuts = 10
const indexedWrites = 500
const creates = 3000
const writers = 64
const memoryPods = 150_000
const memoryBudgetMb = 1500

type Server = Context.Service.Shape<typeof Apiserver>

/** What a bare server would answer with: the bytes of the API server's own answers, made before. */
const bareOf = async (fetch: (request: Request) => Promise<Response>, paths: ReadonlyArray<string>) => {
  const answers = new Map<string, Uint8Array<ArrayBuffer>>()
  for (const path of paths) {
    const response = await fetch(new Request(`https://x${path}`))
    answers.set(path, new Uint8Array(await response.arrayBuffer()))
  }
  return async (request: Request): Promise<Response> =>
    new Response(answers.get(new URL(request.url).pathname) ?? null, { headers: { "content-type": "application/json" } })
}

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
  for (let round = 0; round < fanOuts; round++) {
    const reads = readers.map((reader) => reader.read())
    const start = performance.now()
    await write()
    await Promise.all(reads)
    rounds.push(performance.now() - start)
  }
  for (const reader of readers) await reader.cancel()
  return rounds.toSorted((a, b) => a - b)[Math.floor(rounds.length / 2)]!
}

const filled = async (): Promise<{ readonly server: Server; readonly scope: Scope.Closeable }> => {
  const store = makeMemory()
  for (let i = 0; i < pods; i++) {
    const name = `pod-${String(i).padStart(5, "0")}`
    await Effect.runPromise(store.commit([{ key: `/registry/core/pods/default/${name}`, value: podText(name, `node-${i}`) }]))
  }
  return started(Layer.succeed(Store, store))
}

const started = async (store: Layer.Layer<Store, unknown>) => {
  const scope = Scope.makeUnsafe()
  const options = { disableAdmissionPlugins: ["ServiceAccount"] }
  const built = Layer.buildWithScope(Layer.fresh(layer(options)).pipe(Layer.provide(store)), scope)
  return { server: Context.get(await Effect.runPromise(built), Apiserver), scope }
}

const send = (server: Server, method: string, path: string, body?: object): Promise<Response> =>
  server.fetchAs(admin)(
    new Request(`https://x${path}`, {
      method,
      headers: { "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
  )

const configMaps = "/api/v1/namespaces/default/configmaps"

/** Microseconds of CPU a write of pods of one node costs while others are watched. */
const writesBeside = async (server: Server, others: number): Promise<number> => {
  const { metadata } = (await (await send(server, "GET", configMaps)).json()) as { metadata: { resourceVersion: string } }
  const watches = await Promise.all(
    Array.from({ length: others }, (_, i) =>
      send(
        server,
        "GET",
        `/api/v1/pods?watch=true&resourceVersion=${metadata.resourceVersion}&fieldSelector=spec.nodeName%3Dother-${i}`
      )
    )
  )
  const cost = await cpuPerRequest(async () => {
    for (let i = 0; i < indexedWrites; i++) {
      await server.fetchAs(admin)(
        new Request("https://x/api/v1/namespaces/default/pods/pod-00007", {
          method: "PATCH",
          headers: { "content-type": "application/merge-patch+json" },
          body: `{"metadata":{"annotations":{"n":"${i}"}}}`
        })
      )
    }
  }, indexedWrites)
  await Promise.all(watches.map((watch) => watch.body!.cancel()))
  return cost
}

const createMany = async (create: (index: number) => Promise<unknown>): Promise<number> => {
  let next = 0
  const start = performance.now()
  await Promise.all(
    Array.from({ length: writers }, async () => {
      while (next < creates) await create(next++)
    })
  )
  return creates / ((performance.now() - start) / 1000)
}

/** `bun run bench apiserver`. */
export const apiserver: Benchmark = {
  name: "apiserver",
  about: "the API server beside a bare handler, a bare fan-out and the bare store",
  unit: (name) =>
    name.includes("CPU") || name.includes("watches")
      ? "us"
      : name.includes("last")
        ? "ms"
        : name.includes("memory")
          ? "MB"
          : "/s",
  better: (name) => (name.startsWith("creates") ? "higher" : "lower"),
  rounds: 3,
  prepare: async () => {
    const authority = await createAuthority()
    const tls = await issueCertificate(authority, { commonName: "server", ipAddresses: ["127.0.0.1"] })
    const client = await issueCertificate(authority, { commonName: "bench", organizations: ["system:masters"] })
    const scope = Scope.makeUnsafe()
    const { server, scope: serverScope } = await filled()
    const bare = await bareOf(server.fetchAs(admin), [getPath, listPath])
    const open = (handler: { readonly fetch: Server["fetch"] }) =>
      Effect.runPromise(Scope.provide(serve(handler, { tls: { ...tls, clientCa: authority.cert } }), scope))
    const ourUrl = (await open(server)).url
    const bareUrl = (await open({ fetch: bare })).url
    const load = (url: string, path: string, count: number, concurrency: number) =>
      childOutput([program("apiserver-load.ts"), url, path, String(count), String(concurrency)], {
        BENCH_CA: authority.cert,
        BENCH_CERT: client.cert,
        BENCH_KEY: client.key
      })
    const postgres = systemPostgres() === undefined ? undefined : await Effect.runPromise(Scope.provide(scratchPostgres, scope))
    const storeLayer =
      postgres === undefined ? Layer.fresh(Layer.succeed(Store, makeMemory())) : layerPostgres({ url: postgres.url })
    const storeContext = await Effect.runPromise(Layer.buildWithScope(storeLayer, scope))
    const store = Context.get(storeContext, Store)
    const { server: writing, scope: writingScope } = await started(Layer.succeed(Store, store))
    let round = 0

    const http = async (url: string) => ({
      "CPU of a GET": await cpuPerRequest(() => load(url, getPath, gets, 16), gets),
      "CPU of a LIST of 5,000": await cpuPerRequest(() => load(url, listPath, lists, 1), lists)
    })
    const ours: Side = async () => {
      round++
      const { metadata } = (await (await send(server, "GET", configMaps)).json()) as { metadata: { resourceVersion: string } }
      const watches = await Promise.all(
        Array.from({ length: watchers }, () =>
          send(server, "GET", `${configMaps}?watch=true&resourceVersion=${metadata.resourceVersion}`)
        )
      )
      let number = 0
      const last = await lastReader(
        watches.map((watch) => watch.body as ReadableStream<Uint8Array>),
        () =>
          send(server, "POST", configMaps, { metadata: { name: `fan-${round}-${number++}` }, data: { text: "x".repeat(1500) } })
      )
      return {
        ...(await http(ourUrl)),
        "last of 5,000 watchers": last,
        "creates by 64 writers": await createMany((i) =>
          send(writing, "POST", "/api/v1/namespaces/default/pods", podObject(`made-${round}-${i}`, ""))
        ),
        "writes beside 5,000 watches of other nodes": await writesBeside(server, watchers),
        "memory of 150,000 pods": Number(await childOutput([program("apiserver-memory.ts"), String(memoryPods)]))
      }
    }
    const peer: Side = async () => {
      const frame = new TextEncoder().encode(`{"type":"ADDED","object":${"x".repeat(1900)}}\n`)
      const controllers: Array<ReadableStreamDefaultController<Uint8Array>> = []
      const bodies = Array.from(
        { length: watchers },
        () => new ReadableStream<Uint8Array>({ start: (controller) => void controllers.push(controller) }, { highWaterMark: 0 })
      )
      const text = podText("bare", "node-1")
      const prefix = `/bare/${crypto.randomUUID()}/`
      return {
        ...(await http(bareUrl)),
        "last of 5,000 watchers": await lastReader(bodies, async () => {
          for (const controller of controllers) controller.enqueue(frame)
        }),
        "creates by 64 writers": await createMany((i) =>
          Effect.runPromise(store.commit([{ key: `${prefix}${i}`, value: text, expected: 0n }]))
        ),
        "writes beside 5,000 watches of other nodes": await writesBeside(server, fewWatchers),
        "memory of 150,000 pods": memoryBudgetMb
      }
    }
    return {
      ours,
      peer,
      peerName: "bare",
      [Symbol.asyncDispose]: async () => {
        for (const one of [writingScope, serverScope, scope]) await Effect.runPromise(Scope.close(one, Exit.void))
      }
    }
  }
}
