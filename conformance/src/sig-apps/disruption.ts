/** PodDisruptionBudgets: what they allow, and the evictions that they stop. @module */
import { type Pod, pods } from "@tsukube/api/core-v1"
import { type Eviction, type PodDisruptionBudget, poddisruptionbudgets } from "@tsukube/api/policy-v1"
import { awaitPodGone, awaitReadyPods, runningPod } from "../pods.ts"
import { type Cluster, type ConformanceTest, expectEqual, expectRefused, present, retryOnConflict } from "../suite.ts"

const labels = { app: "budgeted" }

const makeBudget = ({ client, namespace }: Cluster, minAvailable: number | string): Promise<PodDisruptionBudget> =>
  client.create(poddisruptionbudgets, {
    metadata: { namespace, name: "budget" },
    spec: { minAvailable, selector: { matchLabels: labels } }
  })

const awaitAllowed = ({ client, namespace, eventually }: Cluster, count: number): Promise<PodDisruptionBudget> =>
  eventually(`the budget allows ${count} disruptions`, async () => {
    const object = await client.get(poddisruptionbudgets, { namespace, name: "budget" })
    const { observedGeneration, disruptionsAllowed } = object.status ?? {}
    expectEqual([observedGeneration, disruptionsAllowed], [object.metadata?.generation, count], "generation and disruptions")
    return object
  })

const evict = ({ client, namespace }: Cluster, { metadata }: Pod): Promise<unknown> => {
  const name = metadata?.name ?? ""
  const eviction: Eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { namespace, name } }
  return client.createSubresource(pods, { namespace, name }, "eviction", eviction)
}

const observes: ConformanceTest = {
  name: "[sig-apps] DisruptionController should observe PodDisruptionBudget status updated",
  run: async (cluster) => {
    await makeBudget(cluster, 1)
    await awaitAllowed(cluster, 0)
    for (const name of ["one", "two", "three"]) await runningPod(cluster, name, labels)
    const { status } = await awaitAllowed(cluster, 2)
    expectEqual(
      [status?.currentHealthy, status?.desiredHealthy, status?.expectedPods],
      [3, 1, 3],
      "healthy, desired and expected pods"
    )
  }
}

const blocks: ConformanceTest = {
  name: "[sig-apps] DisruptionController should block an eviction until the PDB is updated to allow it",
  run: async (cluster) => {
    const { client, namespace } = cluster
    for (const name of ["one", "two", "three"]) await runningPod(cluster, name, labels)
    const running = await awaitReadyPods(cluster, "app=budgeted", 3)
    const pod = present(running[0], "a pod")
    await makeBudget(cluster, 3)
    await awaitAllowed(cluster, 0)
    const refusal = await expectRefused(evict(cluster, pod), 429, "an eviction that the budget does not allow")
    expectEqual(refusal.reason, "TooManyRequests", "the reason of the refusal")
    await retryOnConflict(async () => {
      const current = await client.get(poddisruptionbudgets, { namespace, name: "budget" })
      return client.update(poddisruptionbudgets, { ...current, spec: { ...current.spec, minAvailable: 2 } })
    })
    await awaitAllowed(cluster, 1)
    await evict(cluster, pod)
    await awaitPodGone(cluster, pod.metadata?.name ?? "")
    // Two are left, which is what the budget wants: the next one has to stay.
    await awaitAllowed(cluster, 0)
    await expectRefused(evict(cluster, present(running[1], "another pod")), 429, "an eviction after the budget is used up")
    await client.delete(poddisruptionbudgets, { namespace, name: "budget" })
    await evict(cluster, present(running[1], "another pod"))
  }
}

export const disruptionTests: ReadonlyArray<ConformanceTest> = [observes, blocks]
