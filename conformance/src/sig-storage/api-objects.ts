/** API operations and lives of the storage resources. @module */
import { pods } from "@tsukube/api/core-v1"
import {
  csidrivers,
  csinodes,
  csistoragecapacities,
  storageclasses,
  volumeattachments,
  volumeattributesclasses
} from "@tsukube/api/storage-v1"
import { apiOperations } from "../api-operations.ts"
import { pausePod } from "../pods.ts"
import { type Cluster, type ConformanceTest, expectEqual, present, retryOnConflict } from "../suite.ts"

const driver = apiOperations(csidrivers)("[sig-storage] CSIInlineVolumes should run through the lifecycle of a CSIDriver", {
  make: () => ({ spec: { attachRequired: false, podInfoOnMount: true, volumeLifecycleModes: ["Ephemeral"] } }),
  change: (object) => ({ ...object, spec: { ...object.spec, requiresRepublish: true } }),
  changed: ({ spec }) => spec.requiresRepublish === true
})

const inlineVolume: ConformanceTest = {
  name: "[sig-storage] CSIInlineVolumes should support CSIVolumeSource in Pod API",
  run: async (cluster) => {
    const { client, namespace } = cluster
    const csi = { driver: cluster.unique("conformance-driver"), readOnly: true, volumeAttributes: { share: "one" } }
    // No node has that selector: the pod is stored, and no kubelet asks for a driver that is not there.
    const more = { volumes: [{ name: "inline", csi }], nodeSelector: { "conformance.example.com/nowhere": "true" } }
    await client.create(pods, pausePod(cluster, "inline", {}, more))
    const { items } = await client.list(pods, { namespace, labelSelector: "name=inline" })
    expectEqual(items[0]?.spec?.volumes?.find(({ name }) => name === "inline")?.csi, csi, "the volume in the list")
    const body = { metadata: { labels: { patched: "true" } } }
    const patched = await client.patch(pods, { namespace, name: "inline" }, { type: "strategic", body })
    expectEqual(patched.spec?.volumes?.find(({ name }) => name === "inline")?.csi, csi, "the volume after a patch")
    await client.delete(pods, { namespace, name: "inline" }, { gracePeriodSeconds: 0 })
  }
}

const csiNode = apiOperations(csinodes)("[sig-storage] CSINodes CSI Conformance should run through the lifecycle of a csinode", {
  make: () => ({ spec: { drivers: [] } }),
  change: (object) => ({ ...object, spec: { drivers: [{ name: "conformance.example.com", nodeID: "node-id" }] } }),
  changed: ({ spec }) => spec.drivers[0]?.nodeID === "node-id"
})

const capacity = apiOperations(csistoragecapacities)(
  "[sig-storage] CSIStorageCapacity should support CSIStorageCapacities API operations",
  {
    make: () => ({ storageClassName: "conformance-no-such-class", capacity: "1Gi" }),
    change: (object) => ({ ...object, capacity: "2Gi" }),
    changed: (object) => object.capacity === "2Gi"
  }
)

const storageClass = apiOperations(storageclasses)(
  "[sig-storage] StorageClasses CSI Conformance should run through the lifecycle of a StorageClass",
  {
    make: () => ({ provisioner: "conformance.example.com/nobody", reclaimPolicy: "Delete", parameters: { type: "none" } }),
    change: (object) => ({ ...object, allowVolumeExpansion: true }),
    changed: (object) => object.allowVolumeExpansion === true
  }
)

const attributesClass = apiOperations(volumeattributesclasses)(
  "[sig-storage] VolumeAttributesClass [FeatureGate:VolumeAttributesClass] should run through the lifecycle of a VolumeAttributesClass",
  { make: () => ({ driverName: "conformance.example.com", parameters: { speed: "slow" } }) }
)

const attachmentSpec = (index: number) => ({
  attacher: "conformance.example.com",
  nodeName: "conformance-no-such-node",
  source: { persistentVolumeName: `conformance-no-such-volume-${index}` }
})

const attachment = apiOperations(volumeattachments)(
  "[sig-storage] VolumeAttachment Conformance should run through the lifecycle of a VolumeAttachment",
  { make: (index) => ({ spec: attachmentSpec(index) }) }
)

const attachmentStatus: ConformanceTest = {
  name: "[sig-storage] VolumeAttachment Conformance should apply changes to a volumeattachment status",
  run: async (cluster: Cluster) => {
    const { client } = cluster
    const name = cluster.unique("conformance-attachment")
    cluster.afterwards(() => client.delete(volumeattachments, { name }))
    await client.create(volumeattachments, { metadata: { name }, spec: attachmentSpec(0) })
    const body = { metadata: { annotations: { patched: "true" } }, status: { attached: true } }
    const patched = await client.patch(volumeattachments, { name }, { type: "merge", body }, { subresource: "status" })
    expectEqual(patched.status?.attached, true, "attached after the patch")
    const updated = await retryOnConflict(async () => {
      const current = await client.get(volumeattachments, { name }, { subresource: "status" })
      return client.updateStatus(volumeattachments, {
        ...current,
        status: { ...present(current.status, "status"), attached: false }
      })
    })
    expectEqual(updated.status?.attached, false, "attached after the update")
    expectEqual(
      (await client.get(volumeattachments, { name })).spec,
      attachmentSpec(0),
      "the spec, which no status write may touch"
    )
  }
}

export const storageObjects: ReadonlyArray<ConformanceTest> = [
  driver,
  inlineVolume,
  csiNode,
  capacity,
  storageClass,
  attributesClass,
  attachment,
  attachmentStatus
]
