/** Uses `@kubernetes/client-node` on Node against the cluster of the kubeconfig; prints `ok` when everything did what it should. @module */
import assert from "node:assert"
import { AppsV1Api, CoreV1Api, KubeConfig, makeInformer, Watch } from "@kubernetes/client-node"

const config = new KubeConfig()
config.loadFromFile(process.argv[2])
const core = config.makeApiClient(CoreV1Api)
const apps = config.makeApiClient(AppsV1Api)
const namespace = "default"

const seen = []
const informer = makeInformer(config, "/api/v1/namespaces/default/configmaps", () => core.listNamespacedConfigMap({ namespace }))
for (const event of ["add", "update", "delete"]) informer.on(event, ({ metadata }) => seen.push(`${event} ${metadata.name}`))
await informer.start()

await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: "node" }, data: { a: "ü" } } })
const read = await core.readNamespacedConfigMap({ namespace, name: "node" })
assert.equal(read.data.a, "ü")
await core.replaceNamespacedConfigMap({ namespace, name: "node", body: { ...read, data: { a: "2" } } })
await assert.rejects(core.readNamespacedConfigMap({ namespace, name: "none" }), (error) => error.code === 404)
await apps.createNamespacedDeployment({
  namespace,
  body: {
    metadata: { name: "node" },
    spec: {
      selector: { matchLabels: { app: "node" } },
      template: { metadata: { labels: { app: "node" } }, spec: { containers: [{ name: "c", image: "busybox" }] } }
    }
  }
})
const { items } = await apps.listNamespacedDeployment({ namespace, labelSelector: "" })
assert.equal(items[0].spec.strategy.type, "RollingUpdate")

const watched = new Promise((resolve, reject) => {
  const watch = new Watch(config)
  watch.watch("/api/v1/namespaces/default/configmaps", {}, (type, { metadata }) => resolve(`${type} ${metadata.name}`), reject)
})
await watched
await core.deleteNamespacedConfigMap({ namespace, name: "node" })
const deadline = Date.now() + 10_000
while (!seen.includes("delete node") && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10))
assert.deepEqual(
  seen.filter((one) => one.endsWith(" node")),
  ["add node", "update node", "delete node"]
)
await informer.stop()
console.log("ok")
process.exit(0)
