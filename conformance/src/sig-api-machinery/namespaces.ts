/** The life of a namespace: its changes, and what its end takes along. @module */
import { configmaps, type Namespace, namespaces, pods, services } from "@tsukube/api/core-v1"
import { pausePod, runningPod } from "../pods.ts"
import { type Cluster, type ConformanceTest, expectEqual, present, retryOnConflict, unlessGone } from "../suite.ts"

const awaitGone = ({ client, eventually }: Cluster, name: string): Promise<unknown> =>
  eventually(`namespace ${name} is gone`, async () => (await unlessGone(client.get(namespaces, { name }))) === undefined, 120_000)

/** Deletes the namespace, makes it anew, and looks whether it is empty. */
const renew = async (cluster: Cluster, namespace: string): Promise<void> => {
  const { client } = cluster
  await client.delete(namespaces, { name: namespace })
  await awaitGone(cluster, namespace)
  await client.create(namespaces, { metadata: { name: namespace } })
  cluster.afterwards(() => client.delete(namespaces, { name: namespace }))
}

const podsRemoved: ConformanceTest = {
  name: "[sig-api-machinery] Namespaces should ensure that all pods are removed when a namespace is deleted",
  run: async (cluster) => {
    const namespace = await cluster.anotherNamespace()
    await runningPod({ ...cluster, namespace }, "victim")
    await renew(cluster, namespace)
    expectEqual((await cluster.client.list(pods, { namespace })).items.length, 0, "pods in the new namespace of the same name")
  }
}

const servicesRemoved: ConformanceTest = {
  name: "[sig-api-machinery] Namespaces should ensure that all services are removed when a namespace is deleted",
  run: async (cluster) => {
    const { client } = cluster
    const namespace = await cluster.anotherNamespace()
    await client.create(services, {
      metadata: { namespace, name: "victim" },
      spec: { selector: { app: "victim" }, ports: [{ port: 80, targetPort: 80 }] }
    })
    await renew(cluster, namespace)
    expectEqual((await client.list(services, { namespace })).items.length, 0, "services in the new namespace of the same name")
  }
}

const patched: ConformanceTest = {
  name: "[sig-api-machinery] Namespaces should patch a Namespace",
  run: async ({ client, anotherNamespace }) => {
    const name = await anotherNamespace()
    await client.patch(namespaces, { name }, { type: "strategic", body: { metadata: { labels: { testLabel: "testValue" } } } })
    const { metadata } = await client.get(namespaces, { name })
    expectEqual(metadata?.labels?.["testLabel"], "testValue", "the label after the patch")
    expectEqual(metadata?.labels?.["kubernetes.io/metadata.name"], name, "the label that every namespace has")
  }
}

const updated: ConformanceTest = {
  name: "[sig-api-machinery] Namespaces should apply an update to a Namespace",
  run: async ({ client, namespace: name }) => {
    const answer = await retryOnConflict(async () => {
      const current = await client.get(namespaces, { name })
      const labels = { ...current.metadata?.labels, updated: name }
      return client.update(namespaces, { ...current, metadata: { ...current.metadata, labels } })
    })
    expectEqual(answer.metadata?.labels?.["updated"], name, "the label after the update")
  }
}

const conditionOf = ({ status }: Namespace, type: string) => status?.conditions?.find((one) => one.type === type)

const status: ConformanceTest = {
  name: "[sig-api-machinery] Namespaces should apply changes to a namespace status",
  run: async ({ client, namespace: name }) => {
    expectEqual((await client.get(namespaces, { name }, { subresource: "status" })).status?.phase, "Active", "the phase")
    const now = new Date().toISOString().replace(/\.\d+Z$/, "Z")
    const condition = { type: "StatusPatch", status: "True", reason: "Conformance", message: "patched", lastTransitionTime: now }
    const patch = { type: "merge", body: { status: { conditions: [condition] } } } as const
    const afterPatch = await client.patch(namespaces, { name }, patch, { subresource: "status" })
    expectEqual(conditionOf(afterPatch, "StatusPatch")?.message, "patched", "the condition after the patch")
    const afterUpdate = await retryOnConflict(async () => {
      const current = await client.get(namespaces, { name })
      const conditions = [...(current.status?.conditions ?? []), { ...condition, type: "StatusUpdate", message: "updated" }]
      return client.updateStatus(namespaces, { ...current, status: { ...current.status, conditions } })
    })
    expectEqual(conditionOf(afterUpdate, "StatusUpdate")?.message, "updated", "the condition after the update")
    expectEqual(conditionOf(afterUpdate, "StatusPatch")?.message, "patched", "the other condition after the update")
  }
}

const finalizer: ConformanceTest = {
  name: "[sig-api-machinery] Namespaces should apply a finalizer to a Namespace",
  run: async (cluster) => {
    const { client } = cluster
    const name = await cluster.anotherNamespace()
    const own = "conformance.example.com/finalizer"
    const change = (to: (finalizers: ReadonlyArray<string>) => ReadonlyArray<string>) =>
      retryOnConflict(async () => {
        const current = await client.get(namespaces, { name })
        const finalizers = to(current.spec?.finalizers ?? [])
        const body: Namespace = { ...current, spec: { ...current.spec, finalizers } }
        return client.updateSubresource<Namespace>(namespaces, { name }, "finalize", body)
      })
    const added = await change((finalizers) => [...finalizers, own])
    expectEqual(added.spec?.finalizers, ["kubernetes", own], "the finalizers after one was added")
    await client.delete(namespaces, { name })
    await cluster.eventually("it is terminating", async () => {
      const { status } = await client.get(namespaces, { name })
      return status?.phase === "Terminating"
    })
    await change((finalizers) => finalizers.filter((one) => one !== own))
    await awaitGone(cluster, name)
  }
}

const podFirst: ConformanceTest = {
  name: "[sig-api-machinery] OrderedNamespaceDeletion namespace deletion should delete pod first",
  run: async (cluster) => {
    const { client, eventually } = cluster
    const namespace = await cluster.anotherNamespace()
    const finalizers = ["conformance.example.com/held"]
    const pod = pausePod(cluster, "held")
    await client.create(pods, { ...pod, metadata: { ...pod.metadata, namespace, finalizers } })
    await client.create(configmaps, { metadata: { namespace, name: "after-the-pod" } })
    await client.delete(namespaces, { name: namespace })
    await eventually("the controller of namespaces has said how far it is", async () => {
      const conditions = (await client.get(namespaces, { name: namespace })).status?.conditions
      return conditions?.some(({ type }) => type === "NamespaceDeletionContentFailure")
    })
    await eventually("the pod is being deleted", async () => {
      const { metadata } = await client.get(pods, { namespace, name: "held" })
      return metadata?.deletionTimestamp !== undefined
    })
    present(
      await unlessGone(client.get(configmaps, { namespace, name: "after-the-pod" })),
      "the ConfigMap while the pod is there"
    )
    await client.patch(pods, { namespace, name: "held" }, { type: "merge", body: { metadata: { finalizers: null } } })
    await awaitGone(cluster, namespace)
  }
}

export const namespaceTests: ReadonlyArray<ConformanceTest> = [
  podsRemoved,
  servicesRemoved,
  patched,
  updated,
  status,
  finalizer,
  podFirst
]
