import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { type Answer, configMap, eventsOf, pod, type Running, startServer, takeEvents } from "../testing/server.ts"

let server: Running
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

const path = "/api/v1/namespaces/default/configmaps"

describe("one object", () => {
  test("is created, read, replaced, patched and deleted", async () => {
    const created = await server.json("POST", path, configMap("life", { a: "1" }), { code: 201 })
    expect(created.metadata).toMatchObject({ name: "life", namespace: "default" })
    expect(created.metadata.uid).toMatch(/^[0-9a-f-]{36}$/)
    expect(created.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    expect(await server.json("GET", `${path}/life`)).toEqual(created)

    const replaced = await server.json("PUT", `${path}/life`, { ...created, data: { a: "2" } })
    expect(replaced.data).toEqual({ a: "2" })
    expect(replaced.metadata.uid).toBe(created.metadata.uid)
    expect(BigInt(replaced.metadata.resourceVersion)).toBeGreaterThan(BigInt(created.metadata.resourceVersion))

    const stale = await server.json("PUT", `${path}/life`, created, { code: 409 })
    expect(stale.message).toBe(
      'Operation cannot be fulfilled on configmaps "life": the object has been modified; please apply your changes to the latest version and try again'
    )
    const merge = { "content-type": "application/merge-patch+json" }
    const merged = await server.json("PATCH", `${path}/life`, { data: { b: "3" } }, { headers: merge })
    expect(merged.data).toEqual({ a: "2", b: "3" })
    const same = await server.json("PATCH", `${path}/life`, { data: { b: "3" } }, { headers: merge })
    expect(same.metadata.resourceVersion).toBe(merged.metadata.resourceVersion)

    const status = await server.json("DELETE", `${path}/life`)
    expect(status).toMatchObject({ kind: "Status", status: "Success", details: { name: "life", kind: "configmaps" } })
    expect((await server.json("GET", `${path}/life`, undefined, { code: 404 })).message).toBe('configmaps "life" not found')
  })

  test("is refused twice under one name", async () => {
    await server.json("POST", path, configMap("twice"))
    const again = await server.json("POST", path, configMap("twice"), { code: 409 })
    expect(again).toMatchObject({ reason: "AlreadyExists", message: 'configmaps "twice" already exists' })
  })

  test("gets a generated name", async () => {
    const made = await server.json("POST", path, { metadata: { generateName: "gen-" } })
    expect(made.metadata.name).toMatch(/^gen-[a-z0-9]{5}$/)
  })

  test("is patched by ten writers at once without a conflict", async () => {
    await server.json("POST", path, configMap("busy"))
    const headers = { "content-type": "application/merge-patch+json" }
    const patches = Array.from({ length: 10 }, (_, i) =>
      server.json("PATCH", `${path}/busy`, { data: { [`k${i}`]: "v" } }, { headers })
    )
    await Promise.all(patches)
    expect(Object.keys((await server.json("GET", `${path}/busy`)).data)).toHaveLength(10)
  })

  test("is not written in a dry run", async () => {
    const made = await server.json("POST", `${path}?dryRun=All`, configMap("dry"), { code: 201 })
    expect(made.metadata.uid).toBeString()
    await server.json("GET", `${path}/dry`, undefined, { code: 404 })
  })
})

describe("a namespace that is not there", () => {
  test("takes nothing", async () => {
    const answer = await server.json("POST", "/api/v1/namespaces/nowhere/configmaps", configMap("x"), { code: 404 })
    expect(answer.message).toBe('namespaces "nowhere" not found')
  })
})

describe("a list", () => {
  test("comes in pages that a write in between does not disturb", async () => {
    await server.json("POST", "/api/v1/namespaces", { metadata: { name: "pages" } })
    const pages = "/api/v1/namespaces/pages/configmaps"
    for (const name of ["a", "b", "c", "d", "e"]) await server.json("POST", pages, configMap(name))
    const first = await server.json("GET", `${pages}?limit=2`)
    expect(first.kind).toBe("ConfigMapList")
    expect(first.items.map((item: Answer) => item.metadata.name)).toEqual(["a", "b"])
    expect(first.metadata.remainingItemCount).toBe(3)
    await server.json("POST", pages, configMap("bb"))
    const second = await server.json("GET", `${pages}?limit=2&continue=${first.metadata.continue}`)
    expect(second.items.map((item: Answer) => item.metadata.name)).toEqual(["c", "d"])
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion)
    const last = await server.json("GET", `${pages}?limit=2&continue=${second.metadata.continue}`)
    expect(last.items.map((item: Answer) => item.metadata.name)).toEqual(["e"])
    expect(last.metadata.continue).toBeUndefined()
  })

  test("is filtered by labels and fields", async () => {
    await server.json("POST", path, { ...configMap("labelled"), metadata: { name: "labelled", labels: { app: "web" } } })
    const byLabel = await server.json("GET", `/api/v1/configmaps?labelSelector=app%3Dweb`)
    expect(byLabel.items.map((item: Answer) => item.metadata.name)).toEqual(["labelled"])
    const byName = await server.json("GET", `${path}?fieldSelector=metadata.name%3Dlabelled`)
    expect(byName.items).toHaveLength(1)
  })

  test.each([
    ["/api/v1/pods", "spec.foo", "field label not supported: spec.foo"],
    ["/api/v1/namespaces", "name", "field label not supported: name"],
    [
      "/apis/apps/v1/replicasets",
      "status.replicas",
      '"status.replicas" is not a known field selector: only "metadata.name", "metadata.namespace"'
    ]
  ])("of %s is not chosen by %s", async (all, label, message) => {
    const answer = await server.json("GET", `${all}?fieldSelector=${label}%3Dx`, undefined, { code: 400 })
    expect(answer.message).toBe(message)
  })
})

describe("a watch", () => {
  test("begins with what is there and goes on with what happens", async () => {
    await server.json("POST", "/api/v1/namespaces", { metadata: { name: "watched" } })
    const watched = "/api/v1/namespaces/watched/configmaps"
    const one = await server.json("POST", watched, configMap("one"))
    const response = await server.send("GET", `${watched}?watch=true`)
    const later = server
      .json("PUT", `${watched}/one`, { ...one, data: { x: "y" } })
      .then(() => server.json("DELETE", `${watched}/one`))
    const events = await takeEvents(response, 3)
    await later
    expect(events.map(({ type }) => type)).toEqual(["ADDED", "MODIFIED", "DELETED"])
    expect(events[2].object.data).toEqual({ x: "y" })
    expect(BigInt(events[2].object.metadata.resourceVersion)).toBeGreaterThan(BigInt(events[1].object.metadata.resourceVersion))
    const again = await takeEvents(
      await server.send("GET", `${watched}?watch=true&resourceVersion=${one.metadata.resourceVersion}`),
      2
    )
    expect(again).toEqual(events.slice(1))
  })

  test("with a selector sees objects come and go as they begin and cease to match", async () => {
    const response = await server.send("GET", `${path}?watch=true&labelSelector=on%3Dyes&resourceVersion=0`)
    const made = await server.json("POST", path, configMap("blinker"))
    const headers = { "content-type": "application/merge-patch+json" }
    await server.json("PATCH", `${path}/${made.metadata.name}`, { metadata: { labels: { on: "yes" } } }, { headers })
    await server.json("PATCH", `${path}/${made.metadata.name}`, { metadata: { labels: { on: "no" } } }, { headers })
    const events = await takeEvents(response, 2)
    expect(events.map(({ type }) => type)).toEqual(["ADDED", "DELETED"])
    expect(events[1].object.metadata.labels).toEqual({ on: "yes" })
  })

  test("ends its initial events with a bookmark", async () => {
    const query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    const seen: Array<string> = []
    for await (const event of eventsOf(await server.send("GET", `/api/v1/namespaces?${query}`))) {
      seen.push(event.type)
      if (event.type !== "BOOKMARK") continue
      expect(event.object.metadata.annotations).toEqual({ "k8s.io/initial-events-end": "true" })
      break
    }
    expect(seen.slice(0, -1)).toEqual(seen.slice(0, -1).map(() => "ADDED"))
    expect(seen.length).toBeGreaterThan(4)
  })
})

test("a pod is pending first", async () => {
  await server.send("POST", "/api/v1/namespaces/default/serviceaccounts", { metadata: { name: "default" } })
  const made = await server.json("POST", "/api/v1/namespaces/default/pods", pod("one"))
  expect(made.spec.containers[0].name).toBe("main")
})

test("what upstream warns of is told in headers, once", async () => {
  const body = pod("warned", {
    spec: {
      containers: [
        {
          name: "main",
          image: "x",
          env: [
            { name: "A", value: "1" },
            { name: "A", value: "2" }
          ]
        }
      ]
    }
  })
  const response = await server.send("POST", "/api/v1/namespaces/default/pods", body)
  expect(response.status).toBe(201)
  expect(response.headers.get("warning")).toBe(
    '299 - "spec.containers[0].env[1]: hides previous definition of \\"A\\", which may be dropped when using apply"'
  )
})

describe("what is not a route", () => {
  test("deleting or creating in all namespaces at once is refused, and deletes nothing", async () => {
    await server.json("POST", path, configMap("survivor", {}), { code: 201 })
    for (const method of ["DELETE", "POST"]) {
      const refused = await server.json(method, "/api/v1/configmaps", configMap("nowhere", {}), { code: 405 })
      expect(refused.message).toBe("the server does not allow this method on the requested resource")
    }
    expect((await server.json("GET", `${path}/survivor`)).metadata.name).toBe("survivor")
  })

  test("a resource that a known group does not have is told by a Status", async () => {
    const missing = await server.json("GET", "/apis/apps/v1/nonsense", undefined, { code: 404 })
    expect(missing).toMatchObject({ reason: "NotFound", message: "the server could not find the requested resource" })
  })

  test("a PUT says the name", async () => {
    const unnamed = { apiVersion: "v1", kind: "ConfigMap", metadata: {} }
    const refused = await server.json("PUT", `${path}/survivor`, unnamed, { code: 400 })
    expect(refused.message).toBe("the name of the object (survivor based on URL) was undeterminable: name must be provided")
  })
})
