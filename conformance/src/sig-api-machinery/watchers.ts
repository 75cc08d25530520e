/** Watches: what they tell, from where on, and in which order. @module */
import { type ConfigMap, configmaps } from "@tsukube/api/core-v1"
import type { WatchEvent } from "@tsukube/client"
import { type Observer, observe, observeFromNow } from "../observe.ts"
import { type Cluster, type ConformanceTest, expectEqual, expectThat, present } from "../suite.ts"

const labelName = "watch-this-configmap"

const make = ({ client, namespace }: Cluster, name: string, label: string) =>
  client.create(configmaps, { metadata: { namespace, name, labels: { [labelName]: label } } })

const mutate = ({ client, namespace }: Cluster, name: string, mutation: number) =>
  client.patch(configmaps, { namespace, name }, { type: "merge", body: { data: { mutation: String(mutation) } } })

const remove = ({ client, namespace }: Cluster, name: string) => client.delete(configmaps, { namespace, name })

const versionOf = (object: ConfigMap): string => present(object.metadata?.resourceVersion, "resourceVersion")

const told = (event: WatchEvent<ConfigMap>): string =>
  [event.type, event.object.metadata?.name, event.object.data?.["mutation"]].filter(Boolean).join(" ")

const expectStory = async (watch: Observer<ConfigMap>, story: ReadonlyArray<string>): Promise<void> => {
  for (const line of story) await watch.next(line, (event) => told(event) === line)
  expectEqual(watch.seen.map(told), story, "the events of the watch, in order")
}

const notifications: ConformanceTest = {
  name: "[sig-api-machinery] Watchers should observe add, update, and delete watch notifications on configmaps",
  run: async (cluster) => {
    const { namespace } = cluster
    using watchA = await observeFromNow(cluster, configmaps, { namespace, labelSelector: `${labelName}=A` })
    using watchB = await observeFromNow(cluster, configmaps, { namespace, labelSelector: `${labelName}=B` })
    using watchBoth = await observeFromNow(cluster, configmaps, { namespace, labelSelector: `${labelName} in (A,B)` })
    await make(cluster, "a", "A")
    await mutate(cluster, "a", 1)
    await mutate(cluster, "a", 2)
    await remove(cluster, "a")
    await make(cluster, "b", "B")
    await remove(cluster, "b")
    const storyA = ["ADDED a", "MODIFIED a 1", "MODIFIED a 2", "DELETED a 2"]
    const storyB = ["ADDED b", "DELETED b"]
    await expectStory(watchBoth, [...storyA, ...storyB])
    await expectStory(watchA, storyA)
    await expectStory(watchB, storyB)
  }
}

const fromVersion: ConformanceTest = {
  name: "[sig-api-machinery] Watchers should be able to start watching from a specific resource version",
  run: async (cluster) => {
    const { namespace } = cluster
    await make(cluster, "past", "from-version")
    const first = await mutate(cluster, "past", 1)
    await mutate(cluster, "past", 2)
    await remove(cluster, "past")
    const labelSelector = `${labelName}=from-version`
    using watch = observe(cluster, configmaps, { namespace, labelSelector, resourceVersion: versionOf(first) })
    await expectStory(watch, ["MODIFIED past 2", "DELETED past 2"])
  }
}

const restart: ConformanceTest = {
  name: "[sig-api-machinery] Watchers should be able to restart watching from the last resource version observed by the previous watch",
  run: async (cluster) => {
    const selection = { namespace: cluster.namespace, labelSelector: `${labelName}=restarted` }
    const seenUntil = await (async () => {
      using watch = await observeFromNow(cluster, configmaps, selection)
      await make(cluster, "restarted", "restarted")
      await mutate(cluster, "restarted", 1)
      await watch.next("ADDED", ({ type }) => type === "ADDED")
      return versionOf((await watch.next("MODIFIED", ({ type }) => type === "MODIFIED")).object)
    })()
    await mutate(cluster, "restarted", 2)
    await remove(cluster, "restarted")
    using watch = observe(cluster, configmaps, { ...selection, resourceVersion: seenUntil })
    await expectStory(watch, ["MODIFIED restarted 2", "DELETED restarted 2"])
  }
}

const leavesSelector: ConformanceTest = {
  name: "[sig-api-machinery] Watchers should observe an object deletion if it stops meeting the requirements of the selector",
  run: async (cluster) => {
    const { client, namespace } = cluster
    using watch = await observeFromNow(cluster, configmaps, { namespace, labelSelector: `${labelName}=in` })
    const relabel = (label: string) =>
      client.patch(
        configmaps,
        { namespace, name: "moving" },
        { type: "merge", body: { metadata: { labels: { [labelName]: label } } } }
      )
    await make(cluster, "moving", "in")
    await mutate(cluster, "moving", 1)
    await relabel("out")
    await mutate(cluster, "moving", 2)
    await relabel("in")
    await mutate(cluster, "moving", 3)
    await remove(cluster, "moving")
    await expectStory(watch, [
      "ADDED moving",
      "MODIFIED moving 1",
      "DELETED moving 1",
      "ADDED moving 2",
      "MODIFIED moving 3",
      "DELETED moving 3"
    ])
  }
}

const writes = 60

const sameOrder: ConformanceTest = {
  name: "[sig-api-machinery] Watchers should receive events on concurrent watches in same order",
  run: async (cluster) => {
    const { namespace } = cluster
    using first = await observeFromNow(cluster, configmaps, { namespace, labelSelector: `${labelName}=order` })
    const name = (index: number) => `order-${index % 7}`
    const produce = async () => {
      const there = new Set<string>()
      for (let index = 0; index < writes; index++) {
        if (!there.has(name(index))) {
          await make(cluster, name(index), "order")
          there.add(name(index))
        } else if (index % 3 === 0) {
          await remove(cluster, name(index))
          there.delete(name(index))
        } else await mutate(cluster, name(index), index)
      }
    }
    const producing = produce()
    producing.catch(() => undefined)
    // Every event of the first watch opens another one, which must tell the rest of the same story.
    const others: Array<{ readonly from: number; readonly watch: Observer<ConfigMap> }> = []
    cluster.afterwards(async () => {
      for (const { watch } of others) watch[Symbol.dispose]()
    })
    for (let from = 1; from <= writes; from++) {
      const event = await first.next(`event ${from} of ${writes}`, () => true)
      if (from % 4 !== 0 || from === writes) continue
      others.push({
        from,
        watch: observe(cluster, configmaps, {
          namespace,
          labelSelector: `${labelName}=order`,
          resourceVersion: versionOf(event.object)
        })
      })
    }
    await producing
    const story = first.seen.map(({ type, object }) => `${type} ${object.metadata?.name} ${versionOf(object)}`)
    expectEqual(story.length, writes, "events of the first watch")
    expectThat(others.length > 5, "several watches ran at once")
    for (const { from, watch } of others) {
      for (let left = from; left < writes; left++) await watch.next(`event ${left + 1}, watching from event ${from}`, () => true)
      const rest = watch.seen.map(({ type, object }) => `${type} ${object.metadata?.name} ${versionOf(object)}`)
      expectEqual(rest, story.slice(from), `events after event ${from}`)
    }
  }
}

export const watchers: ReadonlyArray<ConformanceTest> = [notifications, fromVersion, restart, leavesSelector, sameOrder]
