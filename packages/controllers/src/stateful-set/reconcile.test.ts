/** StatefulSets against a real API server in memory. @module */
import { describe, expect, test } from "bun:test"
import { controllerrevisions, type StatefulSet, type StatefulSetSpec, statefulsets } from "@tsukube/api/apps-v1"
import { events, type Pod, persistentvolumeclaims, pods } from "@tsukube/api/core-v1"
import { live } from "@tsukube/testing"
import { Effect } from "effect"
import { runControllers } from "../run.ts"
import { eventually, startCluster, type TestCluster } from "../testing/cluster.ts"
import { runPods } from "../testing/running-nodes.ts"

const namespace = "default"
const key = { namespace, name: "web" }
const template = (image: string) => ({ metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "c", image }] } })
const setWith = (more: Partial<StatefulSetSpec> = {}): StatefulSet => ({
  metadata: key,
  spec: { replicas: 3, serviceName: "web", selector: { matchLabels: { app: "web" } }, template: template("one"), ...more }
})
const except = ["node-lifecycle-controller"]
const imageOf = ({ spec }: Pod): string => spec?.containers[0]?.image ?? ""

const start = Effect.gen(function* () {
  const cluster = yield* startCluster
  yield* runControllers(cluster.client, cluster.informers, { except })
  return cluster
})
const change = ({ client }: TestCluster, body: object) => client.patch(statefulsets, key, { type: "strategic", body })
const getSet = ({ client }: TestCluster) => client.get(statefulsets, key)
const listPods = ({ client }: TestCluster) =>
  Effect.map(client.list(pods, { namespace }), ({ items }) =>
    [...items].sort((left, right) => ((left.metadata?.name ?? "") < (right.metadata?.name ?? "") ? -1 : 1))
  )
const namesOf = (items: ReadonlyArray<Pod>) => items.map(({ metadata }) => metadata?.name)
const claimNames = ({ client }: TestCluster) =>
  Effect.map(client.list(persistentvolumeclaims, { namespace }), ({ items }) =>
    items.map(({ metadata }) => metadata?.name).sort()
  )

/** All wanted pods of the newest revision, and ready. */
const isRolledOut = ({ metadata, spec, status }: StatefulSet): boolean =>
  status?.observedGeneration === metadata?.generation &&
  status?.replicas === spec?.replicas &&
  (status?.readyReplicas ?? 0) === spec?.replicas &&
  (status?.updatedReplicas ?? 0) === spec?.replicas &&
  status?.currentRevision === status?.updateRevision

describe("a StatefulSet", () => {
  test(
    "comes in order, is updated from the last pod on as far as the partition, scaled, rolled back and left alone",
    live(() =>
      Effect.gen(function* () {
        const cluster = yield* start
        const { client } = cluster
        yield* runPods(cluster)
        yield* client.create(statefulsets, setWith())
        const { status } = yield* eventually("three", getSet(cluster), isRolledOut)
        expect(status).toMatchObject({
          replicas: 3,
          readyReplicas: 3,
          availableReplicas: 3,
          currentReplicas: 3,
          collisionCount: 0
        })
        const made = yield* listPods(cluster)
        expect(namesOf(made)).toEqual(["web-0", "web-1", "web-2"])
        const revisionsOfPods = made.map(({ metadata }) => Number(metadata?.resourceVersion))
        expect(made[1]?.spec).toMatchObject({ hostname: "web-1", subdomain: "web" })
        expect(revisionsOfPods).toEqual([...revisionsOfPods].sort((left, right) => left - right))

        const rolling = (partition: number) => ({ updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition } } })
        yield* change(cluster, { spec: { template: template("two"), ...rolling(2) } })
        const canary = yield* eventually(
          "canary",
          getSet(cluster),
          (set) => set.status?.updatedReplicas === 1 && set.status.readyReplicas === 3 && set.status.currentReplicas === 2
        )
        expect(canary.status?.currentRevision).toBe(status?.currentRevision ?? "")
        expect((yield* listPods(cluster)).map(imageOf)).toEqual(["one", "one", "two"])
        yield* client.delete(pods, { namespace, name: "web-0" })
        yield* eventually("as it was", listPods(cluster), (items) => items.length === 3 && imageOf(items[0]!) === "one")
        yield* change(cluster, { spec: rolling(0) })
        yield* eventually("two", getSet(cluster), isRolledOut)
        expect((yield* listPods(cluster)).map(imageOf)).toEqual(["two", "two", "two"])

        yield* change(cluster, { spec: { replicas: 5 } })
        yield* eventually("five", getSet(cluster), isRolledOut)
        yield* change(cluster, { spec: { replicas: 2, template: template("one") } })
        const back = yield* eventually("back", getSet(cluster), isRolledOut)
        expect(back.status?.currentRevision).toBe(status?.currentRevision ?? "")
        expect((yield* listPods(cluster)).map(imageOf)).toEqual(["one", "one"])
        const { items } = yield* client.list(controllerrevisions, { namespace })
        expect(items.map(({ revision }) => revision).sort()).toEqual([2, 3])
        yield* Effect.sleep("200 millis")
        expect((yield* getSet(cluster)).metadata?.resourceVersion).toBe(back.metadata?.resourceVersion ?? "")
        const said = yield* eventually("events", client.list(events, { namespace }), ({ items: all }) =>
          all.some(({ message }) => message === "delete Pod web-4 in StatefulSet web successful")
        )
        expect(said.items.some(({ message }) => message === "create Pod web-0 in StatefulSet web successful")).toBe(true)
        yield* client.delete(statefulsets, key, { propagationPolicy: "Foreground" })
        yield* eventually("gone", client.list(controllerrevisions, { namespace }), (list) => list.items.length === 0)
      })
    )
  )

  test(
    "is stuck behind a pod that never gets well until somebody deletes it, also when it is rolled back",
    live(() =>
      Effect.gen(function* () {
        const cluster = yield* start
        const { client } = cluster
        yield* runPods(cluster, (pod) => imageOf(pod) !== "broken")
        yield* client.create(statefulsets, setWith())
        yield* eventually("three", getSet(cluster), isRolledOut)
        yield* change(cluster, { spec: { template: template("broken") } })
        yield* eventually("broken", listPods(cluster), (items) => items.length === 3 && imageOf(items[2]!) === "broken")
        yield* change(cluster, { spec: { template: template("one") } })
        yield* eventually("seen", getSet(cluster), ({ metadata, status }) => status?.observedGeneration === metadata?.generation)
        expect((yield* listPods(cluster)).map(imageOf)).toEqual(["one", "one", "broken"])
        yield* client.delete(pods, { namespace, name: "web-2" })
        yield* eventually("back", getSet(cluster), isRolledOut)
        expect((yield* listPods(cluster)).map(imageOf)).toEqual(["one", "one", "one"])
      })
    )
  )

  test(
    "at once makes all of its pods, and replaces those that end, adopts those of its names, and releases those of others",
    live(() =>
      Effect.gen(function* () {
        const cluster = yield* start
        const { client } = cluster
        const labels = { app: "web" }
        for (const name of ["web-1", "other-1"])
          yield* client.create(pods, { metadata: { namespace, name, labels }, spec: template("one").spec })
        yield* client.create(statefulsets, setWith({ podManagementPolicy: "Parallel", updateStrategy: { type: "OnDelete" } }))
        const items = yield* eventually("three and a stranger", listPods(cluster), (all) => all.length === 4)
        expect(namesOf(items)).toEqual(["other-1", "web-0", "web-1", "web-2"])
        const adopted = yield* eventually(
          "adopted",
          client.get(pods, { namespace, name: "web-1" }),
          ({ metadata }) => metadata?.ownerReferences?.length === 1
        )
        expect(adopted.metadata?.ownerReferences?.[0]).toMatchObject({ kind: "StatefulSet", name: "web", controller: true })
        expect((yield* client.get(pods, { namespace, name: "other-1" })).metadata?.ownerReferences).toBeUndefined()
        yield* runPods(cluster)
        yield* eventually("ready", getSet(cluster), ({ status }) => status?.readyReplicas === 3)
        const labelled = yield* client.get(pods, { namespace, name: "web-1" })
        expect(labelled.metadata?.labels?.["statefulset.kubernetes.io/pod-name"]).toBe("web-1")
        const first = yield* client.get(pods, { namespace, name: "web-0" })
        yield* client.patch(
          pods,
          { namespace, name: "web-0" },
          { type: "merge", body: { status: { phase: "Failed" } } },
          { subresource: "status" }
        )
        yield* eventually(
          "replaced",
          client.get(pods, { namespace, name: "web-0" }),
          ({ metadata, status }) => metadata?.uid !== first.metadata?.uid && status?.phase === "Running"
        )
        yield* client.patch(pods, { namespace, name: "web-2" }, { type: "merge", body: { metadata: { labels: { app: null } } } })
        yield* eventually(
          "released",
          client.get(pods, { namespace, name: "web-2" }),
          ({ metadata }) => (metadata?.ownerReferences ?? []).length === 0
        )
        yield* client.delete(pods, { namespace, name: "web-2" })
        yield* eventually(
          "made anew",
          client.get(pods, { namespace, name: "web-2" }),
          ({ metadata }) => metadata?.labels?.["app"] === "web"
        )
      })
    )
  )

  test(
    "makes claims for its pods, keeps them, and lets those go that its policy does not keep",
    live(() =>
      Effect.gen(function* () {
        const cluster = yield* start
        const { client } = cluster
        yield* runPods(cluster)
        const volumeClaimTemplates = [
          {
            metadata: { name: "data" },
            spec: { accessModes: ["ReadWriteOnce" as const], resources: { requests: { storage: "1Gi" } } }
          }
        ]
        yield* client.create(statefulsets, setWith({ volumeClaimTemplates }))
        yield* eventually("three", getSet(cluster), isRolledOut)
        expect(yield* claimNames(cluster)).toEqual(["data-web-0", "data-web-1", "data-web-2"])
        yield* change(cluster, { spec: { replicas: 2 } })
        yield* eventually("two", getSet(cluster), isRolledOut)
        expect(yield* claimNames(cluster)).toEqual(["data-web-0", "data-web-1", "data-web-2"])
        const policy = { whenDeleted: "Delete", whenScaled: "Delete" }
        yield* change(cluster, { spec: { persistentVolumeClaimRetentionPolicy: policy } })
        const one = client.get(persistentvolumeclaims, { namespace, name: "data-web-1" })
        const owned = yield* eventually("owned by the set", one, ({ metadata }) => metadata?.ownerReferences?.length === 1)
        expect(owned.metadata?.ownerReferences?.[0]).toMatchObject({ kind: "StatefulSet", name: "web", controller: true })
        yield* change(cluster, { spec: { replicas: 1 } })
        yield* eventually("gone with its pod", claimNames(cluster), (names) => names.join() === "data-web-0,data-web-2")
        yield* change(cluster, { spec: { replicas: 2 } })
        yield* eventually("back", getSet(cluster), isRolledOut)
        expect(yield* claimNames(cluster)).toEqual(["data-web-0", "data-web-1", "data-web-2"])
        yield* client.delete(statefulsets, key, { propagationPolicy: "Background" })
        yield* eventually("gone with the set", claimNames(cluster), (names) => names.join() === "data-web-2")
      })
    )
  )

  test(
    "waits for its pods to be ready for long enough",
    live(() =>
      Effect.gen(function* () {
        const cluster = yield* start
        yield* runPods(cluster)
        yield* cluster.client.create(statefulsets, setWith({ replicas: 2, minReadySeconds: 1 }))
        const waiting = yield* eventually("ready", getSet(cluster), ({ status }) => status?.readyReplicas === 1)
        expect(waiting.status).toMatchObject({ replicas: 1, availableReplicas: 0 })
        yield* eventually("available", getSet(cluster), ({ status }) => status?.availableReplicas === 2)
      })
    )
  )
})
