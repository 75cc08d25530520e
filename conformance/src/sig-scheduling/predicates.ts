/** What keeps a pod from a node: resources, labels, ports. These tests fill nodes, so they run alone. @module */
import { compareQuantity, quantityMilli } from "@tsukube/api"
import { type Node, nodes, type Pod, pods } from "@tsukube/api/core-v1"
import { awaitReady, pausePod, runningPod } from "../pods.ts"
import { type Cluster, type ConformanceTest, expectEqual, expectThat, present } from "../suite.ts"

const isReady = ({ spec, status }: Node): boolean =>
  spec?.unschedulable !== true &&
  !spec?.taints?.some(({ effect }) => effect !== "PreferNoSchedule") &&
  status?.conditions?.some(({ type, status: holds }) => type === "Ready" && holds === "True") === true

/** Nodes that take ordinary pods. */
export const readyNodes = async ({ client }: Pick<Cluster, "client">): Promise<ReadonlyArray<Node>> =>
  (await client.list(nodes)).items.filter(isReady)

const nameOf = ({ metadata }: Node): string => metadata?.name ?? ""

const unschedulableOf = ({ status }: Pod) =>
  status?.conditions?.find(({ type, reason }) => type === "PodScheduled" && reason === "Unschedulable")

const awaitUnschedulable = ({ client, namespace, eventually }: Cluster, name: string) =>
  eventually(`no node takes pod ${name}`, async () => {
    const pod = await client.get(pods, { namespace, name })
    expectEqual(pod.spec?.nodeName, undefined, "the node of the pod")
    return unschedulableOf(pod)
  })

/** Labels a node for the length of a test. */
const labelNode = async (cluster: Cluster, name: string, labels: Readonly<Record<string, string>>): Promise<void> => {
  const { client } = cluster
  const set = (to: Readonly<Record<string, string | null>>) =>
    client.patch(nodes, { name }, { type: "merge", body: { metadata: { labels: to } } })
  cluster.afterwards(() => set(Object.fromEntries(Object.keys(labels).map((key) => [key, null]))))
  await set(labels)
}

/** Where an ordinary pod runs, so that the test knows a node that takes pods. */
const findNode = async (cluster: Cluster): Promise<string> => {
  const { spec } = await runningPod(cluster, "pathfinder")
  return present(spec?.nodeName, "the node of the pod")
}

/** The cpu that the containers of a pod ask for, in thousandths. */
export const requestedMilli = ({ spec }: Pod): number =>
  (spec?.containers ?? []).reduce((sum, { resources }) => sum + quantityMilli(resources?.requests?.["cpu"] ?? "0"), 0)

const resourceLimits: ConformanceTest = {
  name: "[sig-scheduling] SchedulerPredicates validates resource limits of pods that are allowed to run",
  run: async (cluster) => {
    const { client } = cluster
    const ready = await readyNodes(cluster)
    expectThat(ready.length > 0, "there is a node that takes pods")
    const label = cluster.unique("fill")
    const everywhere = (await client.list(pods)).items.filter(
      ({ status }) => status?.phase !== "Succeeded" && status?.phase !== "Failed"
    )
    const containers = (milli: number) => {
      const amounts = { cpu: `${milli}m` }
      return [{ name: "main", image: cluster.image, resources: { requests: amounts, limits: amounts } }]
    }
    for (const [index, node] of ready.entries()) {
      await labelNode(cluster, nameOf(node), { [label]: "true" })
      const allocatable = node.status?.allocatable?.["cpu"] ?? "0"
      expectThat(compareQuantity(allocatable, "0") > 0, `${nameOf(node)} has cpu`)
      const used = everywhere
        .filter(({ spec }) => spec?.nodeName === nameOf(node))
        .reduce((sum, pod) => sum + requestedMilli(pod), 0)
      const free = quantityMilli(allocatable) - used
      // Two thirds of what is free: another pod of the same size has no room.
      const milli = Math.floor((free * 2) / 3)
      if (milli <= 0) continue
      const more = {
        nodeSelector: { "kubernetes.io/hostname": node.metadata?.labels?.["kubernetes.io/hostname"] ?? nameOf(node) }
      }
      await client.create(pods, pausePod(cluster, `filler-${index}`, {}, { ...more, containers: containers(milli) }))
      await awaitReady(cluster, `filler-${index}`)
    }
    const largest = Math.max(...ready.map(({ status }) => quantityMilli(status?.allocatable?.["cpu"] ?? "0")))
    const nodeSelector = { [label]: "true" }
    await client.create(pods, pausePod(cluster, "additional", {}, { nodeSelector, containers: containers(largest) }))
    const condition = await awaitUnschedulable(cluster, "additional")
    expectThat(/Insufficient cpu/.test(condition.message ?? ""), `the reason is cpu: ${condition.message}`)
  }
}

const selectorMatches: ConformanceTest = {
  name: "[sig-scheduling] SchedulerPredicates validates that NodeSelector is respected if matching",
  run: async (cluster) => {
    const name = await findNode(cluster)
    const key = `kubernetes.io/${cluster.unique("e2e")}`
    await labelNode(cluster, name, { [key]: "42" })
    const pod = await runningPod(cluster, "with-labels", {}, { nodeSelector: { [key]: "42" } })
    expectEqual(pod.spec?.nodeName, name, "the node of the pod")
  }
}

const selectorMatchesNot: ConformanceTest = {
  name: "[sig-scheduling] SchedulerPredicates validates that NodeSelector is respected if not matching",
  run: async (cluster) => {
    const { client } = cluster
    const nodeSelector = { label: "nonempty" }
    await client.create(pods, pausePod(cluster, "restricted", {}, { nodeSelector }))
    await awaitUnschedulable(cluster, "restricted")
  }
}

const hostPort: ConformanceTest = {
  name: "[sig-scheduling] SchedulerPredicates validates that there exists conflict between pods with same hostPort and protocol but one using 0.0.0.0 hostIP",
  run: async (cluster) => {
    const { client } = cluster
    const name = await findNode(cluster)
    const key = `kubernetes.io/${cluster.unique("e2e")}`
    await labelNode(cluster, name, { [key]: "95" })
    const nodeSelector = { [key]: "95" }
    const containers = (hostIP: string) => [
      { name: "main", image: cluster.image, ports: [{ containerPort: 54322, hostPort: 54322, protocol: "TCP" as const, hostIP }] }
    ]
    await runningPod(cluster, "pod4", {}, { nodeSelector, containers: containers("0.0.0.0") })
    await client.create(pods, pausePod(cluster, "pod5", {}, { nodeSelector, containers: containers("127.0.0.1") }))
    const condition = await awaitUnschedulable(cluster, "pod5")
    expectThat(/free ports/.test(condition.message ?? ""), `the reason is the port: ${condition.message}`)
  }
}

export const predicates: ReadonlyArray<ConformanceTest> = [resourceLimits, selectorMatches, selectorMatchesNot, hostPort]
