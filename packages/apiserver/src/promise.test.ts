import { expect, test } from "bun:test"
import { request } from "node:https"
import { startApiserver } from "./promise.ts"

const names = async (fetch: (request: Request) => Promise<Response>, path = "/api/v1/namespaces") => {
  const response = await fetch(new Request(`https://kubernetes${path}`))
  const { items } = (await response.json()) as { items: ReadonlyArray<{ metadata: { name: string } }> }
  return items.map(({ metadata }) => metadata.name)
}

test("a server in memory starts, answers in process and over TLS, and is gone after close", async () => {
  const server = await startApiserver()
  expect(await names(server.fetch)).toContain("kube-system")
  expect((await server.fetchAs({ name: "x", groups: [] })(new Request("https://x/api/v1/namespaces"))).status).toBe(403)
  const version = await new Promise<string>((resolve, reject) => {
    const sent = request(`${server.url}/version`, { ca: server.authority.cert, agent: false }, (answer) => {
      let text = ""
      answer.on("data", (chunk) => (text += chunk)).on("end", () => resolve(text))
    })
    sent.on("error", reject).end()
  })
  expect(JSON.parse(version)).toMatchObject({ major: "1", minor: "36" })
  expect(server.kubeconfig).toContain(`server: "${server.url}"`)
  await server.close()
  const again = await startApiserver({ port: server.port })
  await again.close()
})

test("servers side by side know nothing of each other", async () => {
  await using one = await startApiserver()
  await using two = await startApiserver()
  const body = JSON.stringify({ kind: "Namespace", apiVersion: "v1", metadata: { name: "mine" } })
  const headers = { "content-type": "application/json" }
  await one.fetch(new Request("https://x/api/v1/namespaces", { method: "POST", body, headers }))
  expect(await names(one.fetch)).toContain("mine")
  expect(await names(two.fetch)).not.toContain("mine")
})

test("pods can be created though no controller made their service account, unless one asks for the rule", async () => {
  await using easy = await startApiserver()
  await using strict = await startApiserver({ disableAdmissionPlugins: [] })
  const body = JSON.stringify({
    kind: "Pod",
    apiVersion: "v1",
    metadata: { name: "p" },
    spec: { containers: [{ name: "c", image: "x" }] }
  })
  const create = (fetch: (request: Request) => Promise<Response>) =>
    fetch(
      new Request("https://x/api/v1/namespaces/default/pods", {
        method: "POST",
        body,
        headers: { "content-type": "application/json" }
      })
    )
  expect((await create(easy.fetch)).status).toBe(201)
  expect((await create(strict.fetch)).status).toBe(403)
})

test("a deleted claim waits for somebody to take its protection off, unless the rule is off too", async () => {
  await using easy = await startApiserver({ disableAdmissionPlugins: ["ServiceAccount", "StorageObjectInUseProtection"] })
  await using usual = await startApiserver()
  const path = "https://x/api/v1/namespaces/default/persistentvolumeclaims"
  const headers = { "content-type": "application/json" }
  const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } }
  const body = JSON.stringify({ kind: "PersistentVolumeClaim", apiVersion: "v1", metadata: { name: "c" }, spec })
  for (const [{ fetch }, code] of [
    [easy, 404],
    [usual, 200]
  ] as const) {
    expect((await fetch(new Request(path, { method: "POST", body, headers }))).status).toBe(201)
    expect((await fetch(new Request(`${path}/c`, { method: "DELETE" }))).ok).toBe(true)
    expect((await fetch(new Request(`${path}/c`))).status).toBe(code)
  }
})

test("a port that is taken is said to be", async () => {
  await using server = await startApiserver()
  const failure = await startApiserver({ port: server.port }).catch((error) => error)
  expect(failure._tag).toBe("PortInUse")
})
