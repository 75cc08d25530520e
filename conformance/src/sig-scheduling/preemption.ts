/** Preemption: a pod that matters more gets the room of one that matters less. These tests fill nodes, so they run alone. @module */
import { quantityMilli } from "@tsukube/api"
import { type Pod, pods } from "@tsukube/api/core-v1"
import { awaitReady, pausePod } from "../pods.ts"
import { type Cluster, type ConformanceTest, expectEqual, expectThat, present, unlessGone } from "../suite.ts"
import { readyNodes, requestedMilli } from "./predicates.ts"
import { makeClass } from "./priority-class.ts"

const prefix = "[sig-scheduling] SchedulerPreemption validates"

const containers = ({ image }: Cluster, milli: number) => {
  const amounts = { cpu: `${milli}m` }
  return [{ name: "main", image, resources: { requests: amounts, limits: amounts } }]
}

interface Full {
  /** By node, in order: the first pod has the lowest priority. */
  readonly fillers: ReadonlyArray<string>
  readonly hostname: string
  readonly milli: number
}

/** Fills every node with a pod that takes most of its free cpu: of low priority on the first, of middle priority on the others. */
const fill = async (cluster: Cluster, finalizers: ReadonlyArray<string> = []): Promise<Full> => {
  const { client } = cluster
  const [low, middle] = [cluster.unique("low"), cluster.unique("middle")]
  await makeClass(cluster, low, 1)
  await makeClass(cluster, middle, 100)
  const ready = await readyNodes(cluster)
  const running = (await client.list(pods)).items.filter(
    ({ status }) => status?.phase === "Running" || status?.phase === "Pending"
  )
  const fillers: Array<string> = []
  let first: { readonly hostname: string; readonly milli: number } | undefined
  for (const [index, { metadata, status }] of ready.entries()) {
    const nodeName = metadata?.name ?? ""
    const used = running.filter(({ spec }) => spec?.nodeName === nodeName).reduce((sum, pod) => sum + requestedMilli(pod), 0)
    const milli = Math.floor(((quantityMilli(status?.allocatable?.["cpu"] ?? "0") - used) * 2) / 3)
    const hostname = metadata?.labels?.["kubernetes.io/hostname"] ?? nodeName
    first ??= { hostname, milli }
    const more = { nodeSelector: { "kubernetes.io/hostname": hostname }, containers: containers(cluster, milli) }
    const name = `filler-${index}`
    const pod = pausePod(cluster, name, {}, { ...more, priorityClassName: index === 0 ? low : middle })
    const held = index === 0 ? { finalizers } : {}
    await client.create(pods, { ...pod, metadata: { ...pod.metadata, ...held } })
    await awaitReady(cluster, name)
    fillers.push(name)
  }
  return { fillers, ...present(first, "a node that takes pods") }
}

const isLeaving = async ({ client, namespace }: Cluster, name: string): Promise<boolean> => {
  const pod = await unlessGone(client.get(pods, { namespace, name }))
  return pod === undefined || pod.metadata?.deletionTimestamp !== undefined
}

const expectPreempted = async (cluster: Cluster, { fillers }: Full): Promise<void> => {
  await cluster.eventually("the pod of low priority is preempted", () => isLeaving(cluster, "filler-0"))
  for (const name of fillers.slice(1)) expectEqual(await isLeaving(cluster, name), false, `whether ${name} was preempted as well`)
}

const demanding = (cluster: Cluster, name: string, full: Full, priorityClassName: string): Pod =>
  pausePod(cluster, name, {}, { containers: containers(cluster, full.milli), priorityClassName })

const basic: ConformanceTest = {
  name: `${prefix} basic preemption works`,
  run: async (cluster) => {
    const full = await fill(cluster)
    const high = cluster.unique("high")
    await makeClass(cluster, high, 1000)
    const nodeSelector = { "kubernetes.io/hostname": full.hostname }
    const pod = demanding(cluster, "preemptor", full, high)
    await cluster.client.create(pods, { ...pod, spec: { ...present(pod.spec, "spec"), nodeSelector } })
    await awaitReady(cluster, "preemptor")
    await expectPreempted(cluster, full)
  }
}

const critical: ConformanceTest = {
  name: `${prefix} lower priority pod preemption by critical pod`,
  run: async (cluster) => {
    const { client } = cluster
    const full = await fill(cluster)
    const name = cluster.unique("conformance-critical")
    const place = { ...cluster, namespace: "kube-system" }
    cluster.afterwards(() => client.delete(pods, { namespace: "kube-system", name }, { gracePeriodSeconds: 0 }))
    const pod = demanding(place, name, full, "system-cluster-critical")
    const nodeSelector = { "kubernetes.io/hostname": full.hostname }
    await client.create(pods, { ...pod, spec: { ...present(pod.spec, "spec"), nodeSelector } })
    await awaitReady(place, name)
    await expectPreempted(cluster, full)
  }
}

const disruption: ConformanceTest = {
  name: `${prefix} pod disruption condition is added to the preempted pod`,
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    // The finalizer keeps the victim readable after its end.
    const full = await fill(cluster, ["conformance.example.com/held"])
    const victim = { namespace, name: "filler-0" }
    cluster.afterwards(() => client.patch(pods, victim, { type: "merge", body: { metadata: { finalizers: null } } }))
    const high = cluster.unique("high")
    await makeClass(cluster, high, 1000)
    const pod = demanding(cluster, "preemptor", full, high)
    const nodeSelector = { "kubernetes.io/hostname": full.hostname }
    await client.create(pods, { ...pod, spec: { ...present(pod.spec, "spec"), nodeSelector } })
    const condition = await eventually("the victim says that it is disrupted", async () => {
      const { status } = await client.get(pods, victim)
      return status?.conditions?.find(({ type }) => type === "DisruptionTarget")
    })
    expectEqual([condition.status, condition.reason], ["True", "PreemptionByScheduler"], "the condition")
    expectThat(await isLeaving(cluster, "filler-0"), "the victim is being deleted")
  }
}

export const preemption: ReadonlyArray<ConformanceTest> = [basic, critical, disruption]
