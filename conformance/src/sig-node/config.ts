/** ConfigMaps, Secrets, Leases and PodTemplates as objects. @module */

import { leases } from "@tsukube/api/coordination-v1"
import { configmaps, podtemplates, secrets } from "@tsukube/api/core-v1"
import { runOperations } from "../api-operations.ts"
import { observeFromNow } from "../observe.ts"
import { pauseSpec } from "../pods.ts"
import { type Cluster, type ConformanceTest, expectEqual, expectRefused, expectThat, unlessGone } from "../suite.ts"

const emptyKeyConfigMap: ConformanceTest = {
  name: "[sig-node] ConfigMap should fail to create ConfigMap with empty key",
  run: async ({ client, namespace }) => {
    const create = client.create(configmaps, { metadata: { namespace, name: "empty-key" }, data: { "": "value-1" } })
    expectEqual((await expectRefused(create, 422, "a ConfigMap with an empty key")).reason, "Invalid", "the reason")
  }
}

const emptyKeySecret: ConformanceTest = {
  name: "[sig-node] Secrets should fail to create secret due to empty secret key",
  run: async ({ client, namespace }) => {
    const create = client.create(secrets, { metadata: { namespace, name: "empty-key" }, data: { "": "dmFsdWUtMQ==" } })
    expectEqual((await expectRefused(create, 422, "a Secret with an empty key")).reason, "Invalid", "the reason")
  }
}

const updateConfigMap: ConformanceTest = {
  name: "[sig-node] ConfigMap should update ConfigMap successfully",
  run: async ({ client, namespace }) => {
    const key = { namespace, name: "updated" }
    const created = await client.create(configmaps, { metadata: key, data: { "data-1": "value-1" } })
    await client.update(configmaps, { ...created, data: { "data-1": "value-2", "data-2": "value-3" } })
    expectEqual((await client.get(configmaps, key)).data, { "data-1": "value-2", "data-2": "value-3" }, "data after the update")
    await expectRefused(client.update(configmaps, created), 409, "an update of an old version")
  }
}

const configMapLifecycle: ConformanceTest = {
  name: "[sig-node] ConfigMap should run through a ConfigMap lifecycle",
  run: async (cluster) => {
    const { client, namespace } = cluster
    const label = cluster.unique("configmap")
    const labelSelector = `life=${label}`
    using watch = await observeFromNow(cluster, configmaps, { namespace, labelSelector })
    const key = { namespace, name: "lifecycle" }
    await client.create(configmaps, { metadata: { ...key, labels: { life: label } }, data: { valueName: "value" } })
    await watch.next("ADDED", ({ type }) => type === "ADDED")
    const body = { metadata: { labels: { patched: "true" } }, data: { valueName: "value1" } }
    await client.patch(configmaps, key, { type: "strategic", body })
    await watch.next("MODIFIED", ({ type, object }) => type === "MODIFIED" && object.data?.["valueName"] === "value1")
    const { items } = await client.list(configmaps, { labelSelector })
    expectEqual(
      items.map(({ metadata, data }) => [metadata?.name, metadata?.labels?.["patched"], data?.["valueName"]]),
      [["lifecycle", "true", "value1"]],
      "the ConfigMap in the list of all namespaces"
    )
    await client.deleteCollection(configmaps, { namespace, labelSelector })
    await watch.next("DELETED", ({ type }) => type === "DELETED")
    expectEqual((await client.list(configmaps, { labelSelector })).items.length, 0, "ConfigMaps after the delete")
  }
}

const patchSecret: ConformanceTest = {
  name: "[sig-node] Secrets should patch a secret",
  run: async (cluster) => {
    const { client, namespace } = cluster
    const label = cluster.unique("secret")
    const labelSelector = `life=${label}`
    const key = { namespace, name: "patched" }
    await client.create(secrets, { metadata: { ...key, labels: { life: label } }, type: "Opaque", data: { key: "dmFsdWU=" } })
    expectEqual((await client.list(secrets, { labelSelector })).items.length, 1, "secrets in the list of all namespaces")
    const body = { metadata: { labels: { "testsecret-patched": "true" } }, data: { key: "dmFsdWUx" } }
    await client.patch(secrets, key, { type: "strategic", body })
    const patched = await client.get(secrets, key)
    expectEqual(patched.data, { key: "dmFsdWUx" }, "data after the patch")
    expectEqual(patched.metadata?.labels, { life: label, "testsecret-patched": "true" }, "labels after the patch")
    await client.deleteCollection(secrets, { namespace, labelSelector })
    expectEqual((await client.list(secrets, { labelSelector })).items.length, 0, "secrets after the delete")
  }
}

const lease: ConformanceTest = {
  name: "[sig-node] Lease lease API should be available",
  run: async (cluster) => {
    const spec = (holder: string) => ({
      holderIdentity: holder,
      leaseDurationSeconds: 30,
      leaseTransitions: 0,
      acquireTime: "2026-01-01T00:00:00.123456Z",
      renewTime: "2026-01-01T00:00:05.654321Z"
    })
    await runOperations(cluster, leases, {
      make: () => ({ spec: spec("holder-1") }),
      change: (object) => ({ ...object, spec: { ...spec("holder-2"), leaseTransitions: 1 } }),
      changed: (object) => JSON.stringify(object.spec?.holderIdentity) === `"holder-2"` && object.spec?.leaseTransitions === 1,
      also: async ({ spec: stored, metadata }, { client, namespace }) => {
        expectEqual(stored?.renewTime, "2026-01-01T00:00:05.654321Z", "renewTime keeps its microseconds")
        const body = { spec: { holderIdentity: "holder-3" } }
        const patched = await client.patch(leases, { namespace, name: metadata?.name ?? "" }, { type: "strategic", body })
        expectEqual(patched.spec?.holderIdentity, "holder-3", "the holder after the patch")
      }
    })
  }
}

const template = (cluster: Cluster, name: string, label: string) => ({
  metadata: { namespace: cluster.namespace, name, labels: { "podtemplate-set": label } },
  template: { metadata: { labels: { app: "test" } }, spec: pauseSpec(cluster) }
})

const templateLifecycle: ConformanceTest = {
  name: "[sig-node] PodTemplates should run the lifecycle of PodTemplates",
  run: async (cluster) => {
    const { client, namespace } = cluster
    const label = cluster.unique("life")
    const labelSelector = `podtemplate-set=${label}`
    const key = { namespace, name: "nginx-pod-template" }
    await client.create(podtemplates, template(cluster, key.name, label))
    expectEqual((await client.list(podtemplates, { labelSelector })).items.length, 1, "templates in the list of all namespaces")
    const body = { metadata: { labels: { podtemplate: "patched" } } }
    await client.patch(podtemplates, key, { type: "strategic", body })
    expectEqual((await client.get(podtemplates, key)).metadata?.labels?.["podtemplate"], "patched", "the label after the patch")
    await client.delete(podtemplates, key)
    expectThat((await unlessGone(client.get(podtemplates, key))) === undefined, "the template is gone")
    expectEqual((await client.list(podtemplates, { labelSelector })).items.length, 0, "templates after the delete")
  }
}

const templateCollection: ConformanceTest = {
  name: "[sig-node] PodTemplates should delete a collection of pod templates",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    const labelSelector = "podtemplate-set=true"
    for (const index of [1, 2, 3]) await client.create(podtemplates, template(cluster, `test-podtemplate-${index}`, "true"))
    expectEqual((await client.list(podtemplates, { namespace, labelSelector })).items.length, 3, "templates before")
    await client.deleteCollection(podtemplates, { namespace, labelSelector })
    await eventually("the templates are gone", async () => {
      return (await client.list(podtemplates, { namespace, labelSelector })).items.length === 0
    })
  }
}

const templateReplace: ConformanceTest = {
  name: "[sig-node] PodTemplates should replace a pod template",
  run: async (cluster) => {
    const { client } = cluster
    const created = await client.create(podtemplates, template(cluster, "replaced", "one"))
    const metadata = { ...created.metadata, annotations: { updated: "true" } }
    const updated = await client.update(podtemplates, { ...created, metadata })
    expectEqual(updated.metadata?.annotations?.["updated"], "true", "the annotation after the update")
    expectEqual(updated.metadata?.uid, created.metadata?.uid, "the uid after the update")
  }
}

export const configTests: ReadonlyArray<ConformanceTest> = [
  emptyKeyConfigMap,
  emptyKeySecret,
  updateConfigMap,
  configMapLifecycle,
  patchSecret,
  lease,
  templateLifecycle,
  templateCollection,
  templateReplace
]
