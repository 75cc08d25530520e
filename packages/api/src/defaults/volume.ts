/** Defaults of volumes, persistent volumes and claims. @module */
import type {
  DownwardAPIVolumeFile,
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  Volume,
  VolumeProjection
} from "../types/core-v1.ts"
import { change, each, fill, fillZero, maybe } from "./fill.ts"
import { pullPolicyOf } from "./image.ts"

const fileMode = 0o644
const tokenSeconds = 3600

/** A volume of a pod; one without a source is an emptyDir. */
export const defaultVolume = (volume: Volume): Volume => {
  const hasSource = Object.keys(volume).some((key) => key !== "name")
  return change(fill(volume, { emptyDir: hasSource ? undefined : {} }), {
    secret: maybe(volume.secret, (source) => fill(source, { defaultMode: fileMode })),
    configMap: maybe(volume.configMap, (source) => fill(source, { defaultMode: fileMode })),
    downwardAPI: maybe(volume.downwardAPI, (source) =>
      change(fill(source, { defaultMode: fileMode }), { items: each(source.items, defaultFile) })
    ),
    projected: maybe(volume.projected, (source) =>
      change(fill(source, { defaultMode: fileMode }), { sources: each(source.sources, defaultProjection) })
    ),
    hostPath: maybe(volume.hostPath, (source) => fill(source, { type: "" })),
    image: maybe(volume.image, (source) => fill(source, { pullPolicy: pullPolicyOf(source.reference ?? "") })),
    iscsi: maybe(volume.iscsi, (source) => fill(source, { iscsiInterface: "default" })),
    rbd: maybe(volume.rbd, (source) => fill(source, { pool: "rbd", user: "admin", keyring: "/etc/ceph/keyring" })),
    azureDisk: maybe(volume.azureDisk, (source) =>
      fill(source, { cachingMode: "ReadWrite", kind: "Shared", fsType: "ext4", readOnly: false })
    ),
    scaleIO: maybe(volume.scaleIO, (source) => fill(source, { storageMode: "ThinProvisioned", fsType: "xfs" })),
    ephemeral: maybe(volume.ephemeral, (source) =>
      change(source, {
        volumeClaimTemplate: maybe(source.volumeClaimTemplate, (template) =>
          change(template, { spec: defaultClaimSpec(template.spec) })
        )
      })
    )
  })
}

const defaultProjection = (projection: VolumeProjection): VolumeProjection =>
  change(projection, {
    downwardAPI: maybe(projection.downwardAPI, (source) => change(source, { items: each(source.items, defaultFile) })),
    serviceAccountToken: maybe(projection.serviceAccountToken, (source) => fillZero(source, { expirationSeconds: tokenSeconds }))
  })

const defaultFile = (file: DownwardAPIVolumeFile): DownwardAPIVolumeFile =>
  change(file, { fieldRef: maybe(file.fieldRef, (field) => fill(field, { apiVersion: "v1" })) })

const defaultClaimSpec = (spec: PersistentVolumeClaimSpec): PersistentVolumeClaimSpec =>
  fill(spec, { resources: {}, volumeMode: "Filesystem" })

/** A claim: waits, and wants a file system. */
export const defaultClaim = (claim: PersistentVolumeClaim): PersistentVolumeClaim =>
  change(claim, { spec: defaultClaimSpec(claim.spec ?? {}), status: fill(claim.status ?? {}, { phase: "Pending" }) })

/** A volume: kept after use unless its maker says otherwise. */
export const defaultPersistentVolume = (volume: PersistentVolume): PersistentVolume =>
  change(volume, {
    spec: fill(volume.spec ?? {}, { persistentVolumeReclaimPolicy: "Retain", volumeMode: "Filesystem" }),
    status: fill(volume.status ?? {}, { phase: "Pending" })
  })
