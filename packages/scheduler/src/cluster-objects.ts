/** Volumes, claims, classes and devices of a cluster, with what this scheduler has already given away of them. @module */
import type { PersistentVolume, PersistentVolumeClaim } from "@tsukube/api/core-v1"
import type { DeviceClass, ResourceClaim, ResourceSlice } from "@tsukube/api/resource-v1"
import type { PodGroup } from "@tsukube/api/scheduling-v1alpha2"
import type { CSIDriver, CSINode, CSIStorageCapacity, StorageClass, VolumeAttachment } from "@tsukube/api/storage-v1"

interface Named {
  readonly metadata?: { readonly name?: string; readonly namespace?: string }
}

/** The key of an object: `namespace/name`, or its name alone. */
export const objectKey = ({ metadata }: Named): string =>
  metadata?.namespace === undefined ? (metadata?.name ?? "") : `${metadata.namespace}/${metadata.name}`

/** Objects of one kind by key. */
export class Objects<T extends Named> {
  readonly #byKey = new Map<string, T>()
  /** Changes with every object. */
  version = 0

  /** The object of a key. */
  get(key: string): T | undefined {
    return this.#byKey.get(key)
  }

  /** All of them. */
  values(): Iterable<T> {
    return this.#byKey.values()
  }

  /** Adds or renews one. */
  set(object: T): void {
    this.version++
    this.#byKey.set(objectKey(object), object)
  }

  /** Forgets one. */
  delete(object: T): void {
    this.version++
    this.#byKey.delete(objectKey(object))
  }
}

/** What scheduling needs to know beside nodes and pods. */
export class ClusterObjects {
  readonly claims: Objects<PersistentVolumeClaim> = new Objects()
  readonly volumes: Objects<PersistentVolume> = new Objects()
  readonly storageClasses: Objects<StorageClass> = new Objects()
  readonly csiNodes: Objects<CSINode> = new Objects()
  readonly csiDrivers: Objects<CSIDriver> = new Objects()
  readonly volumeAttachments: Objects<VolumeAttachment> = new Objects()
  readonly capacities: Objects<CSIStorageCapacity> = new Objects()
  readonly resourceClaims: Objects<ResourceClaim> = new Objects()
  readonly resourceSlices: Objects<ResourceSlice> = new Objects()
  readonly deviceClasses: Objects<DeviceClass> = new Objects()
  readonly podGroups: Objects<PodGroup> = new Objects()
  /** Volumes promised to claims (`namespace/name`) whose binding the cluster does not show yet. */
  readonly promisedVolumes: Map<string, string> = new Map()
  /** Claims that are to be provisioned on a node, and which. */
  readonly promisedNodes: Map<string, string> = new Map()
  /** Allocations of resource claims that the cluster does not show yet. */
  readonly promisedDevices: Map<string, NonNullable<NonNullable<ResourceClaim["status"]>["allocation"]>> = new Map()
}
