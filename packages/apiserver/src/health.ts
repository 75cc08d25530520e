/** `/healthz`, `/livez`, `/readyz` with their single checks, and `/version`. @module */
import * as Effect from "effect/Effect"
import type { RequestContext } from "./request.ts"
import type { Serving } from "./serving.ts"

/** One named condition; resolves when it holds. */
interface Check {
  readonly name: string
  readonly run: (serving: Serving) => Promise<void>
}

const storeWithin = "2 seconds"

const ping: Check = { name: "ping", run: async () => {} }

/** `etcd` is upstream's name for the store, and what its users' probes ask for. */
const store: Check = {
  name: "etcd",
  run: async (serving) => {
    await Effect.runPromise(serving.ping.pipe(Effect.timeout(storeWithin)))
  }
}

const notClosing: Check = {
  name: "shutdown",
  run: async (serving) => {
    if (serving.draining() || serving.closed.aborted) throw new Error("the server is shutting down")
  }
}

const checks: Readonly<Record<string, ReadonlyArray<Check>>> = {
  "/healthz": [ping, store],
  "/livez": [ping, store],
  "/readyz": [ping, store, notClosing]
}

const text = (body: string, code: number): Response =>
  new Response(body, {
    status: code,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      "x-content-type-options": "nosniff",
      "cache-control": "no-cache, private"
    }
  })

/** Answers a health path; undefined for any other. */
export const health = async (serving: Serving, { url }: RequestContext): Promise<Response | undefined> => {
  const [, endpoint = "", single, ...more] = url.pathname.split("/")
  const all = checks[`/${endpoint}`]
  if (all === undefined || more.length > 0) return undefined
  const excluded = new Set(url.searchParams.getAll("exclude"))
  const chosen = single === undefined ? all : all.filter(({ name }) => name === single)
  if (chosen.length === 0) return undefined
  let failed = false
  const lines = await Promise.all(
    chosen.map(async ({ name, run }) => {
      if (excluded.has(name)) return `[+]${name} excluded: ok`
      try {
        await run(serving)
        return `[+]${name} ok`
      } catch {
        failed = true
        return `[-]${name} failed: reason withheld`
      }
    })
  )
  const report = lines.join("\n")
  if (failed) return text(`${report}\n${endpoint} check failed\n`, 500)
  return url.searchParams.has("verbose") ? text(`${report}\n${endpoint} check passed\n`, 200) : text("ok", 200)
}

/** What `/version` says: the Kubernetes release whose API this is, and that this is not the original. */
export const versionInfo: Readonly<Record<string, string>> = {
  major: "1",
  minor: "36",
  emulationMajor: "1",
  emulationMinor: "36",
  minCompatibilityMajor: "1",
  minCompatibilityMinor: "35",
  gitVersion: "v1.36.0+tsukube",
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "1970-01-01T00:00:00Z",
  goVersion: "none",
  compiler: "none",
  platform: `${process.platform}/${process.arch === "x64" ? "amd64" : process.arch}`
}
