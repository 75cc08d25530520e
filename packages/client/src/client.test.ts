import { expect, test } from "bun:test"
import { deployments } from "@tsukube/api/apps-v1"
import { configmaps, namespaces, nodes, pods, serviceaccounts } from "@tsukube/api/core-v1"
import { Apiserver, layer as layerApiserver } from "@tsukube/apiserver"
import { layerMemory } from "@tsukube/store"
import { live } from "@tsukube/testing"
import { Context, Effect, Fiber, Layer, Stream } from "effect"
import { keyOf, parseKey } from "./client.ts"
import { makeClient } from "./verbs.ts"

/** A client of an API server in this process, as an administrator. */
const start = Effect.map(Layer.build(layerApiserver().pipe(Layer.provide(layerMemory))), (context) =>
  makeClient(Context.get(context, Apiserver).fetchAs({ name: "admin", groups: ["system:masters", "system:authenticated"] }))
)

const namespace = "default"
const key = { namespace, name: "a" }

test("keys of objects are namespace and name, and can be read back", () => {
  expect(keyOf({ metadata: { namespace: "web", name: "a" } })).toBe("web/a")
  expect(keyOf({ metadata: { name: "n1" } })).toBe("n1")
  expect(parseKey("web/a")).toEqual({ namespace: "web", name: "a" })
  expect(parseKey("n1")).toEqual({ name: "n1" })
})

test(
  "an object is created, read, changed, patched in three ways and deleted",
  live(() =>
    Effect.gen(function* () {
      const client = yield* start
      const created = yield* client.create(configmaps, { metadata: key, data: { a: "1" } })
      expect(created).toMatchObject({ apiVersion: "v1", kind: "ConfigMap", data: { a: "1" } })
      expect(yield* client.get(configmaps, key)).toEqual(created)

      const updated = yield* client.update(configmaps, { ...created, data: { a: "2" } })
      expect(updated.data).toEqual({ a: "2" })
      const stale = yield* Effect.flip(client.update(configmaps, { ...created, data: { a: "3" } }))
      expect(stale).toMatchObject({ _tag: "StatusError", code: 409, reason: "Conflict" })

      yield* client.patch(configmaps, key, { type: "merge", body: { data: { b: "m" } } })
      yield* client.patch(configmaps, key, { type: "json", body: [{ op: "add", path: "/data/c", value: "j" }] })
      const patched = yield* client.patch(configmaps, key, { type: "strategic", body: { data: { d: "s" } } })
      expect(patched.data).toEqual({ a: "2", b: "m", c: "j", d: "s" })

      yield* client.delete(configmaps, key)
      expect(yield* Effect.flip(client.get(configmaps, key))).toMatchObject({ code: 404, message: 'configmaps "a" not found' })
    })
  )
)

test(
  "lists are narrowed by selectors and namespaces, come in pages, and their items say what they are",
  live(() =>
    Effect.gen(function* () {
      const client = yield* start
      yield* client.create(namespaces, { metadata: { name: "web" } })
      for (const [where, name, tier] of [
        ["default", "a", "front"],
        ["default", "b", "back"],
        ["web", "c", "front"]
      ] as const)
        yield* client.create(configmaps, { metadata: { namespace: where, name, labels: { tier } } })
      const names = (options: Parameters<typeof client.list>[1]) =>
        Effect.map(client.list(configmaps, { labelSelector: "tier", ...options }), ({ items }) => items.map(keyOf))
      expect(yield* names({})).toEqual(["default/a", "default/b", "web/c"])
      expect(yield* names({ namespace: "default" })).toEqual(["default/a", "default/b"])
      expect(yield* names({ labelSelector: "tier=front" })).toEqual(["default/a", "web/c"])
      expect(yield* names({ labelSelector: "tier", fieldSelector: "metadata.name=b" })).toEqual(["default/b"])

      const first = yield* client.list(configmaps, { labelSelector: "tier", limit: 2 })
      expect(first.items.map(({ apiVersion, kind }) => [apiVersion, kind])).toEqual([
        ["v1", "ConfigMap"],
        ["v1", "ConfigMap"]
      ])
      expect(yield* names({ limit: 2, continue: first.metadata.continue! })).toEqual(["web/c"])

      yield* client.deleteCollection(configmaps, { namespace: "default", labelSelector: "tier" })
      expect(yield* names({})).toEqual(["web/c"])
    })
  )
)

test(
  "status and other subresources are written on their own",
  live(() =>
    Effect.gen(function* () {
      const client = yield* start
      const template = { metadata: { labels: { app: "a" } }, spec: { containers: [{ name: "c", image: "i" }] } }
      const deployment = yield* client.create(deployments, {
        metadata: key,
        spec: { selector: { matchLabels: { app: "a" } }, template }
      })
      const withStatus = yield* client.updateStatus(deployments, {
        ...deployment,
        status: { observedGeneration: 1, replicas: 1 }
      })
      expect(withStatus.status?.replicas).toBe(1)
      const scale = yield* client.getSubresource<{ spec: { replicas: number } }>(deployments, key, "scale")
      expect(scale.spec.replicas).toBe(1)
      yield* client.updateSubresource(deployments, key, "scale", { ...scale, spec: { replicas: 3 } })
      expect((yield* client.get(deployments, key)).spec?.replicas).toBe(3)

      yield* client.create(serviceaccounts, { metadata: { namespace, name: "default" } })
      yield* client.create(pods, { metadata: key, spec: { containers: [{ name: "c", image: "i" }] } })
      const binding = { apiVersion: "v1", kind: "Binding", metadata: key, target: { kind: "Node", name: "n1" } }
      yield* client.createSubresource(pods, key, "binding", binding)
      expect((yield* client.get(pods, key)).spec?.nodeName).toBe("n1")
    })
  )
)

test(
  "a watch tells of every change from its revision on, in order, until it is left",
  live(() =>
    Effect.gen(function* () {
      const client = yield* start
      const { metadata } = yield* client.list(configmaps, { namespace })
      const events = yield* client.watch(configmaps, { namespace, resourceVersion: metadata.resourceVersion! }).pipe(
        Stream.map(({ type, object }) => [type, object.data?.["n"]]),
        Stream.take(3),
        Stream.runCollect,
        Effect.forkChild
      )
      yield* client.create(configmaps, { metadata: key, data: { n: "1" } })
      yield* client.patch(configmaps, key, { type: "merge", body: { data: { n: "2" } } })
      yield* client.delete(configmaps, key)
      expect(yield* Fiber.join(events)).toEqual([
        ["ADDED", "1"],
        ["MODIFIED", "2"],
        ["DELETED", "2"]
      ])
    })
  )
)

test(
  "dry runs store nothing, other requests go through, and an object without a name is a defect, not a collection",
  live(() =>
    Effect.gen(function* () {
      const client = yield* start
      yield* client.create(configmaps, { metadata: key }, { dryRun: true })
      expect(yield* Effect.flip(client.get(configmaps, key))).toMatchObject({ code: 404 })
      const version = yield* client.request({ path: "/version" })
      expect(yield* Effect.promise(() => version.json())).toMatchObject({ major: "1", minor: "36" })
      expect(String((yield* Effect.exit(client.delete(nodes, { name: "" }))).toString())).toContain(
        "resource name may not be empty"
      )
    })
  )
)
