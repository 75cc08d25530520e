/** The insecure port, and an end that tells before it comes: one cluster process and its plain HTTP. @module */
import { expect, test } from "bun:test"
import { createServer } from "node:net"
import { eventually } from "@tsukube/testing"
import { startCluster } from "./cluster-process.ts"

/** A port that is free now, and most likely a moment later. */
const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

const simulated = ["--store", "memory", "--runtime", "simulated", "--nodes", "1"]

test("plain HTTP answers; at the end readyz fails first, everything else goes on for the delay, and watches end properly", async () => {
  const port = await freePort()
  await using cluster = await startCluster({
    args: [...simulated, "--insecure-port", String(port), "--shutdown-delay-duration", "4s"]
  })
  const url = `http://127.0.0.1:${port}`
  expect(cluster.output()).toContain(url)
  expect((await (await fetch(`${url}/api/v1`)).json()).kind).toBe("APIResourceList")
  const statusOf = async (path: string): Promise<number> => (await fetch(`${url}${path}`)).status
  expect(await statusOf("/readyz")).toBe(200)

  const watch = await fetch(`${url}/api/v1/namespaces?watch=1`)
  let events = ""
  const watched = (async () => {
    for await (const chunk of watch.body ?? []) events += new TextDecoder().decode(chunk)
  })()
  await eventually(() => events.includes('"kube-system"'))

  const ended = cluster.stop()
  await eventually(async () => (await statusOf("/readyz")) === 500)
  expect(await (await fetch(`${url}/readyz?verbose`)).text()).toContain("[-]shutdown")
  // Who is here already is served as before, and whoever comes by mistake too.
  expect(await statusOf("/livez")).toBe(200)
  const body = JSON.stringify({ kind: "Namespace", apiVersion: "v1", metadata: { name: "late" } })
  const created = await fetch(`${url}/api/v1/namespaces`, {
    method: "POST",
    body,
    headers: { "content-type": "application/json" }
  })
  expect(created.status).toBe(201)
  // The watch hears of it, then ends as one does whose time is over: no broken connection.
  await watched
  expect(events).toContain('"late"')
  expect(await ended).toBe(0)
}, 90_000)

test("nobody listens in plain HTTP unless told to, and a port that is taken is named", async () => {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve))
  const address = taken.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  try {
    const failure = await startCluster({ args: [...simulated, "--insecure-port", String(port)] }).catch(String)
    expect(failure).toContain(`--insecure-port ${port}: port ${port} on 127.0.0.1 is in use`)
  } finally {
    taken.close()
  }
}, 90_000)
