import { afterAll, beforeAll, expect, test } from "bun:test"
import type { KubernetesObject } from "@tsukube/api"
import { type Entry, makeMemory, Store } from "@tsukube/store"
import { Effect, Layer } from "effect"
import { rbacBootstrap } from "./authorize/rbac-bootstrap.ts"
import { markedText } from "./authorize/role-text.ts"
import { roleTexts } from "./authorize/role-texts.ts"
import { type Answer, type Running, startServer } from "./testing/server.ts"

const contentOf = (store: Store): Promise<ReadonlyArray<Entry>> =>
  Effect.runPromise(Effect.map(store.list({ prefix: "" }), ({ entries }) => entries))

const collectionOf = ({ apiVersion = "", kind = "", metadata }: KubernetesObject): string => {
  const plural = kind === "PriorityClass" ? "priorityclasses" : kind === "IPAddress" ? "ipaddresses" : `${kind.toLowerCase()}s`
  const start = apiVersion === "v1" ? "/api/v1" : `/apis/${apiVersion}`
  return metadata?.namespace === undefined ? `${start}/${plural}` : `${start}/namespaces/${metadata.namespace}/${plural}`
}

const store = makeMemory()
let server: Running
beforeAll(async () => {
  server = await startServer({}, Layer.succeed(Store, store))
})
afterAll(() => server.close())

test("the texts of the roles are those of the roles; else run scripts/generate/role-texts.ts", () => {
  expect(roleTexts).toEqual(Object.fromEntries(rbacBootstrap.map(markedText)))
})

test("what a cluster begins with is written at one revision", async () => {
  const entries = await contentOf(store)
  expect(entries.length).toBeGreaterThan(100)
  expect(new Set(entries.map(({ revision }) => revision)).size).toBe(1)
})

test("a client that creates the same gets the same, word for word", async () => {
  /** What differs between two creations of one object. */
  const comparable = ({ metadata, ...rest }: Answer) => {
    const { uid: _, creationTimestamp: __, resourceVersion: ___, name: ____, managedFields = [], ...kept } = metadata
    const entries = managedFields.map(({ fieldsV1, operation }: Answer) => ({ fieldsV1, operation }))
    return { ...rest, metadata: { ...kept, managedFields: entries } }
  }
  for (const { value } of await contentOf(store)) {
    const object: Answer = JSON.parse(value)
    // Ranges and the addresses claimed from them exist once.
    if (["Namespace", "Service", "ServiceCIDR", "IPAddress"].includes(object.kind)) continue
    const { managedFields: _, ...metadata } = object.metadata
    const path = collectionOf(object)
    // Names of this prefix may have values that are refused to everybody else.
    const own = object.kind === "PriorityClass" && object.metadata.name.startsWith("system-")
    const copy = own ? { ...object, metadata, value: 1 } : { ...object, metadata }
    const created = await server.json("POST", `${path}?dryRun=All`, {
      ...copy,
      metadata: { ...metadata, name: `copy-${own ? "one" : "of"}`, uid: "" }
    })
    expect(comparable(own ? { ...created, value: object.value } : created)).toEqual(comparable(object))
  }
})

test("servers that start at the same moment write it once", async () => {
  const shared = makeMemory()
  const servers = await Promise.all(Array.from({ length: 5 }, () => startServer({}, Layer.succeed(Store, shared))))
  expect(new Set((await contentOf(shared)).map(({ revision }) => revision)).size).toBe(1)
  for (const one of servers) expect((await one.json("GET", "/api/v1/namespaces/kube-system")).status.phase).toBe("Active")
  await Promise.all(servers.map(({ close }) => close()))
})

test("what is missing at a later start is written again", async () => {
  const shared = makeMemory()
  const first = await startServer({}, Layer.succeed(Store, shared))
  await first.json("DELETE", "/apis/rbac.authorization.k8s.io/v1/clusterroles/view")
  await first.json("DELETE", "/apis/scheduling.k8s.io/v1/priorityclasses/system-node-critical")
  await first.close()
  const before = (await contentOf(shared)).length
  const second = await startServer({}, Layer.succeed(Store, shared))
  expect((await contentOf(shared)).length).toBe(before + 2)
  await second.json("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles/view")
  await second.close()
})
