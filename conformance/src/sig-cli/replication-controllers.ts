/** What kubectl does with a ReplicationController and its pods. @module */
import { endpoints, pods, services } from "@tsukube/api/core-v1"
import { awaitReadyPods, pauseSpec } from "../pods.ts"
import { type ConformanceTest, expectEqual, expectThat } from "../suite.ts"
import { type KubectlCluster, kubectlTest } from "./kubectl.ts"

/** A ReplicationController, made by kubectl, whose pods are ready. */
const makeController = async (cluster: KubectlCluster, name: string, replicas: number): Promise<void> => {
  const labels = { app: name }
  const spec = { replicas, selector: labels, template: { metadata: { labels }, spec: pauseSpec(cluster) } }
  const stdin = JSON.stringify({ apiVersion: "v1", kind: "ReplicationController", metadata: { name, labels }, spec })
  await cluster.kubectl("create -f -", { stdin })
  await awaitReadyPods(
    { ...cluster, eventually: (what, probe) => cluster.eventually(what, probe, 60_000) },
    `app=${name}`,
    replicas
  )
}

const describe = kubectlTest(
  "[sig-cli] Kubectl client Kubectl describe should check if kubectl describe prints relevant information for rc and pods",
  async (cluster) => {
    const { client, namespace, kubectl, image } = cluster
    await makeController(cluster, "described", 1)
    const { items } = await client.list(pods, { namespace, labelSelector: "app=described" })
    const told = async (what: string, lines: ReadonlyArray<RegExp>) => {
      const { stdout } = await kubectl(`describe ${what}`)
      for (const line of lines) expectThat(line.test(stdout), `${line} is in the description of ${what}:\n${stdout}`)
    }
    const escaped = new RegExp(`Image:\\s+${image.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}`)
    await told(`pod ${items[0]?.metadata?.name}`, [
      /Name:\s+described-/,
      new RegExp(`Namespace:\\s+${namespace}`),
      /Node:\s+\S/,
      /Labels:\s+app=described/,
      /Status:\s+Running/,
      /IP:\s+\S/,
      /Controlled By:\s+ReplicationController\/described/,
      escaped,
      /State:\s+Running/,
      /QoS Class:\s+BestEffort/
    ])
    await told("rc described", [
      /Name:\s+described/,
      /Selector:\s+app=described/,
      /Replicas:\s+1 current \/ 1 desired/,
      /Pods Status:\s+1 Running \/ 0 Waiting \/ 0 Succeeded \/ 0 Failed/,
      /Pod Template:/,
      escaped,
      /Events:/
    ])
    await told(`namespace ${namespace}`, [
      /Name:\s+\S/,
      /Labels:/,
      /Status:\s+Active/,
      /No resource quota/,
      /No LimitRange resource/
    ])
    await told(`node ${items[0]?.spec?.nodeName}`, [
      /Name:\s+\S/,
      /Conditions:/,
      /Addresses:/,
      /Capacity:/,
      /Allocatable:/,
      /Pods:/
    ])
  }
)

const expose = kubectlTest("[sig-cli] Kubectl client Kubectl expose should create services for rc", async (cluster) => {
  const { client, namespace, kubectl, eventually } = cluster
  await makeController(cluster, "exposed", 1)
  const expectService = async (name: string, port: number) => {
    const { spec } = await client.get(services, { namespace, name })
    expectEqual(
      spec?.ports?.map((one) => [one.port, one.targetPort]),
      [[port, 6379]],
      `ports of service ${name}`
    )
    await eventually(`service ${name} has an endpoint`, async () => {
      const { subsets } = await client.get(endpoints, { namespace, name })
      return subsets?.[0]?.addresses?.length === 1 && subsets[0].ports?.[0]?.port === 6379
    })
  }
  await kubectl("expose rc exposed --name=rm2 --port=1234 --target-port=6379")
  await expectService("rm2", 1234)
  await kubectl("expose service rm2 --name=rm3 --port=2345 --target-port=6379")
  await expectService("rm3", 2345)
})

const patch = kubectlTest("[sig-cli] Kubectl client Kubectl patch should add annotations for pods in rc", async (cluster) => {
  const { client, namespace, kubectl } = cluster
  await makeController(cluster, "patched", 2)
  const { items } = await client.list(pods, { namespace, labelSelector: "app=patched" })
  for (const { metadata } of items) {
    await kubectl(["patch", "pod", metadata?.name ?? "", "-p", JSON.stringify({ metadata: { annotations: { x: "y" } } })])
  }
  const after = await client.list(pods, { namespace, labelSelector: "app=patched" })
  expectEqual(
    after.items.map(({ metadata }) => metadata?.annotations?.["x"]),
    ["y", "y"],
    "the annotation of the pods"
  )
})

export const kubectlControllers: ReadonlyArray<ConformanceTest> = [describe, expose, patch]
