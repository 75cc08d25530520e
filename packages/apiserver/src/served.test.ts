/** What is served, compared with upstream's v1.36 entry by entry: `testing/served-*.txt` are written by `scripts/generate/served-facts.ts`. @module */
import { afterAll, beforeAll, expect, test } from "bun:test"
import { readFileSync } from "node:fs"
import { type Answer, type Running, startServer } from "./testing/server.ts"

const linesOf = (file: string): ReadonlyArray<string> =>
  readFileSync(new URL(`./testing/${file}`, import.meta.url), "utf8")
    .trim()
    .split("\n")

/** A line of the data, in the words of the discovery document. */
interface Fact {
  readonly name: string
  readonly namespaced: boolean
  readonly kind: string
  readonly verbs: ReadonlyArray<string>
  readonly shortNames: ReadonlyArray<string>
  readonly categories: ReadonlyArray<string>
}

const wordsAfter = (line: string, mark: string): ReadonlyArray<string> =>
  new RegExp(`  ${mark}=(\\S+)`).exec(line)?.[1]?.split(",") ?? []

const readFacts = (): ReadonlyMap<string, { readonly byDefault: boolean; readonly facts: ReadonlyArray<Fact> }> => {
  const sections = new Map<string, { byDefault: boolean; facts: Array<Fact> }>()
  let current: Array<Fact> = []
  for (const line of linesOf("served-resources.txt")) {
    const heading = /^## (\S+) {2}\[(.*)\]/.exec(line)
    if (heading !== null) {
      current = []
      sections.set(heading[1]!, { byDefault: heading[2]!.startsWith("GA"), facts: current })
      continue
    }
    const [name = "", scope, kind = "", verbs = ""] = line.split(/\s+/)
    current.push({
      name,
      namespaced: scope === "ns",
      kind,
      verbs: verbs.split(",").sort(),
      shortNames: wordsAfter(line, "short"),
      categories: wordsAfter(line, "cat")
    })
  }
  return sections
}

const pathOfVersion = (groupVersion: string): string =>
  groupVersion.includes("/") ? `/apis/${groupVersion}` : `/api/${groupVersion}`
const sorted = <A extends { readonly name: string }>(entries: ReadonlyArray<A>): ReadonlyArray<A> =>
  [...entries].sort((a, b) => (a.name < b.name ? -1 : 1))

const shown = ({ name, namespaced, kind, verbs, shortNames = [], categories = [] }: Answer): Fact => ({
  name,
  namespaced,
  kind,
  verbs: [...verbs].sort(),
  shortNames,
  categories
})

let plain: Running
let everything: Running
beforeAll(async () => {
  plain = await startServer()
  everything = await startServer({ runtimeConfig: { "api/all": true } })
})
afterAll(async () => {
  await plain.close()
  await everything.close()
})

const versionsOf = async (server: Running): Promise<ReadonlyArray<string>> => [
  ...(await server.json("GET", "/api")).versions,
  ...(await server.json("GET", "/apis")).groups.flatMap(({ versions }: Answer) =>
    versions.map(({ groupVersion }: Answer) => groupVersion)
  )
]

test("the groups and versions are those of the data, by default the stable ones", async () => {
  const facts = readFacts()
  expect([...(await versionsOf(everything))].sort()).toEqual([...facts.keys()].sort())
  const byDefault = [...facts].filter(([, section]) => section.byDefault).map(([version]) => version)
  expect([...(await versionsOf(plain))].sort()).toEqual(byDefault.sort())
})

test("every resource, verb, scope, kind, short name and category is that of the data: no difference", async () => {
  let compared = 0
  for (const [groupVersion, { byDefault, facts }] of readFacts()) {
    for (const server of byDefault ? [plain, everything] : [everything]) {
      const { resources } = await server.json("GET", pathOfVersion(groupVersion))
      expect({ groupVersion, resources: sorted(resources.map(shown)) }).toEqual({
        groupVersion,
        resources: sorted(facts) as Array<Fact>
      })
      compared += facts.length
    }
  }
  expect(compared).toBeGreaterThan(240)
})

test("the aggregated documents say the same as the old ones", async () => {
  for (const root of ["/api", "/apis"]) {
    const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    const { items } = await everything.json("GET", root, undefined, { headers: { accept } })
    for (const { metadata, versions } of items) {
      for (const { version, resources } of versions) {
        const path = root === "/api" ? `/api/${version}` : `/apis/${metadata.name}/${version}`
        const old = await everything.json("GET", path)
        const entries = resources.flatMap((entry: Answer) => [
          {
            ...shown({ ...entry, name: entry.resource, kind: entry.responseKind.kind, namespaced: entry.scope === "Namespaced" })
          },
          ...(entry.subresources ?? []).map((part: Answer) => ({
            ...shown({
              ...part,
              name: `${entry.resource}/${part.subresource}`,
              kind: part.responseKind.kind,
              namespaced: entry.scope === "Namespaced"
            })
          }))
        ])
        expect(entries).toEqual(old.resources.map(shown))
      }
    }
  }
})

test("every operation of the data is answered", async () => {
  const refused: Array<string> = []
  for (const line of linesOf("served-operations.txt")) {
    const [method = "", template = "", action = ""] = line.split(" ")
    // Connections need a kubelet, and are tested where they are made.
    if (action === "connect") continue
    const path = template.replace("{namespace}", "default").replace("{name}", "none")
    const body = method === "GET" || method === "DELETE" ? undefined : "{}"
    const type = method === "PATCH" ? "application/merge-patch+json" : "application/json"
    const query = method === "GET" ? (action.startsWith("watch") ? "?timeoutSeconds=1" : "") : "?dryRun=All"
    const response = await everything.send(method, path + query, body, body === undefined ? {} : { "content-type": type })
    const isStatus = response.headers.get("content-type")?.startsWith("application/json") === true
    if (response.status === 405 || !isStatus || response.status === 500) refused.push(`${response.status} ${line}`)
    await response.body?.cancel()
  }
  expect(refused).toEqual([])
})

test("what is not asked for is not served", async () => {
  expect((await plain.send("GET", "/apis/networking.k8s.io/v1beta1/ipaddresses")).status).toBe(404)
  const one = await startServer({ runtimeConfig: { "networking.k8s.io/v1beta1/ipaddresses": true } })
  expect((await one.send("GET", "/apis/networking.k8s.io/v1beta1/ipaddresses")).status).toBe(200)
  expect((await one.send("GET", "/apis/networking.k8s.io/v1beta1/servicecidrs")).status).toBe(404)
  await one.close()
  await expect(startServer({ runtimeConfig: { "nothing/v1": true } })).rejects.toThrow("unknown api groups nothing/v1")
})

test("versions of one group show the same objects", async () => {
  const request = (name: string, deviceClassName: string) => ({ name, deviceClassName, allocationMode: "ExactCount", count: 1 })
  const path = "/namespaces/default/resourceclaims"
  await everything.json("POST", `/apis/resource.k8s.io/v1beta1${path}`, {
    metadata: { name: "gpu" },
    spec: { devices: { requests: [request("one", "gpu.example.com")] } }
  })
  const stable = await everything.json("GET", `/apis/resource.k8s.io/v1${path}/gpu`)
  expect(stable.apiVersion).toBe("resource.k8s.io/v1")
  const { name, ...exactly } = request("one", "gpu.example.com")
  expect(stable.spec.devices.requests).toEqual([{ name, exactly }])
  const beta = await everything.json("GET", `/apis/resource.k8s.io/v1beta1${path}/gpu`)
  expect(beta.spec.devices.requests).toEqual([request("one", "gpu.example.com")])
  const between = await everything.json("GET", `/apis/resource.k8s.io/v1beta2${path}/gpu`)
  expect(between).toEqual({ ...stable, apiVersion: "resource.k8s.io/v1beta2" })
  const ready = await everything.json("GET", "/apis/networking.k8s.io/v1beta1/servicecidrs/kubernetes")
  expect(ready.apiVersion).toBe("networking.k8s.io/v1beta1")
})

test("component statuses tell of the store, and are deprecated", async () => {
  const response = await plain.send("GET", "/api/v1/componentstatuses")
  expect(response.headers.get("warning")).toBe('299 - "v1 ComponentStatus is deprecated in v1.19+"')
  const { items } = (await response.json()) as Answer
  expect(items).toEqual([
    {
      kind: "ComponentStatus",
      apiVersion: "v1",
      metadata: { name: "etcd-0" },
      conditions: [{ type: "Healthy", status: "True", message: "ok" }]
    }
  ])
  expect((await plain.send("GET", "/api/v1/componentstatuses/other")).status).toBe(404)
})
