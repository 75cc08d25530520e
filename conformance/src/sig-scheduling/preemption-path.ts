/** Preemption among ReplicaSets: the least important pods go, as many as have to, and no others. Runs alone: it changes a node. @module */
import { replicasets } from "@tsukube/api/apps-v1"
import { nodes, type Pod, pods } from "@tsukube/api/core-v1"
import { pauseSpec } from "../pods.ts"
import { type Cluster, type ConformanceTest, expectEqual, present } from "../suite.ts"
import { readyNodes } from "./predicates.ts"
import { makeClass } from "./priority-class.ts"

/** An amount that nothing else on the node uses. */
const resource = "conformance.example.com/fakecpu"

/** Replicas, what each takes of the thousand there are, and how important they are. */
const sets = [
  { name: "rs-1", replicas: 5, amount: 40, priority: 1 },
  { name: "rs-2", replicas: 4, amount: 50, priority: 2 },
  { name: "rs-3", replicas: 4, amount: 95, priority: 3 }
]
const preemptor = { name: "rs-4", replicas: 1, amount: 400, priority: 4 }

const setAmount = async ({ client, eventually }: Cluster, name: string, amount: string | null): Promise<void> => {
  const body = { status: { capacity: { [resource]: amount }, allocatable: { [resource]: amount } } }
  await client.patch(nodes, { name }, { type: "merge", body }, { subresource: "status" })
  await eventually(`node ${name} has ${amount ?? "no"} ${resource}`, async () => {
    const { status } = await client.get(nodes, { name })
    return (status?.allocatable?.[resource] ?? null) === amount
  })
}

const start = async (cluster: Cluster, set: (typeof sets)[number], nodeName: string): Promise<void> => {
  const { client, namespace } = cluster
  const priorityClassName = cluster.unique(`priority-${set.priority}`)
  await makeClass(cluster, priorityClassName, set.priority)
  const amounts = { [resource]: String(set.amount) }
  const spec = pauseSpec(cluster, {
    priorityClassName,
    nodeSelector: { "kubernetes.io/hostname": nodeName },
    containers: [{ name: "main", image: cluster.image, resources: { requests: amounts, limits: amounts } }]
  })
  const labels = { set: set.name }
  await client.create(replicasets, {
    metadata: { namespace, name: set.name },
    spec: { replicas: set.replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } }
  })
  await cluster.eventually(`${set.replicas} pods of ${set.name} run`, async () => {
    const { items } = await client.list(pods, { namespace, labelSelector: `set=${set.name}` })
    return items.filter(({ status }) => status?.phase === "Running").length === set.replicas
  })
}

const uidsOf = (items: ReadonlyArray<Pod>): ReadonlyArray<string> =>
  items
    .filter(({ status }) => status?.phase === "Running")
    .map(({ metadata }) => metadata?.uid ?? "")
    .sort()

/** The execution path of preemption. */
export const preemptionPath: ReadonlyArray<ConformanceTest> = [
  {
    name: "[sig-scheduling] SchedulerPreemption PreemptionExecutionPath runs ReplicaSets to verify preemption running path",
    run: async (cluster) => {
      const { client, namespace } = cluster
      const [node] = await readyNodes(cluster)
      const name = present(node?.metadata?.name, "a node that takes pods")
      cluster.afterwards(() => setAmount(cluster, name, null))
      await setAmount(cluster, name, "1k")
      const hostname = node?.metadata?.labels?.["kubernetes.io/hostname"] ?? name
      for (const set of sets) await start(cluster, set, hostname)
      const running = async (set: string) => uidsOf((await client.list(pods, { namespace, labelSelector: `set=${set}` })).items)
      const [first, second, third] = [await running("rs-1"), await running("rs-2"), await running("rs-3")]
      // 220 are free, 400 are needed: all five of the least important have to go, and that is enough.
      await start(cluster, preemptor, hostname)
      await cluster.eventually("the least important pods have gone", async () => {
        const left = await running("rs-1")
        return first.every((uid) => !left.includes(uid))
      })
      expectEqual(await running("rs-2"), second, "pods of the second set")
      expectEqual(await running("rs-3"), third, "pods of the third set")
    }
  }
]
