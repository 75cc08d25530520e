/** kubectl rollout of DaemonSets and StatefulSets, against a simulated cluster. @module */
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import type { DaemonSet, StatefulSet } from "@tsukube/api/apps-v1"
import { onPath, requireTool } from "@tsukube/testing"
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
})
