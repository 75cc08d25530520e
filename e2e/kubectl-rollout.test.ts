/** kubectl rollout of DaemonSets and StatefulSets, and the claims of the latter, against a simulated cluster. @module */
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import type { DaemonSet, StatefulSet } from "@tsukube/api/apps-v1"
import { eventually, onPath, requireTool } from "@tsukube/testing"
import { type ClusterProcess, startCluster } from "./cluster-process.ts"

const there = requireTool("kubectl rollout end to end", { kubectl: onPath("kubectl") })

const labels = { app: "web" }
const template = {
  metadata: { labels },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: "c", image: "nginx:1" }] }
}
const manifests = {
  daemonset: { apiVersion: "apps/v1", kind: "DaemonSet", spec: { selector: { matchLabels: labels }, template } },
  statefulset: {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    spec: { replicas: 2, serviceName: "web", selector: { matchLabels: labels }, template }
  }
}
const done = {
  daemonset: 'daemon set "web" successfully rolled out',
  statefulset: /statefulset rolling update complete 2 pods at revision web-[a-z0-9]+|partitioned roll out complete: 2 new pods/
}

describe.skipIf(!there)("kubectl rollout", () => {
  let cluster: ClusterProcess
  beforeAll(async () => {
    cluster = await startCluster({ args: ["--store", "memory", "--nodes", "2", "--runtime", "simulated"] })
  })
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]()
  })

  for (const kind of ["daemonset", "statefulset"] as const) {
    test(`status, history, restart and undo of a ${kind}`, async () => {
      const target = `${kind}/web`
      const namespace = `rollout-${kind}`
      const text = async (args: string, stdin?: string) =>
        (await cluster.kubectl(`-n ${namespace} ${args}`, stdin === undefined ? {} : { stdin })).stdout
      const awaitDone = async () => expect(await text(`rollout status ${target} --timeout=60s`)).toMatch(done[kind])
      const current = () => cluster.kubectl.json<DaemonSet | StatefulSet>(`-n ${namespace} get ${target}`)
      const image = async () => (await current()).spec?.template.spec?.containers[0]?.image
      const revisions = async () => (await text(`rollout history ${target}`)).match(/^\d+/gm)?.map(Number)

      await cluster.kubectl(`create namespace ${namespace}`)
      await text("apply -f -", JSON.stringify({ ...manifests[kind], metadata: { name: "web" } }))
      await awaitDone()
      await text(`annotate ${target} kubernetes.io/change-cause=second`)
      await text(`set image ${target} c=nginx:2`)
      await awaitDone()
      expect(await revisions()).toEqual([1, 2])
      expect(await text(`rollout history ${target}`)).toMatch(/^2 +second$/m)
      expect(await text(`rollout history ${target} --revision=1`)).toContain("nginx:1")

      expect(await text(`rollout undo ${target}`)).toContain("rolled back")
      await awaitDone()
      expect([await image(), await revisions()]).toEqual(["nginx:1", [2, 3]])

      expect(await text(`rollout restart ${target}`)).toContain("restarted")
      await awaitDone()
      expect((await current()).spec?.template.metadata?.annotations?.["kubectl.kubernetes.io/restartedAt"]).toBeDefined()
      expect(await revisions()).toEqual([2, 3, 4])

      expect(await text(`rollout undo ${target} --to-revision=2`)).toContain("rolled back")
      await awaitDone()
      expect([await image(), await revisions()]).toEqual(["nginx:2", [3, 4, 5]])
      const images = await text("get pods -l app=web -o jsonpath={.items[*].spec.containers[0].image}")
      expect(images).toBe("nginx:2 nginx:2")
      await expect(text(`rollout undo ${target} --to-revision=99`)).rejects.toThrow(/unable to find/)
    }, 120_000)
  }

  test("claims of a statefulset are bound to volumes that are there, and released with the claim", async () => {
    const volume = (name: string) => ({
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name },
      spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: `/${name}` } }
    })
    const container = { name: "c", image: "nginx:1", volumeMounts: [{ name: "data", mountPath: "/data" }] }
    const claim = { accessModes: ["ReadWriteOnce"], storageClassName: "", resources: { requests: { storage: "1Gi" } } }
    const set = {
      ...manifests.statefulset,
      metadata: { name: "claimed" },
      spec: {
        ...manifests.statefulset.spec,
        template: { ...template, spec: { ...template.spec, containers: [container] } },
        volumeClaimTemplates: [{ metadata: { name: "data" }, spec: claim }]
      }
    }
    const items = [volume("disk-one"), volume("disk-two"), set]
    await cluster.kubectl("apply -f -", { stdin: JSON.stringify({ apiVersion: "v1", kind: "List", items }) })
    expect((await cluster.kubectl("rollout status statefulset/claimed --timeout=60s")).stdout).toMatch(done.statefulset)
    const phases = async (kind: string) =>
      (await cluster.kubectl(`get ${kind} -o jsonpath={.items[*].status.phase}`)).stdout.split(" ").sort().join(" ")
    expect(await phases("persistentvolumeclaims")).toBe("Bound Bound")
    await cluster.kubectl("delete statefulset claimed")
    await cluster.kubectl("wait --for=delete pod -l app=web --timeout=60s")
    await cluster.kubectl("delete persistentvolumeclaim data-claimed-0 --timeout=60s")
    await eventually(async () => (await phases("persistentvolumes")) === "Bound Released", { what: "one volume is released" })
  }, 120_000)
})
