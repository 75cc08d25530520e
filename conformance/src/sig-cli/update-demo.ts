/** A ReplicationController that kubectl makes, scales and stops. @module */
import { pods } from "@tsukube/api/core-v1"
import { awaitReadyPods, pauseSpec } from "../pods.ts"
import { type ConformanceTest, expectEqual, expectThat } from "../suite.ts"
import { type KubectlCluster, kubectlTest } from "./kubectl.ts"

const name = "update-demo"

const make = async (cluster: KubectlCluster, replicas: number): Promise<void> => {
  const labels = { name }
  const spec = { replicas, selector: labels, template: { metadata: { labels }, spec: pauseSpec(cluster) } }
  const stdin = JSON.stringify({ apiVersion: "v1", kind: "ReplicationController", metadata: { name }, spec })
  const { stdout } = await cluster.kubectl("create -f -", { stdin })
  expectThat(stdout.includes(`replicationcontroller/${name} created`), `kubectl says what it made: ${stdout}`)
}

/** Waits for so many ready pods, and reads from kubectl what runs in them. */
const expectRunning = async (cluster: KubectlCluster, count: number): Promise<void> => {
  await awaitReadyPods(cluster, `name=${name}`, count)
  const names = "{{range .items}}{{.metadata.name}} {{end}}"
  const { stdout } = await cluster.kubectl(["get", "pods", "-o", "template", `--template=${names}`, "-l", `name=${name}`])
  const found = stdout.trim().split(/\s+/).filter(Boolean)
  expectEqual(found.length, count, "pods that kubectl lists")
  const running = `{{range .status.containerStatuses}}{{if .state.running}}{{.name}}={{end}}{{end}}{{range .spec.containers}}{{.image}}{{end}}`
  for (const pod of found) {
    const said = await cluster.kubectl(["get", "pods", pod, "-o", "template", `--template=${running}`])
    expectEqual(said.stdout, `main=${cluster.image}`, `the running container of ${pod} and its image`)
  }
}

const expectStopped = async (cluster: KubectlCluster): Promise<void> => {
  const { client, namespace, kubectl, eventually } = cluster
  await kubectl(`delete rc ${name} --grace-period=0 --force`)
  const { stdout } = await kubectl("get rc,svc --no-headers")
  expectEqual(stdout, "", "controllers and services that are left")
  await eventually("no pods are left", async () => {
    const { items } = await client.list(pods, { namespace, labelSelector: `name=${name}` })
    return items.filter(({ metadata }) => metadata?.deletionTimestamp === undefined).length === 0
  })
}

const stops = kubectlTest(
  "[sig-cli] Kubectl client Update Demo should create and stop a replication controller",
  async (cluster) => {
    await make(cluster, 2)
    await expectRunning(cluster, 2)
    await expectStopped(cluster)
  }
)

const scales = kubectlTest("[sig-cli] Kubectl client Update Demo should scale a replication controller", async (cluster) => {
  await make(cluster, 2)
  await expectRunning(cluster, 2)
  for (const count of [1, 2]) {
    await cluster.kubectl(`scale rc ${name} --replicas=${count} --timeout=5m`)
    await expectRunning(cluster, count)
  }
  await expectStopped(cluster)
})

export const updateDemo: ReadonlyArray<ConformanceTest> = [stops, scales]
