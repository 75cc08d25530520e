/** PersistentVolumes and claims as objects, and ConfigMaps and Secrets that must not change. @module */
import {
  configmaps,
  type PersistentVolume,
  type PersistentVolumeClaim,
  persistentvolumeclaims,
  persistentvolumes,
  secrets
} from "@tsukube/api/core-v1"
import {
  type Cluster,
  type ConformanceTest,
  expectEqual,
  expectRefused,
  expectThat,
  retryOnConflict,
  unlessGone
} from "../suite.ts"

const immutableConfigMap: ConformanceTest = {
  name: "[sig-storage] ConfigMap should be immutable if `immutable` field is set",
  run: async ({ client, namespace }) => {
    const key = { namespace, name: "immutable" }
    const created = await client.create(configmaps, { metadata: key, data: { "data-1": "value-1" } })
    const changed = await client.update(configmaps, { ...created, data: { "data-1": "value-2" } })
    const sealed = await client.update(configmaps, { ...changed, immutable: true })
    const again = client.update(configmaps, { ...sealed, data: { "data-1": "value-3" } })
    expectEqual((await expectRefused(again, 422, "a change of the data")).reason, "Invalid", "the reason")
    const { immutable: _, ...unsealed } = sealed
    expectEqual(
      (await expectRefused(client.update(configmaps, unsealed), 422, "taking immutable back")).reason,
      "Invalid",
      "the reason"
    )
    await client.update(configmaps, { ...sealed, metadata: { ...sealed.metadata, labels: { still: "allowed" } } })
    expectEqual((await client.get(configmaps, key)).data, { "data-1": "value-2" }, "the data")
    await client.delete(configmaps, key)
  }
}

const immutableSecret: ConformanceTest = {
  name: "[sig-storage] Secrets should be immutable if `immutable` field is set",
  run: async ({ client, namespace }) => {
    const key = { namespace, name: "immutable" }
    const created = await client.create(secrets, { metadata: key, data: { "data-1": "dmFsdWUtMQ==" } })
    const changed = await client.update(secrets, { ...created, data: { "data-1": "dmFsdWUtMg==" } })
    const sealed = await client.update(secrets, { ...changed, immutable: true })
    const again = client.update(secrets, { ...sealed, data: { "data-1": "dmFsdWUtMw==" } })
    expectEqual((await expectRefused(again, 422, "a change of the data")).reason, "Invalid", "the reason")
    const { immutable: _, ...unsealed } = sealed
    expectEqual(
      (await expectRefused(client.update(secrets, unsealed), 422, "taking immutable back")).reason,
      "Invalid",
      "the reason"
    )
    await client.update(secrets, { ...sealed, metadata: { ...sealed.metadata, labels: { still: "allowed" } } })
    expectEqual((await client.get(secrets, key)).data, { "data-1": "dmFsdWUtMg==" }, "the data")
    await client.delete(secrets, key)
  }
}

const volume = (name: string, label: string, storageClassName: string): PersistentVolume => ({
  metadata: { name, labels: { life: label } },
  spec: {
    storageClassName,
    accessModes: ["ReadWriteOnce"],
    capacity: { storage: "10Mi" },
    persistentVolumeReclaimPolicy: "Retain",
    csi: { driver: "conformance.example.com", volumeHandle: name }
  }
})

const claim = (namespace: string, name: string, label: string, storageClassName: string): PersistentVolumeClaim => ({
  metadata: { namespace, name, labels: { life: label } },
  spec: { storageClassName, accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "10Mi" } } }
})

/** A volume of a class and a claim of another, so that the two never bind and no controller writes in between. */
const makeBoth = async (cluster: Cluster) => {
  const { client, namespace } = cluster
  const label = cluster.unique("pv")
  const names = { volume: `${label}-volume`, claim: `${label}-claim` }
  cluster.afterwards(() => client.deleteCollection(persistentvolumes, { labelSelector: `life=${label}` }))
  await client.create(persistentvolumes, volume(names.volume, label, `${label}-for-volumes`))
  await client.create(persistentvolumeclaims, claim(namespace, names.claim, label, `${label}-for-claims`))
  return { label, labelSelector: `life=${label}`, volume: { name: names.volume }, claim: { namespace, name: names.claim } }
}

const lifecycle: ConformanceTest = {
  name: "[sig-storage] PersistentVolumes CSI Conformance should run through the lifecycle of a PV and a PVC",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    const made = await makeBoth(cluster)
    const { labelSelector } = made
    expectEqual((await client.list(persistentvolumes, { labelSelector })).items.length, 1, "volumes in the list")
    expectEqual((await client.list(persistentvolumeclaims, { labelSelector })).items.length, 1, "claims of all namespaces")

    const patch = { type: "strategic", body: { metadata: { labels: { patched: "true" } } } } as const
    await client.patch(persistentvolumes, made.volume, patch)
    await client.patch(persistentvolumeclaims, made.claim, patch)
    expectEqual((await client.get(persistentvolumes, made.volume)).metadata?.labels?.["patched"], "true", "the volume's label")
    expectEqual((await client.get(persistentvolumeclaims, made.claim)).metadata?.labels?.["patched"], "true", "the claim's label")
    await retryOnConflict(async () => {
      const current = await client.get(persistentvolumes, made.volume)
      const labels = { ...current.metadata?.labels, updated: "true" }
      return client.update(persistentvolumes, { ...current, metadata: { ...current.metadata, labels } })
    })
    await retryOnConflict(async () => {
      const current = await client.get(persistentvolumeclaims, made.claim)
      const labels = { ...current.metadata?.labels, updated: "true" }
      return client.update(persistentvolumeclaims, { ...current, metadata: { ...current.metadata, labels } })
    })

    await client.delete(persistentvolumeclaims, made.claim)
    await eventually(
      "the claim is gone",
      async () => (await unlessGone(client.get(persistentvolumeclaims, made.claim))) === undefined
    )
    await client.delete(persistentvolumes, made.volume)
    await eventually(
      "the volume is gone",
      async () => (await unlessGone(client.get(persistentvolumes, made.volume))) === undefined
    )

    await client.create(persistentvolumes, volume(`${made.label}-second`, made.label, "none-of-these"))
    await client.create(persistentvolumeclaims, claim(namespace, "second", made.label, "none-of-those"))
    await client.deleteCollection(persistentvolumeclaims, { namespace, labelSelector })
    await client.deleteCollection(persistentvolumes, { labelSelector })
    await eventually("both are gone", async () => {
      const volumes = await client.list(persistentvolumes, { labelSelector })
      const claims = await client.list(persistentvolumeclaims, { labelSelector })
      return volumes.items.length + claims.items.length === 0
    })
  }
}

const status: ConformanceTest = {
  name: "[sig-storage] PersistentVolumes CSI Conformance should apply changes to a pv/pvc status",
  run: async (cluster) => {
    const { client, eventually } = cluster
    const made = await makeBoth(cluster)
    await eventually("both have a phase", async () => {
      const read = await client.get(persistentvolumes, made.volume)
      return (
        (await client.get(persistentvolumeclaims, made.claim)).status?.phase !== undefined && read.status?.phase !== undefined
      )
    })
    const condition = { type: "StatusPatched", status: "True", reason: "Conformance", message: "patched" }
    const onClaim = { type: "merge", body: { status: { conditions: [condition] } } } as const
    const claimPatched = await client.patch(persistentvolumeclaims, made.claim, onClaim, { subresource: "status" })
    expectEqual(claimPatched.status?.conditions?.[0]?.type, "StatusPatched", "the condition of the claim after the patch")
    const claimUpdated = await retryOnConflict(async () => {
      const current = await client.get(persistentvolumeclaims, made.claim, { subresource: "status" })
      const conditions = [{ ...condition, status: "True" as const, type: "StatusUpdated" }]
      return client.updateStatus(persistentvolumeclaims, { ...current, status: { ...current.status, conditions } })
    })
    expectEqual(claimUpdated.status?.conditions?.[0]?.type, "StatusUpdated", "the condition of the claim after the update")

    const onVolume = { type: "merge", body: { status: { message: "patched", reason: "StatusPatched" } } } as const
    const volumePatched = await client.patch(persistentvolumes, made.volume, onVolume, { subresource: "status" })
    expectEqual(volumePatched.status?.reason, "StatusPatched", "the reason of the volume after the patch")
    const volumeUpdated = await retryOnConflict(async () => {
      const current = await client.get(persistentvolumes, made.volume, { subresource: "status" })
      return client.updateStatus(persistentvolumes, { ...current, status: { ...current.status, reason: "StatusUpdated" } })
    })
    expectEqual(volumeUpdated.status?.reason, "StatusUpdated", "the reason of the volume after the update")
    expectThat(volumeUpdated.spec?.capacity?.["storage"] === "10Mi", "the spec is as it was")
  }
}

export const volumeTests: ReadonlyArray<ConformanceTest> = [immutableConfigMap, immutableSecret, lifecycle, status]
