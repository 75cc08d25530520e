import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { type Answer, configMap, type Running, startServer, takeEvents } from "../testing/server.ts"

let server: Running
const path = "/api/v1/namespaces/default/configmaps"
const versions: Array<string> = []

beforeAll(async () => {
  server = await startServer()
  for (const name of ["a", "b", "c"]) versions.push((await server.json("POST", path, configMap(name))).metadata.resourceVersion)
})
afterAll(() => server.close())

const names = (list: Answer): ReadonlyArray<string> => list.items.map((item: Answer) => item.metadata.name)

describe("a list", () => {
  test("at an exact revision shows what was there then", async () => {
    const list = await server.json("GET", `${path}?resourceVersion=${versions[1]}&resourceVersionMatch=Exact`)
    expect(names(list)).toEqual(["a", "b"])
    expect(list.metadata.resourceVersion).toBe(versions[1])
    expect(names(await server.json("GET", `${path}?resourceVersion=${versions[0]}&limit=5`))).toEqual(["a"])
  })

  test("not older than a revision shows at least that", async () => {
    for (const version of ["0", versions[1]!, versions[2]!]) {
      expect(names(await server.json("GET", `${path}?resourceVersion=${version}`))).toEqual(["a", "b", "c"])
    }
    expect(names(await server.json("GET", `${path}?resourceVersion=0&limit=2`))).toEqual(["a", "b"])
  })

  test("of a revision that is still to come is a timeout with a cause", async () => {
    const answer = await server.json("GET", `${path}?resourceVersion=999999`, undefined, { code: 504 })
    expect(answer.details).toMatchObject({ causes: [{ reason: "ResourceVersionTooLarge" }], retryAfterSeconds: 1 })
  })

  test("refuses what does not fit together", async () => {
    const refused: Readonly<Record<string, number>> = {
      "resourceVersionMatch=Exact": 422,
      "resourceVersion=0&resourceVersionMatch=Exact": 422,
      "resourceVersion=1&resourceVersionMatch=Whatever": 422,
      "sendInitialEvents=true": 422,
      "watch=true&resourceVersionMatch=NotOlderThan": 422,
      "resourceVersion=x": 400,
      "limit=x": 400,
      "continue=x": 400,
      "labelSelector=a%20b%20c": 400
    }
    for (const [query, code] of Object.entries(refused)) {
      expect([query, (await server.send("GET", `${path}?${query}`)).status]).toEqual([query, code])
    }
  })
})

describe("a watch", () => {
  test("after a revision begins with the next change", async () => {
    const events = await takeEvents(await server.send("GET", `${path}?watch=true&resourceVersion=${versions[0]}`), 2)
    expect(events.map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual(["ADDED b", "ADDED c"])
  })

  test("ends when its time is up", async () => {
    const response = await server.send(
      "GET",
      `${path}?watch=true&resourceVersion=${versions[2]}&timeoutSeconds=1&allowWatchBookmarks=true`
    )
    await server.json("POST", "/api/v1/namespaces/default/secrets", { metadata: { name: "moves-the-revision" } })
    const lines = (await response.text()).trim().split("\n")
    const last = JSON.parse(lines.at(-1)!)
    expect(last).toMatchObject({ type: "BOOKMARK", object: { kind: "ConfigMap" } })
    expect(BigInt(last.object.metadata.resourceVersion)).toBeGreaterThan(BigInt(versions[2]!))
  })

  test("shows Tables and bare metadata as a list does", async () => {
    const accept = "application/json;as=Table;g=meta.k8s.io;v=v1"
    const query = `watch=true&resourceVersion=${versions[0]}`
    const tables = await takeEvents(await server.send("GET", `${path}?${query}`, undefined, { accept }), 2)
    expect(tables[0].object.columnDefinitions[0].name).toBe("Name")
    expect(tables[0].object.rows[0].cells[0]).toBe("b")
    expect(tables[1].object.columnDefinitions).toEqual([])
    const partial = { accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1" }
    const [event] = await takeEvents(await server.send("GET", `${path}?${query}`, undefined, partial), 1)
    expect(event.object).toMatchObject({ kind: "PartialObjectMetadata", metadata: { name: "b" } })
  })
})
