/** DaemonSets against a real API server in memory. @module */
import { describe, expect, test } from "bun:test"
import { controllerrevisions, type DaemonSet, daemonsets, statefulsets } from "@tsukube/api/apps-v1"
import { events, nodes, type Pod, pods } from "@tsukube/api/core-v1"
import { live } from "@tsukube/testing"
import { Effect } from "effect"
import { runControllers } from "../run.ts"
import { eventually, startCluster, type TestCluster } from "../testing/cluster.ts"
import { runPods } from "../testing/running-nodes.ts"

const namespace = "default"
const key = { namespace, name: "log" }
const template = (image: string) => ({ metadata: { labels: { app: "log" } }, spec: { containers: [{ name: "c", image }] } })
const daemonSet: DaemonSet = {
  metadata: key,
  spec: { selector: { matchLabels: { app: "log" } }, template: template("one") }
}
const only = ["daemonset-controller", "statefulset-controller", "serviceaccount-controller"]
const imageOf = ({ spec }: Pod): string => spec?.containers[0]?.image ?? ""

/** New nodes are tainted until they are ready, which no kubelet says here. */
const addNode = ({ client }: TestCluster, name: string) =>
  Effect.gen(function* () {
    yield* client.create(nodes, { metadata: { name } })
    yield* client.patch(nodes, { name }, { type: "merge", body: { spec: { taints: null } } })
  })

const start = Effect.gen(function* () {
  const cluster = yield* startCluster
  const { client, informers } = cluster
  yield* runControllers(client, informers, { only })
  for (const name of ["node-1", "node-2", "node-3"]) yield* addNode(cluster, name)
  return cluster
})
const change = ({ client }: TestCluster, body: object) => client.patch(daemonsets, key, { type: "strategic", body })
const getSet = ({ client }: TestCluster) => client.get(daemonsets, key)
const listPods = ({ client }: TestCluster) => Effect.map(client.list(pods, { namespace }), ({ items }) => items)
const isRolledOut = ({ metadata, status }: DaemonSet): boolean =>
  status?.observedGeneration === metadata?.generation &&
  (status?.updatedNumberScheduled ?? 0) === status?.desiredNumberScheduled &&
  (status?.numberAvailable ?? 0) === status?.desiredNumberScheduled &&
  (status?.desiredNumberScheduled ?? 0) > 0

describe("a DaemonSet", () => {
  test(
    "has a pod on every node, follows nodes that come, change and go, and is left alone when all is well",
    live(() =>
      Effect.gen(function* () {
        const cluster = yield* start
        const { client } = cluster
        yield* runPods(cluster)
        yield* client.create(daemonsets, daemonSet)
        const { status } = yield* eventually("three", getSet(cluster), isRolledOut)
        expect(status).toEqual({
          currentNumberScheduled: 3,
          desiredNumberScheduled: 3,
          numberAvailable: 3,
          numberMisscheduled: 0,
          numberReady: 3,
          observedGeneration: 1,
          updatedNumberScheduled: 3
        })
        const [pod] = yield* listPods(cluster)
        expect(pod?.metadata?.labels?.["pod-template-generation"]).toBe("1")
        yield* addNode(cluster, "node-4")
        const four = (set: DaemonSet): boolean => set.status?.numberAvailable === 4
        yield* eventually("four", getSet(cluster), four)
        const taints = [{ key: "special", effect: "NoSchedule" }]
        yield* client.patch(nodes, { name: "node-4" }, { type: "merge", body: { spec: { taints } } })
        const away = yield* eventually("misscheduled", getSet(cluster), (set) => set.status?.numberMisscheduled === 1)
        expect(away.status?.desiredNumberScheduled).toBe(3)
        const drives = [{ key: "special", effect: "NoExecute" }]
        yield* client.patch(nodes, { name: "node-4" }, { type: "merge", body: { spec: { taints: drives } } })
        yield* eventually("driven away", listPods(cluster), (items) => items.length === 3)
        yield* client.delete(nodes, { name: "node-4" })
        const resting = yield* eventually(
          "rest",
          getSet(cluster),
          (set) => isRolledOut(set) && set.status?.numberMisscheduled === 0
        )
        yield* Effect.sleep("200 millis")
        expect((yield* getSet(cluster)).metadata?.resourceVersion).toBe(resting.metadata?.resourceVersion ?? "")
      })
    )
  )

  test(
    "is rolled out, rolled back without touching what was not reached, and keeps as many revisions as it is told to",
    live(() =>
      Effect.gen(function* () {
        const cluster = yield* start
        const { client } = cluster
        yield* runPods(cluster, (pod) => imageOf(pod) !== "broken")
        yield* client.create(daemonsets, daemonSet)
        yield* eventually("one", getSet(cluster), isRolledOut)
        const before = new Set((yield* listPods(cluster)).map(({ metadata }) => metadata?.uid))
        yield* change(cluster, { spec: { template: template("broken") } })
        const stuck = yield* eventually("stuck", listPods(cluster), (items) => items.some((pod) => imageOf(pod) === "broken"))
        expect(stuck.filter((pod) => imageOf(pod) === "broken")).toHaveLength(1)
        yield* change(cluster, { spec: { template: template("one") } })
        yield* eventually("back", getSet(cluster), isRolledOut)
        const after = yield* listPods(cluster)
        expect(after.filter(({ metadata }) => before.has(metadata?.uid))).toHaveLength(2)
        const revisions = Effect.map(client.list(controllerrevisions, { namespace }), ({ items }) => items)
        expect((yield* revisions).map(({ revision }) => revision).sort()).toEqual([2, 3])
        yield* change(cluster, { spec: { revisionHistoryLimit: 1 } })
        for (const image of ["two", "three", "four"]) {
          yield* change(cluster, { spec: { template: template(image) } })
          yield* eventually(image, getSet(cluster), isRolledOut)
        }
        yield* eventually("two revisions", revisions, (items) => items.length === 2)
        expect((yield* listPods(cluster)).map(imageOf)).toEqual(["four", "four", "four"])
      })
    )
  )

  test(
    "with a surge makes the new pod before the old one goes",
    live(() =>
      Effect.gen(function* () {
        const cluster = yield* start
        const { client } = cluster
        const ready = new Set(["one"])
        yield* runPods(cluster, (pod) => ready.has(imageOf(pod)))
        const updateStrategy = { type: "RollingUpdate" as const, rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }
        yield* client.create(daemonsets, { ...daemonSet, spec: { ...daemonSet.spec!, updateStrategy } })
        yield* eventually("one", getSet(cluster), isRolledOut)
        yield* change(cluster, { spec: { template: template("two") } })
        const both = yield* eventually("a fourth pod", listPods(cluster), (items) => items.length === 4)
        expect(both.filter((pod) => imageOf(pod) === "one")).toHaveLength(3)
        ready.add("two")
        const surging = both.find((pod) => imageOf(pod) === "two")
        yield* client.patch(
          pods,
          { namespace, name: surging?.metadata?.name ?? "" },
          { type: "merge", body: { metadata: { labels: { go: "on" } } } }
        )
        yield* eventually("two", getSet(cluster), isRolledOut)
        expect((yield* listPods(cluster)).map(imageOf)).toEqual(["two", "two", "two"])
      })
    )
  )

  test(
    "replaces failed pods, adopts what fits, and takes another name where a revision's is taken",
    live(() =>
      Effect.gen(function* () {
        const cluster = yield* start
        const { client } = cluster
        yield* runPods(cluster)
        // A StatefulSet of the same name and template has taken the name that the first revision would get.
        yield* client.create(statefulsets, {
          metadata: key,
          spec: { ...daemonSet.spec!, replicas: 0, serviceName: "x", selector: { matchLabels: { app: "log" } } }
        })
        yield* eventually("its revision", client.list(controllerrevisions, { namespace }), ({ items }) => items.length === 1)
        const orphan = {
          metadata: { namespace, name: "orphan", labels: { app: "log" } },
          spec: { nodeName: "node-1", containers: [{ name: "c", image: "zero" }] }
        }
        yield* client.create(pods, orphan)
        yield* client.create(daemonsets, { ...daemonSet, spec: { ...daemonSet.spec!, updateStrategy: { type: "OnDelete" } } })
        const set = yield* eventually("three pods", getSet(cluster), ({ status }) => status?.numberAvailable === 3)
        expect(set.status).toMatchObject({ collisionCount: 1, updatedNumberScheduled: 2 })
        const adopted = yield* client.get(pods, { namespace, name: "orphan" })
        expect(adopted.metadata?.ownerReferences?.[0]).toMatchObject({ kind: "DaemonSet", name: "log", controller: true })
        yield* client.patch(
          pods,
          { namespace, name: "orphan" },
          { type: "merge", body: { status: { phase: "Failed" } } },
          { subresource: "status" }
        )
        yield* eventually("replaced", getSet(cluster), isRolledOut)
        const said = yield* eventually("events", client.list(events, { namespace }), ({ items }) =>
          items.some(({ reason }) => reason === "FailedDaemonPod")
        )
        const failed = said.items.find(({ reason }) => reason === "FailedDaemonPod")
        expect(failed?.message).toBe("Found failed daemon pod default/orphan on node node-1, will try to kill it")
        expect(said.items.some(({ message }) => /^Created pod: log-[a-z0-9]{5}$/.test(message ?? ""))).toBe(true)
      })
    )
  )
})
