/** What kubectl says of a cluster, and what it does to single objects. @module */
import { join } from "node:path"
import { deployments } from "@tsukube/api/apps-v1"
import { type Pod, pods } from "@tsukube/api/core-v1"
import { pausePod, pauseSpec, runningPod } from "../pods.ts"
import { type ConformanceTest, expectEqual, expectThat } from "../suite.ts"
import { kubectlTest, startProxy } from "./kubectl.ts"

const otherImage = "registry.k8s.io/pause:3.9"

const imageOf = ({ spec }: Pod): string | undefined => spec?.containers[0]?.image

const asInput = (object: object, apiVersion: string, kind: string): string => JSON.stringify({ apiVersion, kind, ...object })

const apiVersions = kubectlTest(
  "[sig-cli] Kubectl client Kubectl api-versions should check if v1 is in available api versions",
  async ({ kubectl }) => {
    const { stdout } = await kubectl("api-versions")
    expectThat(stdout.split("\n").includes("v1"), `v1 is among ${stdout}`)
  }
)

const clusterInfo = kubectlTest(
  "[sig-cli] Kubectl client Kubectl cluster-info should check if Kubernetes control plane services is included in cluster-info",
  async ({ kubectl }) => {
    const { stdout } = await kubectl("cluster-info")
    // biome-ignore lint/suspicious/noControlCharactersInRegex: kubectl colours its words.
    const plain = stdout.replace(/\x1b\[[\d;]*m/g, "")
    expectThat(/Kubernetes control plane is running at https?:\/\/\S+/.test(plain), `it says where: ${plain}`)
  }
)

const version = kubectlTest(
  "[sig-cli] Kubectl client Kubectl version should check is all data is printed",
  async ({ kubectl }) => {
    const { stdout } = await kubectl("version")
    for (const line of ["Client Version:", "Server Version:"]) expectThat(stdout.includes(line), `${line} is in ${stdout}`)
    const { clientVersion, serverVersion } = await kubectl.json<Record<string, Record<string, string>>>("version")
    for (const field of ["major", "minor", "gitVersion", "platform"]) {
      expectThat(Boolean(clientVersion?.[field]), `the client's ${field}`)
      expectThat(Boolean(serverVersion?.[field]), `the server's ${field}`)
    }
  }
)

const diff = kubectlTest(
  "[sig-cli] Kubectl client Kubectl diff should check if kubectl diff finds a difference for Deployments",
  async (cluster) => {
    const { client, namespace, kubectl } = cluster
    const labels = { app: "diffed" }
    const spec = { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: pauseSpec(cluster) } }
    const made = { metadata: { namespace, name: "diffed", labels }, spec }
    await client.create(deployments, made)
    const changed = {
      ...made,
      spec: { ...spec, template: { ...spec.template, spec: { containers: [{ name: "main", image: otherImage }] } } }
    }
    const { stdout, exitCode } = await kubectl("diff -f -", { stdin: asInput(changed, "apps/v1", "Deployment"), mayFail: true })
    expectEqual(exitCode, 1, "the exit code, which says that there is a difference")
    for (const image of [`-      - image: ${cluster.image}`, `+      - image: ${otherImage}`]) {
      expectThat(stdout.includes(image), `${image} is in ${stdout}`)
    }
    const stored = await client.get(deployments, { namespace, name: "diffed" })
    expectEqual(stored.spec?.template.spec?.containers[0]?.image, cluster.image, "the image of the stored deployment")
  }
)

const label = kubectlTest("[sig-cli] Kubectl client Kubectl label should update the label on a resource", async (cluster) => {
  const { kubectl } = cluster
  await runningPod(cluster, "pause")
  const shown = async () => (await kubectl("get pod pause -L testing-label --no-headers")).stdout.includes("testing-label-value")
  await kubectl("label pods pause testing-label=testing-label-value")
  expectEqual(await shown(), true, "whether the label is shown after it was set")
  await kubectl("label pods pause testing-label-")
  expectEqual(await shown(), false, "whether the label is shown after it was removed")
})

const replace = kubectlTest(
  "[sig-cli] Kubectl client Kubectl replace should update a single-container pod's image",
  async (cluster) => {
    const { client, namespace, kubectl } = cluster
    await kubectl(["run", "replaced", `--image=${cluster.image}`, "--pod-running-timeout=2m0s", "--labels=run=replaced"])
    const current = await kubectl.json<Pod>("get pod replaced")
    const containers = current.spec?.containers.map((one) => ({ ...one, image: otherImage }))
    // The node writes the status all the time; without a resourceVersion its writes are no conflict.
    const { resourceVersion: _, ...metadata } = current.metadata ?? {}
    await kubectl("replace -f -", { stdin: JSON.stringify({ ...current, metadata, spec: { ...current.spec, containers } }) })
    expectEqual(imageOf(await client.get(pods, { namespace, name: "replaced" })), otherImage, "the image after the replace")
  }
)

const run = kubectlTest(
  "[sig-cli] Kubectl client Kubectl run pod should create a pod from an image when restart is Never",
  async ({ client, namespace, kubectl, image }) => {
    await kubectl(["run", "once", "--restart=Never", `--image=${image}`])
    const { spec } = await client.get(pods, { namespace, name: "once" })
    expectEqual([spec?.containers[0]?.image, spec?.restartPolicy], [image, "Never"], "image and restart policy of the pod")
  }
)

const dryRun = kubectlTest(
  "[sig-cli] Kubectl client Kubectl server-side dry-run should check if kubectl can dry-run update Pods",
  async (cluster) => {
    const { client, namespace, kubectl } = cluster
    await client.create(pods, pausePod(cluster, "dry"))
    const patch = JSON.stringify({ spec: { containers: [{ name: "main", image: otherImage }] } })
    const answer = await kubectl.json<Pod>(["patch", "pod", "dry", "-p", patch, "--dry-run=server"])
    expectEqual(imageOf(answer), otherImage, "the image in the answer")
    expectEqual(imageOf(await client.get(pods, { namespace, name: "dry" })), cluster.image, "the image of the stored pod")
  }
)

const expectVersions = async (response: Response): Promise<void> => {
  const { versions } = (await response.json()) as { versions?: ReadonlyArray<string> }
  expectThat(versions?.includes("v1") === true, `v1 is among the versions that /api/ names: ${versions}`)
}

const proxyPort = kubectlTest("[sig-cli] Kubectl client Proxy server should support proxy with --port 0", async (cluster) => {
  const said = await startProxy(cluster, ["--port=0"])
  const address = /127\.0\.0\.1:\d+/.exec(said)?.[0]
  expectThat(address !== undefined, `it says where it listens: ${said}`)
  await expectVersions(await fetch(`http://${address}/api/`))
})

const proxySocket = kubectlTest("[sig-cli] Kubectl client Proxy server should support --unix-socket=/path", async (cluster) => {
  const unix = join(cluster.folder, "socket")
  await startProxy(cluster, [`--unix-socket=${unix}`])
  await expectVersions(await fetch("http://localhost/api/", { unix }))
})

export const kubectlClient: ReadonlyArray<ConformanceTest> = [
  apiVersions,
  clusterInfo,
  version,
  diff,
  label,
  replace,
  run,
  dryRun,
  proxyPort,
  proxySocket
]
