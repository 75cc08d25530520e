import { afterAll, expect, test } from "bun:test"
import type { AccessEntry } from "./access-log.ts"
import { parseGoDuration } from "./in-flight.ts"
import type { Authenticator } from "./request.ts"
import { configMap, type Running, startServer } from "./testing/server.ts"

/** Requests of `x-user` come from outside, as far as the limits are concerned. */
const byHeader: Authenticator = async (request) => {
  const name = request.headers.get("x-user")
  return name === null ? undefined : { name, groups: name === "root" ? ["system:masters"] : [] }
}
const entries: Array<AccessEntry> = []
let hold: Promise<void> | undefined
const server: Running = await startServer({
  authenticators: [byHeader],
  authorizer: async () => {
    await hold
    return { allowed: true }
  },
  limits: { maxReadsInFlight: 2, maxWritesInFlight: 1, requestTimeoutMs: 5000 },
  accessLog: (entry) => entries.push(entry)
})
afterAll(() => server.close())

const send = (path: string, user = "jane", init: RequestInit = {}) =>
  server.apiserver.fetch(new Request(`https://x${path}`, { ...init, headers: { "x-user": user, ...init.headers } }))

test("more requests at once than there are places get 429 and when to come again; administrators always get in", async () => {
  let release = () => {}
  hold = new Promise((resolve) => (release = resolve))
  const held = [send("/api/v1/pods"), send("/api/v1/pods")]
  const refused = await send("/api/v1/nodes")
  expect(refused.status).toBe(429)
  expect(refused.headers.get("retry-after")).toBe("1")
  expect(await refused.json()).toMatchObject({ reason: "TooManyRequests", details: { retryAfterSeconds: 1 } })
  // Writes have places of their own, watches need none.
  const root = send("/api/v1/nodes", "root")
  const write = send("/api/v1/namespaces/default/configmaps", "jane", {
    method: "POST",
    body: JSON.stringify(configMap("a")),
    headers: { "content-type": "application/json" }
  })
  const watch = send("/api/v1/pods?watch=true&timeoutSeconds=1")
  expect((await send("/api/v1/namespaces/default/configmaps/a", "jane", { method: "DELETE" })).status).toBe(429)
  hold = undefined
  release()
  expect(await Promise.all([...held, root, write, watch].map(async (one) => (await one).status))).toEqual([
    200, 200, 200, 201, 200
  ])
  expect((await send("/api/v1/nodes")).status).toBe(200)
})

test("a request that takes longer than it may is told so", async () => {
  let release = () => {}
  hold = new Promise((resolve) => (release = resolve))
  const late = await send("/api/v1/pods?timeout=50ms")
  hold = undefined
  release()
  expect(late.status).toBe(504)
  expect(await late.json()).toMatchObject({
    reason: "Timeout",
    message: "Timeout: request did not complete within the allotted timeout"
  })
  const odd = await send("/api/v1/pods?timeout=soon")
  expect(odd.status).toBe(400)
})

test("durations are read as Go writes them", () => {
  expect([parseGoDuration("34s"), parseGoDuration("1m30s"), parseGoDuration("1.5h"), parseGoDuration("250ms")]).toEqual([
    34_000, 90_000, 5_400_000, 250
  ])
  expect([parseGoDuration("34"), parseGoDuration(""), parseGoDuration("s")]).toEqual([undefined, undefined, undefined])
})

test("metrics have upstream's names and labels", async () => {
  const watch = await send("/api/v1/namespaces/default/secrets?watch=true")
  const response = await send("/metrics", "root")
  expect(response.headers.get("content-type")).toContain("text/plain; version=0.0.4")
  const lines = (await response.text()).split("\n")
  const has = (...parts: ReadonlyArray<string>) => lines.some((line) => parts.every((part) => line.includes(part)))
  expect(has("apiserver_request_total{", 'verb="LIST"', 'resource="pods"', 'code="200"', 'scope="cluster"')).toBe(true)
  expect(has("apiserver_request_total{", 'code="429"')).toBe(true)
  expect(has("apiserver_request_duration_seconds_bucket{", 'le="0.005"', 'verb="POST"', 'resource="configmaps"')).toBe(true)
  expect(has("apiserver_request_duration_seconds_count{")).toBe(true)
  expect(has('apiserver_current_inflight_requests{request_kind="mutating"} 0')).toBe(true)
  expect(
    lines.find((line) => line.startsWith("apiserver_longrunning_requests{") && line.includes('resource="secrets"'))
  ).toEndWith(" 1")
  expect(has("etcd_request_duration_seconds_count{", 'operation="create"', 'type="configmaps"')).toBe(true)
  expect(lines).toContain('apiserver_storage_objects{resource="configmaps"} 1')
  expect(has("process_resident_memory_bytes")).toBe(true)
  expect(has("process_cpu_seconds_total")).toBe(true)
  await watch.body!.cancel()
  const after = (await (await send("/metrics", "root")).text()).split("\n")
  expect(
    after.find((line) => line.startsWith("apiserver_longrunning_requests{") && line.includes('resource="secrets"'))
  ).toEndWith(" 0")
})

test("nobody makes the server keep a series for every word he thinks of", async () => {
  for (let i = 0; i < 20; i++) await send(`/apis/made.up${i}/v1/things${i}/x/y${i}`)
  const text = await (await send("/metrics", "root")).text()
  expect(text).not.toContain("made.up")
})

test("every answered request leaves a line in the access log, under the id that the client brought", async () => {
  const response = await send("/api/v1/nodes?limit=1", "joe", { headers: { "audit-id": "mine-1", "user-agent": "test" } })
  expect(response.headers.get("audit-id")).toBe("mine-1")
  expect(entries.at(-1)).toMatchObject({
    auditId: "mine-1",
    method: "GET",
    path: "/api/v1/nodes?limit=1",
    verb: "list",
    user: "joe",
    userAgent: "test",
    code: 200
  })
})

test("a server that is to close says that it is not ready, and goes on answering", async () => {
  const closing = await startServer()
  expect((await closing.send("GET", "/readyz")).status).toBe(200)
  closing.apiserver.drain()
  expect((await closing.send("GET", "/readyz?verbose")).status).toBe(500)
  expect((await closing.send("GET", "/livez")).status).toBe(200)
  expect((await closing.send("GET", "/api/v1/nodes")).status).toBe(200)
  await closing.close()
})
