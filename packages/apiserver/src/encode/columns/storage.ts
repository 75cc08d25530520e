/** How volumes, claims and storage classes are shown. @module */
import type { PersistentVolume, PersistentVolumeClaim } from "@tsukube/api/core-v1"
import type { CSIDriver, CSINode, StorageClass, VolumeAttachment } from "@tsukube/api/storage-v1"
import { ageColumn, flag, joined, nameColumn, none, number, type Printer, printer, text, wide } from "../column.ts"

const modeLetters: Readonly<Record<string, string>> = {
  ReadWriteOnce: "RWO",
  ReadOnlyMany: "ROX",
  ReadWriteMany: "RWX",
  ReadWriteOncePod: "RWOP"
}

const modes = (accessModes: ReadonlyArray<string> | undefined): string =>
  Object.entries(modeLetters)
    .filter(([mode]) => accessModes?.includes(mode))
    .map(([, letters]) => letters)
    .join(",")

const phase = ({ metadata, status }: PersistentVolume | PersistentVolumeClaim): string =>
  metadata?.deletionTimestamp === undefined ? (status?.phase ?? "") : "Terminating"

export const persistentVolumePrinter: Printer = printer<PersistentVolume>([
  nameColumn,
  text("Capacity", ({ spec }) => spec?.capacity?.["storage"] ?? ""),
  text("Access Modes", ({ spec }) => modes(spec?.accessModes)),
  text("Reclaim Policy", ({ spec }) => spec?.persistentVolumeReclaimPolicy ?? ""),
  text("Status", phase),
  text("Claim", ({ spec }) =>
    spec?.claimRef === undefined ? "" : `${spec.claimRef.namespace ?? ""}/${spec.claimRef.name ?? ""}`
  ),
  text(
    "StorageClass",
    ({ spec, metadata }) => metadata?.annotations?.["volume.beta.kubernetes.io/storage-class"] ?? spec?.storageClassName ?? ""
  ),
  text("VolumeAttributesClass", ({ spec }) => spec?.volumeAttributesClassName ?? "<unset>"),
  text("Reason", ({ status }) => status?.reason ?? ""),
  ageColumn,
  wide(text("VolumeMode", ({ spec }) => spec?.volumeMode ?? "<unset>"))
])

export const persistentVolumeClaimPrinter: Printer = printer<PersistentVolumeClaim>([
  nameColumn,
  text("Status", phase),
  text("Volume", ({ spec }) => spec?.volumeName ?? ""),
  text("Capacity", ({ spec, status }) => ((spec?.volumeName ?? "") === "" ? "" : (status?.capacity?.["storage"] ?? "0"))),
  text("Access Modes", ({ spec, status }) => ((spec?.volumeName ?? "") === "" ? "" : modes(status?.accessModes))),
  text(
    "StorageClass",
    ({ spec, metadata }) => metadata?.annotations?.["volume.beta.kubernetes.io/storage-class"] ?? spec?.storageClassName ?? ""
  ),
  text("VolumeAttributesClass", ({ spec }) => spec?.volumeAttributesClassName ?? "<unset>"),
  ageColumn,
  wide(text("VolumeMode", ({ spec }) => spec?.volumeMode ?? "<unset>"))
])

const defaultClass = "storageclass.kubernetes.io/is-default-class"

export const storageClassPrinter: Printer = printer<StorageClass>([
  {
    ...nameColumn,
    cell: ({ metadata }) => {
      const mark =
        metadata?.annotations?.[defaultClass] === "true" ||
        metadata?.annotations?.["storageclass.beta.kubernetes.io/is-default-class"] === "true"
      return `${metadata?.name ?? ""}${mark ? " (default)" : ""}`
    }
  },
  text("Provisioner", ({ provisioner }) => provisioner),
  text("ReclaimPolicy", ({ reclaimPolicy }) => reclaimPolicy ?? "Delete"),
  text("VolumeBindingMode", ({ volumeBindingMode }) => volumeBindingMode ?? "Immediate"),
  text("AllowVolumeExpansion", ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false),
  ageColumn
])

export const volumeAttachmentPrinter: Printer = printer<VolumeAttachment>([
  nameColumn,
  { ...text("Attacher", ({ spec }: VolumeAttachment) => spec.attacher), format: "name" },
  text("PV", ({ spec }) => spec.source.persistentVolumeName ?? ""),
  text("Node", ({ spec }) => spec.nodeName),
  flag("Attached", ({ status }) => status?.attached ?? false),
  ageColumn
])

export const csiNodePrinter: Printer = printer<CSINode>([
  nameColumn,
  number("Drivers", ({ spec }) => spec.drivers?.length ?? 0),
  ageColumn
])

export const csiDriverPrinter: Printer = printer<CSIDriver>([
  nameColumn,
  flag("AttachRequired", ({ spec }) => spec.attachRequired ?? true),
  flag("PodInfoOnMount", ({ spec }) => spec.podInfoOnMount ?? false),
  flag("StorageCapacity", ({ spec }) => spec.storageCapacity ?? false),
  text("TokenRequests", ({ spec }) => {
    const audiences = (spec.tokenRequests ?? []).map(({ audience }) => audience)
    return audiences.length === 0 ? "<unset>" : audiences.join(",")
  }),
  flag("RequiresRepublish", ({ spec }) => spec.requiresRepublish ?? false),
  text("Modes", ({ spec }) => (spec.volumeLifecycleModes === undefined ? none : joined(spec.volumeLifecycleModes))),
  ageColumn
])
