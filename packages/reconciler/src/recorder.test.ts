import { expect, test } from "bun:test"
import { type Event, events, pods, serviceaccounts } from "@tsukube/api/core-v1"
import { Apiserver, layer as layerApiserver } from "@tsukube/apiserver"
import { type Fetch, makeClient } from "@tsukube/client"
import { layerMemory } from "@tsukube/store"
import { eventually, live } from "@tsukube/testing"
import { Context, Effect, Layer, Logger } from "effect"
import { makeRecorder, referenceTo } from "./recorder.ts"

const apiserver = Effect.map(Layer.build(layerApiserver().pipe(Layer.provide(layerMemory))), (context) =>
  Context.get(context, Apiserver).fetchAs({ name: "admin", groups: ["system:masters", "system:authenticated"] })
)

const metadata = { namespace: "default", name: "web" }

test(
  "an event says who, what, where and when; the same again raises its count",
  live(() =>
    Effect.gen(function* () {
      const client = makeClient(yield* apiserver)
      yield* client.create(serviceaccounts, { metadata: { namespace: "default", name: "default" } })
      const pod = yield* client.create(pods, { metadata, spec: { containers: [{ name: "c", image: "i" }] } })
      const recorder = yield* makeRecorder(client, { component: "kubelet", host: "n1" })
      const eventsWhen = (predicate: (items: ReadonlyArray<Event>) => boolean) =>
        Effect.promise(() =>
          eventually(async () => {
            const { items } = await Effect.runPromise(client.list(events, { namespace: "default" }))
            return predicate(items) ? items : undefined
          })
        )

      recorder.event(pod, "Normal", "Started", "Started container c", "Start")
      const [event] = yield* eventsWhen((items) => items.length === 1)
      expect(event).toMatchObject({
        involvedObject: {
          kind: "Pod",
          apiVersion: "v1",
          ...metadata,
          uid: pod.metadata!.uid!,
          resourceVersion: pod.metadata!.resourceVersion!
        },
        type: "Normal",
        reason: "Started",
        message: "Started container c",
        action: "Start",
        source: { component: "kubelet", host: "n1" },
        reportingComponent: "kubelet",
        reportingInstance: "n1",
        count: 1
      })
      expect(event!.metadata.name).toMatch(/^web\.[0-9a-f]+$/)
      expect(event!.firstTimestamp).toBe(event!.lastTimestamp!)

      for (let i = 0; i < 4; i++) recorder.event(pod, "Normal", "Started", "Started container c", "Start")
      const [counted] = yield* eventsWhen((items) => items.some(({ count }) => count === 5))
      expect(counted!.metadata.name).toBe(event!.metadata.name)

      // Expired meanwhile: written anew, with the count it had.
      yield* client.delete(events, { namespace: "default", name: event!.metadata.name! })
      recorder.event(pod, "Normal", "Started", "Started container c", "Start")
      yield* eventsWhen((items) => items.some(({ count }) => count === 6))

      // About a part of it, by reference.
      recorder.event({ ...referenceTo(pod), fieldPath: "spec.containers{c}" }, "Warning", "BackOff", "Back-off")
      const all = yield* eventsWhen((items) => items.length === 2)
      expect(all.find(({ reason }) => reason === "BackOff")?.involvedObject.fieldPath).toBe("spec.containers{c}")
    })
  )
)

test(
  "a server that refuses or a namespace that is gone costs the caller nothing, and later events are written",
  live(() =>
    Effect.gen(function* () {
      const fetch = yield* apiserver
      let refusing = true
      let refused = 0
      const moody: Fetch = async (request) => {
        if (!refusing) return fetch(request)
        refused++
        return new Response("no", { status: 403 })
      }
      const client = makeClient(moody)
      const recorder = yield* makeRecorder(client, { component: "test" })
      recorder.event({ apiVersion: "v1", kind: "Pod", ...metadata }, "Normal", "First", "refused")
      yield* Effect.promise(() => eventually(() => refused === 1))
      refusing = false
      recorder.event({ apiVersion: "v1", kind: "Pod", namespace: "gone", name: "x" }, "Normal", "Second", "nowhere to go")
      recorder.event({ apiVersion: "v1", kind: "Node", name: "n1" }, "Normal", "Third", "of the cluster")
      yield* Effect.promise(() =>
        eventually(async () => {
          const { items } = await Effect.runPromise(client.list(events))
          return items.some(({ reason, metadata }) => reason === "Third" && metadata.namespace === "default")
        })
      )
    }).pipe(Effect.provide(Logger.layer([])))
  )
)
