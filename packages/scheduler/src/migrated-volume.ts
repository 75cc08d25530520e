/** Volumes of the drivers that were once built in, as the CSI drivers see them that took them over (KEP-625). @module */
import type { PersistentVolumeSpec, Volume } from "@tsukube/api/core-v1"
import type { CSINode } from "@tsukube/api/storage-v1"

/** A volume that a CSI driver attaches in the place of a built-in one. */
export interface MigratedVolume {
  readonly driver: string
  /** The built-in driver, as nodes name it when they have handed it over. */
  readonly plugin: string
  readonly id: string
}

type Source = Pick<
  Volume,
  "awsElasticBlockStore" | "gcePersistentDisk" | "azureDisk" | "azureFile" | "vsphereVolume" | "portworxVolume"
> & { readonly cinder?: { readonly volumeID: string } }

/** The volume that a built-in source stands for; undefined for sources of other kinds. */
export const migratedVolume = (source: Source | PersistentVolumeSpec | undefined): MigratedVolume | undefined => {
  const { awsElasticBlockStore, gcePersistentDisk, azureDisk, cinder, vsphereVolume, portworxVolume } = (source ?? {}) as Source
  const of = (driver: string, plugin: string, id: string): MigratedVolume => ({ driver, plugin: `kubernetes.io/${plugin}`, id })
  // `aws://zone/vol-1` is the same volume as `vol-1`.
  if (awsElasticBlockStore !== undefined)
    return of("ebs.csi.aws.com", "aws-ebs", awsElasticBlockStore.volumeID.replace(/^aws:\/\/[^/]*\//, ""))
  if (gcePersistentDisk !== undefined) return of("pd.csi.storage.gke.io", "gce-pd", gcePersistentDisk.pdName)
  if (azureDisk !== undefined) return of("disk.csi.azure.com", "azure-disk", azureDisk.diskURI)
  if (cinder !== undefined) return of("cinder.csi.openstack.org", "cinder", cinder.volumeID)
  if (vsphereVolume !== undefined) return of("csi.vsphere.vmware.com", "vsphere-volume", vsphereVolume.volumePath)
  return portworxVolume === undefined ? undefined : of("pxd.portworx.com", "portworx-volume", portworxVolume.volumeID)
}

const none: ReadonlySet<string> = new Set()

/** The built-in drivers that a node has handed over. */
export const migratedPlugins = (node: CSINode | undefined): ReadonlySet<string> => {
  const listed = node?.metadata?.annotations?.["storage.alpha.kubernetes.io/migrated-plugins"]
  return listed === undefined ? none : new Set(listed.split(","))
}
