/** Every combination of the parameters of list and watch: https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions @module */
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { type Answer, configMap, eventsOf, type Running, startServer, takeEvents } from "../testing/server.ts"

const path = "/api/v1/namespaces/default/configmaps"
let server: Running
/** Revisions: of the moment with a, b, c; and of the last change. */
let middle = ""
let newest = ""
let first = ""

beforeAll(async () => {
  server = await startServer()
  const create = async (name: string) => (await server.json("POST", path, configMap(name))).metadata.resourceVersion
  first = await create("a")
  await create("b")
  middle = await create("c")
  await server.json("DELETE", `${path}/b`)
  await create("d")
  newest = await create("e")
})
afterAll(() => server.close())

const now = ["a", "c", "d", "e"]
const then = ["a", "b", "c"]

type Version = "unset" | "0" | "middle" | "newest" | "future"
type Outcome = ReadonlyArray<string> | number

/** Names of the first page, or the code of the refusal. */
const lists: ReadonlyArray<readonly [match: string, limit: number, version: Version, outcome: Outcome]> = [
  ["", 0, "unset", now],
  ["", 0, "0", now],
  ["", 0, "middle", now],
  ["", 0, "newest", now],
  ["", 0, "future", 504],
  ["", 2, "unset", now.slice(0, 2)],
  ["", 2, "0", now.slice(0, 2)],
  ["", 2, "middle", then.slice(0, 2)],
  ["", 2, "newest", now.slice(0, 2)],
  ["", 2, "future", 504],
  ["Exact", 0, "unset", 422],
  ["Exact", 0, "0", 422],
  ["Exact", 0, "middle", then],
  ["Exact", 0, "newest", now],
  ["Exact", 0, "future", 504],
  ["Exact", 2, "unset", 422],
  ["Exact", 2, "0", 422],
  ["Exact", 2, "middle", then.slice(0, 2)],
  ["Exact", 2, "newest", now.slice(0, 2)],
  ["NotOlderThan", 0, "unset", 422],
  ["NotOlderThan", 0, "0", now],
  ["NotOlderThan", 0, "middle", now],
  ["NotOlderThan", 0, "newest", now],
  ["NotOlderThan", 0, "future", 504],
  ["NotOlderThan", 2, "unset", 422],
  ["NotOlderThan", 2, "0", now.slice(0, 2)],
  ["NotOlderThan", 2, "middle", now.slice(0, 2)],
  ["Sometimes", 0, "middle", 422]
]

const versionOf = (version: Version): string | undefined =>
  ({ unset: undefined, "0": "0", middle, newest, future: "99999999" })[version]

const queryOf = (parameters: Readonly<Record<string, string | number | undefined>>): string =>
  Object.entries(parameters)
    .flatMap(([name, value]) => (value === undefined || value === "" || value === 0 ? [] : [`${name}=${value}`]))
    .join("&")

const namesOf = (list: Answer): ReadonlyArray<string> => list.items.map((item: Answer) => item.metadata.name)

describe("list", () => {
  for (const [match, limit, version, outcome] of lists) {
    test(`match=${match || "unset"} limit=${limit || "unset"} resourceVersion=${version}`, async () => {
      const query = queryOf({ resourceVersionMatch: match, limit, resourceVersion: versionOf(version) })
      const response = await server.send("GET", `${path}?${query}`)
      const answer = (await response.json()) as Answer
      expect(typeof outcome === "number" ? response.status : namesOf(answer)).toEqual(outcome as never)
    })
  }

  const pages: ReadonlyArray<readonly [version: Version, match: string, limit: number, outcome: Outcome]> = [
    ["unset", "", 2, now.slice(2)],
    ["0", "", 2, now.slice(2)],
    ["unset", "", 0, now.slice(2)],
    ["middle", "", 2, 400],
    ["unset", "Exact", 2, 422],
    ["unset", "NotOlderThan", 2, 422],
    ["middle", "Exact", 2, 422]
  ]
  for (const [version, match, limit, outcome] of pages) {
    test(`continue, match=${match || "unset"} limit=${limit || "unset"} resourceVersion=${version}`, async () => {
      const { metadata } = await server.json("GET", `${path}?limit=2`)
      expect(metadata.remainingItemCount).toBe(2)
      const query = queryOf({
        continue: metadata.continue,
        resourceVersionMatch: match,
        limit,
        resourceVersion: versionOf(version)
      })
      const response = await server.send("GET", `${path}?${query}`)
      const answer = (await response.json()) as Answer
      expect(typeof outcome === "number" ? response.status : namesOf(answer)).toEqual(outcome as never)
    })
  }

  test("pages of an exact revision are all of that revision", async () => {
    const page = await server.json("GET", `${path}?limit=2&resourceVersion=${middle}&resourceVersionMatch=Exact`)
    expect(page.metadata.resourceVersion).toBe(middle)
    const last = await server.json("GET", `${path}?limit=2&continue=${page.metadata.continue}`)
    expect([...namesOf(page), ...namesOf(last)]).toEqual(then)
    expect(last.metadata).toEqual({ resourceVersion: middle })
  })

  test("pages are stable under writes", async () => {
    const other = "/api/v1/namespaces/default/secrets"
    for (const name of ["a", "b", "c", "d"]) await server.json("POST", other, { metadata: { name } })
    const page = await server.json("GET", `${other}?limit=2`)
    await server.json("DELETE", `${other}/c`)
    await server.json("POST", other, { metadata: { name: "bb" } })
    const rest = await server.json("GET", `${other}?limit=9&continue=${page.metadata.continue}`)
    expect(namesOf(rest)).toEqual(["c", "d"])
    expect(rest.metadata.resourceVersion).toBe(page.metadata.resourceVersion)
  })

  test("with selectors pages do not say how many remain", async () => {
    const page = await server.json("GET", `${path}?limit=1&labelSelector=!none`)
    expect(page.metadata.continue).toBeString()
    expect(page.metadata.remainingItemCount).toBeUndefined()
  })
})

/** The first events as `TYPE name`, up to a bookmark or to the change that every test makes last. */
const watches: ReadonlyArray<
  readonly [sendInitialEvents: string, match: string, version: Version, bookmarks: boolean, outcome: Outcome]
> = [
  ["", "", "unset", false, [...now.map((name) => `ADDED ${name}`), "MODIFIED e"]],
  ["", "", "0", false, [...now.map((name) => `ADDED ${name}`), "MODIFIED e"]],
  ["", "", "middle", false, ["DELETED b", "ADDED d", "ADDED e", "MODIFIED e"]],
  ["", "", "newest", false, ["MODIFIED e"]],
  ["", "NotOlderThan", "middle", false, 422],
  ["true", "", "unset", true, 422],
  ["true", "Exact", "middle", true, 422],
  ["true", "NotOlderThan", "unset", true, [...now.map((name) => `ADDED ${name}`), "BOOKMARK "]],
  ["true", "NotOlderThan", "0", true, [...now.map((name) => `ADDED ${name}`), "BOOKMARK "]],
  ["true", "NotOlderThan", "middle", true, [...now.map((name) => `ADDED ${name}`), "BOOKMARK "]],
  ["true", "NotOlderThan", "newest", true, [...now.map((name) => `ADDED ${name}`), "BOOKMARK "]],
  ["true", "NotOlderThan", "future", true, 504],
  ["true", "NotOlderThan", "unset", false, [...now.map((name) => `ADDED ${name}`), "MODIFIED e"]],
  ["false", "", "unset", true, 422],
  ["false", "NotOlderThan", "unset", true, ["MODIFIED e"]],
  ["false", "NotOlderThan", "0", true, ["MODIFIED e"]],
  ["false", "NotOlderThan", "middle", true, ["DELETED b", "ADDED d", "ADDED e", "MODIFIED e"]]
]

describe("watch", () => {
  let changes = 0
  for (const [sendInitialEvents, match, version, bookmarks, outcome] of watches) {
    const title = `sendInitialEvents=${sendInitialEvents || "unset"} match=${match || "unset"} resourceVersion=${version} bookmarks=${bookmarks}`
    test(title, async () => {
      // The object that earlier tests changed is made anew, so that the history before stays as the table says.
      const parameters = { sendInitialEvents, resourceVersionMatch: match, resourceVersion: versionOf(version) }
      const query = queryOf({
        watch: "true",
        timeoutSeconds: 5,
        allowWatchBookmarks: bookmarks ? "true" : "false",
        ...parameters
      })
      const response = await server.send("GET", `${path}?${query}`)
      if (typeof outcome === "number") {
        expect(response.status).toBe(outcome)
        await response.body?.cancel()
        return
      }
      const label = { metadata: { labels: { change: String(changes++) } } }
      await server.json("PATCH", `${path}/e`, label, { headers: { "content-type": "application/merge-patch+json" } })
      const shown: Array<string> = []
      for await (const { type, object } of eventsOf(response)) {
        // Changes by the tests before this one.
        if (type === "MODIFIED" && object.metadata.labels.change !== label.metadata.labels.change) continue
        shown.push(`${type} ${object.metadata.name ?? ""}`)
        if (shown.length === outcome.length) {
          if (type === "BOOKMARK") expect(object.metadata.annotations).toEqual({ "k8s.io/initial-events-end": "true" })
          break
        }
      }
      expect(shown).toEqual([...outcome])
    })
  }

  test("selectors turn updates into ADDED and DELETED", async () => {
    const response = await server.send("GET", `${path}?watch=true&labelSelector=chosen&resourceVersion=0`)
    const merge = { headers: { "content-type": "application/merge-patch+json" } }
    await server.json("PATCH", `${path}/a`, { metadata: { labels: { chosen: "yes" } } }, merge)
    await server.json("PATCH", `${path}/a`, { data: { x: "y" } }, merge)
    await server.json("PATCH", `${path}/a`, { metadata: { labels: { chosen: null } } }, merge)
    const events = await takeEvents(response, 3)
    expect(events.map(({ type }) => type)).toEqual(["ADDED", "MODIFIED", "DELETED"])
    expect(events[2].object.metadata.labels).toEqual({ chosen: "yes" })
  })

  test("the deprecated paths watch a collection, and one object", async () => {
    const one = await takeEvents(await server.send("GET", "/api/v1/watch/namespaces/default/configmaps/c"), 1)
    expect(one[0].object.metadata.name).toBe("c")
    const after = `/api/v1/watch/namespaces/default/configmaps?resourceVersion=${first}`
    expect((await takeEvents(await server.send("GET", after), 1))[0].object.metadata.name).toBe("b")
    expect((await server.send("DELETE", "/api/v1/watch/namespaces/default/configmaps")).status).toBe(405)
  })
})
