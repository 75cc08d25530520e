/** Events, in the old API and in the new one. @module */
import { type Event as CoreEvent, events as coreEvents } from "@tsukube/api/core-v1"
import { type Event, events } from "@tsukube/api/events-v1"
import { type Cluster, type ConformanceTest, expectEqual, expectThat, unlessGone } from "../suite.ts"

const eventTime = "2026-01-01T00:00:00.123456Z"

const newEvent = (namespace: string, name: string, label: string): Event => ({
  metadata: { namespace, name, labels: { "testevent-set": label } },
  eventTime,
  reportingController: "conformance-controller",
  reportingInstance: "conformance-instance",
  action: "Do",
  reason: "Test",
  regarding: { namespace },
  note: "this is a test event",
  type: "Normal"
})

const coreEvent = (namespace: string, name: string, label: string): CoreEvent => ({
  metadata: { namespace, name, labels: { "testevent-set": label } },
  involvedObject: { namespace },
  reason: "Test",
  message: "this is a test event",
  type: "Normal"
})

const lifecycle: ConformanceTest = {
  name: "[sig-instrumentation] Events API should ensure that an event can be fetched, patched, deleted, and listed",
  run: async (cluster) => {
    const { client, namespace } = cluster
    const label = cluster.unique("life")
    const labelSelector = `testevent-set=${label}`
    const key = { namespace, name: "test-event" }
    const created = await client.create(events, newEvent(namespace, "test-event", label))
    expectEqual((await client.list(events, { labelSelector })).items.length, 1, "events in the list of all namespaces")
    expectEqual((await client.list(events, { namespace, labelSelector })).items.length, 1, "events in the namespace")
    const bySource = { namespace, fieldSelector: "reportingController=conformance-controller" }
    expectEqual((await client.list(events, bySource)).items.length, 1, "events selected by reporting controller")

    const read = await client.get(events, key)
    expectEqual(read.eventTime, eventTime, "eventTime keeps its microseconds")
    expectEqual(read.metadata?.uid, created.metadata?.uid, "the uid")
    // Both groups serve the same objects.
    const old = await client.get(coreEvents, key)
    expectEqual([old.message, old.reportingComponent], [read.note, read.reportingController], "note and reporter in the old API")

    const series = { count: 2, lastObservedTime: eventTime }
    await client.patch(events, key, { type: "merge", body: { series } })
    expectEqual((await client.get(events, key)).series, series, "the series after the patch")
    const current = await client.get(events, key)
    const next = { count: 100, lastObservedTime: "2026-01-01T00:00:01.000000Z" }
    const updated = await client.update(events, { ...current, series: next })
    expectEqual(updated.series?.count, 100, "the count after the update")
    await client.delete(events, key)
    expectThat((await unlessGone(client.get(events, key))) === undefined, "the event is gone")
    expectEqual((await client.list(events, { labelSelector })).items.length, 0, "events after the delete")
  }
}

const coreLifecycle: ConformanceTest = {
  name: "[sig-instrumentation] Events should manage the lifecycle of an event",
  run: async (cluster) => {
    const { client, namespace } = cluster
    const label = cluster.unique("life")
    const labelSelector = `testevent-set=${label}`
    const key = { namespace, name: "event-test" }
    await client.create(coreEvents, coreEvent(namespace, "event-test", label))
    expectEqual((await client.list(coreEvents, { labelSelector })).items.length, 1, "events in the list of all namespaces")
    const body = { message: "This is a test event - patched" }
    await client.patch(coreEvents, key, { type: "strategic", body })
    const patched = await client.get(coreEvents, key)
    expectEqual(patched.message, body.message, "the message after the patch")
    const updated = await client.update(coreEvents, { ...patched, series: { count: 100, lastObservedTime: eventTime } })
    expectEqual(updated.series?.count, 100, "the count after the update")
    await client.delete(coreEvents, key)
    expectEqual((await client.list(coreEvents, { labelSelector })).items.length, 0, "events after the delete")
  }
}

interface EventClient {
  readonly create: (name: string, label: string) => Promise<unknown>
  readonly deleteAll: (labelSelector: string) => Promise<unknown>
  readonly count: (labelSelector: string) => Promise<number>
}

const collection = (name: string, of: (cluster: Cluster) => EventClient): ConformanceTest => ({
  name,
  run: async (cluster) => {
    const { create, deleteAll, count } = of(cluster)
    for (const index of [1, 2, 3]) await create(`event-${index}`, "deleted")
    await create("event-kept", "kept")
    expectEqual(await count("testevent-set=deleted"), 3, "events before")
    await deleteAll("testevent-set=deleted")
    await cluster.eventually("the events are gone", async () => (await count("testevent-set=deleted")) === 0)
    expectEqual(await count("testevent-set=kept"), 1, "events with another label")
  }
})

const newCollection = collection(
  "[sig-instrumentation] Events API should delete a collection of events",
  ({ client, namespace }) => ({
    create: (name, label) => client.create(events, newEvent(namespace, name, label)),
    deleteAll: (labelSelector) => client.deleteCollection(events, { namespace, labelSelector }),
    count: async (labelSelector) => (await client.list(events, { namespace, labelSelector })).items.length
  })
)

const coreCollection = collection(
  "[sig-instrumentation] Events should delete a collection of events",
  ({ client, namespace }) => ({
    create: (name, label) => client.create(coreEvents, coreEvent(namespace, name, label)),
    deleteAll: (labelSelector) => client.deleteCollection(coreEvents, { namespace, labelSelector }),
    count: async (labelSelector) => (await client.list(coreEvents, { namespace, labelSelector })).items.length
  })
)

export const eventTests: ReadonlyArray<ConformanceTest> = [lifecycle, coreLifecycle, newCollection, coreCollection]
