/** RuntimeClasses: as objects, and what admission makes of them in pods. @module */
import { pods } from "@tsukube/api/core-v1"
import { runtimeclasses } from "@tsukube/api/node-v1"
import { apiOperations } from "../api-operations.ts"
import { awaitReady, pausePod } from "../pods.ts"
import { type Cluster, type ConformanceTest, expectEqual, expectRefused, unlessGone } from "../suite.ts"

const operations = apiOperations(runtimeclasses)("[sig-node] RuntimeClass should support RuntimeClasses API operations", {
  make: () => ({ handler: "conformance-handler" })
})

const expectPodRefused = async (cluster: Cluster, runtimeClassName: string): Promise<void> => {
  const create = cluster.client.create(pods, pausePod(cluster, "refused", {}, { runtimeClassName }))
  const refusal = await expectRefused(create, 403, `a pod of RuntimeClass ${runtimeClassName}`)
  expectEqual(refusal.reason, "Forbidden", "the reason of the refusal")
}

const missing: ConformanceTest = {
  name: "[sig-node] RuntimeClass should reject a Pod requesting a non-existent RuntimeClass",
  run: (cluster) => expectPodRefused(cluster, cluster.unique("nonexistent"))
}

const make = async (cluster: Cluster, podFixed?: Readonly<Record<string, string>>): Promise<string> => {
  const { client } = cluster
  const name = cluster.unique("conformance-runtime-class")
  await client.create(runtimeclasses, {
    metadata: { name },
    // Every node of a cluster under test has the handler that is used when none is named.
    handler: await defaultHandler(cluster),
    ...(podFixed === undefined ? {} : { overhead: { podFixed } })
  })
  cluster.afterwards(() => client.delete(runtimeclasses, { name }))
  return name
}

const defaultHandler = async ({ client }: Cluster): Promise<string> => {
  const { items } = await client.list(runtimeclasses)
  return items[0]?.handler ?? "runc"
}

const deleted: ConformanceTest = {
  name: "[sig-node] RuntimeClass should reject a Pod requesting a deleted RuntimeClass",
  run: async (cluster) => {
    const { client, eventually } = cluster
    const name = await make(cluster)
    await client.delete(runtimeclasses, { name })
    await eventually("the class is gone", async () => (await unlessGone(client.get(runtimeclasses, { name }))) === undefined)
    // Admission looks into a cache, which may be behind for a moment.
    await eventually("pods of the class are refused", async () => {
      await expectPodRefused(cluster, name)
      return true
    })
  }
}

const schedules = (words: string, podFixed?: Readonly<Record<string, string>>): ConformanceTest => ({
  name: `[sig-node] RuntimeClass should schedule a Pod requesting a RuntimeClass ${words}`,
  run: async (cluster) => {
    const runtimeClassName = await make(cluster, podFixed)
    const create = () => cluster.client.create(pods, pausePod(cluster, "scheduled", {}, { runtimeClassName }))
    const pod = await cluster.eventually("admission knows the class", create)
    expectEqual(pod.spec?.overhead ?? {}, podFixed ?? {}, "the overhead of the pod")
    await awaitReady(cluster, "scheduled")
  }
})

export const runtimeClass: ReadonlyArray<ConformanceTest> = [
  operations,
  missing,
  deleted,
  schedules("without PodOverhead"),
  schedules("and initialize its Overhead", { cpu: "10m", memory: "1Mi" })
]
