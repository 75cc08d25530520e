import { expect, test } from "bun:test"
import { type ConfigMap, configmaps } from "@tsukube/api/core-v1"
import { Apiserver, layer as layerApiserver } from "@tsukube/apiserver"
import { layerMemory } from "@tsukube/store"
import { eventually, live } from "@tsukube/testing"
import { Context, Effect, Exit, Layer, Logger, Scope } from "effect"
import { keyOf } from "./client.ts"
import { makeInformers } from "./informer.ts"
import type { InformerEvent } from "./object-cache.ts"
import type { Fetch } from "./transport.ts"
import { makeClient } from "./verbs.ts"

const apiserver = Effect.map(Layer.build(layerApiserver().pipe(Layer.provide(layerMemory))), (context) =>
  Context.get(context, Apiserver).fetchAs({ name: "admin", groups: ["system:masters", "system:authenticated"] })
)

/** The way to a real server, with a switch: it can be cut, and it counts. */
const cuttable = (fetch: Fetch) => {
  const watches = new Set<AbortController>()
  const state = { down: false, expired: false, lists: 0, watches: 0 }
  const through: Fetch = async (request) => {
    if (state.down) throw new Error("the line is cut")
    const isWatch = new URL(request.url).searchParams.has("watch")
    if (request.method === "GET") state[isWatch ? "watches" : "lists"]++
    if (!isWatch) return fetch(request)
    if (state.expired) {
      state.expired = false
      const status = {
        kind: "Status",
        apiVersion: "v1",
        status: "Failure",
        code: 410,
        reason: "Expired",
        message: "too old resource version"
      }
      return new Response(JSON.stringify(status), { status: 410 })
    }
    const cut = new AbortController()
    watches.add(cut)
    const response = await fetch(request)
    const body = response.body!.pipeThrough(new TransformStream(), { signal: cut.signal })
    return new Response(body, response)
  }
  return {
    state,
    fetch: through,
    cutWatches: () => {
      for (const watch of watches) watch.abort(new Error("the line is cut"))
      watches.clear()
    }
  }
}

/** For tests that provoke warnings. */
const silent = Logger.layer([])
const namespace = "default"
const labels = { test: "yes" }
const selection = { namespace, labelSelector: "test" }
const nameOf = (object: ConfigMap) => object.metadata?.name ?? ""
const tell = ({ type, object }: InformerEvent<ConfigMap>) => `${type} ${nameOf(object)}=${object.data?.["n"] ?? ""}`
const wait = (probe: () => boolean) => Effect.promise(() => eventually(probe))

test(
  "an informer holds what is there, tells of what changes, and replays to handlers that come late",
  live(() =>
    Effect.gen(function* () {
      const client = makeClient(yield* apiserver)
      const informers = yield* makeInformers(client)
      yield* client.create(configmaps, { metadata: { namespace, name: "a", labels }, data: { n: "1" } })
      const informer = informers.of(configmaps, { ...selection, indexes: { byValue: ({ data }) => Object.values(data ?? {}) } })
      expect(informer.hasSynced()).toBe(false)
      const heard: Array<string> = []
      informer.on((event) => void heard.push(tell(event)))
      yield* informer.synced
      expect(heard).toEqual(["Add a=1"])

      yield* client.create(configmaps, { metadata: { namespace, name: "b", labels }, data: { n: "1" } })
      yield* client.patch(configmaps, { namespace, name: "a" }, { type: "merge", body: { data: { n: "2" } } })
      yield* client.delete(configmaps, { namespace, name: "b" })
      // No longer selected is gone, as far as this informer is concerned.
      yield* client.patch(configmaps, { namespace, name: "a" }, { type: "merge", body: { metadata: { labels: { test: null } } } })
      yield* client.create(configmaps, { metadata: { namespace, name: "c", labels }, data: { n: "3" } })
      yield* wait(() => heard.length >= 6)
      expect(heard).toEqual(["Add a=1", "Add b=1", "Update a=2", "Delete b=1", "Delete a=2", "Add c=3"])
      expect(informer.list().map(nameOf)).toEqual(["c"])
      expect(informer.get("default/c")?.kind).toBe("ConfigMap")
      expect(informer.byIndex("byValue", "3").map(nameOf)).toEqual(["c"])
      expect(informer.byIndex("byValue", "1")).toEqual([])

      const late: Array<string> = []
      const off = informer.on((event) => void late.push(tell(event)))
      expect(late).toEqual(["Add c=3"])
      off()
      yield* client.delete(configmaps, { namespace, name: "c" })
      yield* wait(() => informer.list().length === 0)
      expect(late).toEqual(["Add c=3"])
    })
  )
)

test(
  "everybody who asks for the same resource and selection shares one list and one watch, which end with the scope",
  live(() =>
    Effect.gen(function* () {
      const { state, fetch } = cuttable(yield* apiserver)
      const scope = yield* Scope.make()
      const informers = yield* Scope.provide(makeInformers(makeClient(fetch)), scope)
      const first = informers.of(configmaps, selection)
      const second = informers.of(configmaps, { ...selection, indexes: { byName: (object) => [nameOf(object)] } })
      const other = informers.of(configmaps, { namespace })
      yield* Effect.all([first.synced, second.synced, other.synced], { discard: true })
      yield* wait(() => state.watches === 2)
      expect(state.lists).toBe(2)
      expect(first.list()).toBe(second.list())
      expect(first.list()).not.toBe(other.list())
      expect(() => first.byIndex("byName", "a")).toThrow('there is no index "byName"')
      yield* Scope.close(scope, Exit.void)
      yield* makeClient(fetch).create(configmaps, { metadata: { namespace, name: "a", labels } })
      expect(first.list()).toEqual([])
    })
  )
)

test(
  "a watch that breaks goes on from its last revision: nothing is missed and nothing listed again",
  live(() =>
    Effect.gen(function* () {
      const line = cuttable(yield* apiserver)
      const direct = makeClient(line.fetch)
      const informer = (yield* makeInformers(makeClient(line.fetch))).of(configmaps, selection)
      const heard: Array<string> = []
      informer.on((event) => void heard.push(tell(event)))
      yield* informer.synced
      for (let i = 0; i < 5; i++) {
        yield* direct.create(configmaps, { metadata: { namespace, name: `before-${i}`, labels } })
        yield* wait(() => informer.get(`default/before-${i}`) !== undefined)
        line.cutWatches()
        yield* direct.create(configmaps, { metadata: { namespace, name: `after-${i}`, labels } })
      }
      yield* wait(() => heard.length >= 10)
      expect(heard).toEqual([0, 1, 2, 3, 4].flatMap((i) => [`Add before-${i}=`, `Add after-${i}=`]))
      expect(line.state.lists).toBe(1)
    })
  )
)

test(
  "when the server has forgotten the revision, a new list tells what was deleted, replaced, changed and added meanwhile",
  live(() =>
    Effect.gen(function* () {
      const fetch = yield* apiserver
      const direct = makeClient(fetch)
      const line = cuttable(fetch)
      for (const name of ["deleted", "replaced", "changed", "kept"])
        yield* direct.create(configmaps, { metadata: { namespace, name, labels }, data: { n: "1" } })
      const informer = (yield* makeInformers(makeClient(line.fetch))).of(configmaps, selection)
      yield* informer.synced
      const kept = informer.get("default/kept")
      const heard: Array<string> = []
      informer.on((event) => void heard.push(tell(event)))
      heard.length = 0

      yield* wait(() => line.state.watches === 1)
      line.state.down = true
      line.cutWatches()
      yield* direct.delete(configmaps, { namespace, name: "deleted" })
      yield* direct.delete(configmaps, { namespace, name: "replaced" })
      yield* direct.create(configmaps, { metadata: { namespace, name: "replaced", labels }, data: { n: "2" } })
      yield* direct.patch(configmaps, { namespace, name: "changed" }, { type: "merge", body: { data: { n: "2" } } })
      yield* direct.create(configmaps, { metadata: { namespace, name: "added", labels }, data: { n: "2" } })
      line.state.expired = true
      line.state.down = false
      yield* wait(() => informer.get("default/added") !== undefined)
      expect(heard.sort()).toEqual(["Add added=2", "Add replaced=2", "Delete deleted=1", "Delete replaced=1", "Update changed=2"])
      expect(informer.get("default/kept")).toBe(kept!)
      expect(line.state.lists).toBe(2)
    }).pipe(Effect.provide(silent))
  )
)

test(
  "a handler that throws costs nobody else an event",
  live(() =>
    Effect.gen(function* () {
      const client = makeClient(yield* apiserver)
      const informer = (yield* makeInformers(client)).of(configmaps, selection)
      const heard: Array<string> = []
      informer.on(() => {
        throw new Error("a mistake")
      })
      informer.on((event) => void heard.push(tell(event)))
      yield* informer.synced
      yield* client.create(configmaps, { metadata: { namespace, name: "a", labels } })
      yield* client.create(configmaps, { metadata: { namespace, name: "b", labels } })
      yield* wait(() => heard.length === 2)
    }).pipe(Effect.provide(silent))
  )
)

test(
  "property: whatever is written, and whenever the line is cut, the informer ends up with the server's state and heard a possible story",
  live(() =>
    Effect.gen(function* () {
      const fetch = yield* apiserver
      const direct = makeClient(fetch)
      for (let seed = 1; seed <= 8; seed++) {
        let last = seed
        const random = (below: number) => {
          last = (Math.imul(last, 1664525) + 1013904223) >>> 0
          return Math.floor((last / 2 ** 32) * below)
        }
        const line = cuttable(fetch)
        const informer = (yield* makeInformers(makeClient(line.fetch))).of(configmaps, selection)
        const known = new Map<string, ConfigMap>()
        const mistakes: Array<string> = []
        informer.on((event) => {
          const key = keyOf(event.object)
          const before = known.get(key)
          if ((event.type === "Add") !== (before === undefined)) mistakes.push(`${event.type} of ${key}`)
          if (event.type === "Update" && event.previous !== before) mistakes.push(`previous of ${key}`)
          if (event.type === "Delete") known.delete(key)
          else known.set(key, event.object)
        })
        for (let step = 0; step < 60; step++) {
          const key = { namespace, name: `c${random(5)}` }
          const action = random(10)
          if (action < 4)
            yield* Effect.ignore(direct.create(configmaps, { metadata: { ...key, labels }, data: { n: `${step}` } }))
          else if (action < 7)
            yield* Effect.ignore(direct.patch(configmaps, key, { type: "merge", body: { data: { n: `${step}` } } }))
          else if (action < 9) yield* Effect.ignore(direct.delete(configmaps, key))
          else line.cutWatches()
          if (random(6) === 0) yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
        }
        const { items } = yield* direct.list(configmaps, selection)
        const wanted = JSON.stringify(items)
        const found = () => JSON.stringify([...known.values()].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)))
        yield* wait(() => found() === wanted)
        expect(mistakes).toEqual([])
      }
    }).pipe(Effect.provide(silent))
  )
)
