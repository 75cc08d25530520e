/** Validation of volumes, claims and storage classes. @module */
import { forbidden, invalid, notSupported, required } from "../field-error.ts"
import { equalJson } from "../json.ts"
import { isQualifiedName } from "../name.ts"
import { compareQuantity } from "../quantity.ts"
import type { PersistentVolume, PersistentVolumeClaim } from "../types/core-v1.ts"
import type { StorageClass } from "../types/storage-v1.ts"
import { type Findings, type Loose, mayBeOneOf, needs, needsForm } from "./findings.ts"
import { validateLabelSelector } from "./label-selector.ts"

const accessModes = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"]
/** Fields of a volume's spec that are no source. */
const notSources: ReadonlySet<string> = new Set([
  "accessModes",
  "capacity",
  "claimRef",
  "mountOptions",
  "nodeAffinity",
  "persistentVolumeReclaimPolicy",
  "storageClassName",
  "volumeAttributesClassName",
  "volumeMode"
])

/** A PersistentVolume, new or changed. */
export function* validatePersistentVolume({ spec = {} }: Loose<PersistentVolume>): Findings {
  yield* validateModes(spec.accessModes ?? [], "spec.accessModes", "")
  const { capacity = {} } = spec
  const { storage } = capacity as { readonly storage?: string }
  if (Object.keys(capacity).length === 0) yield required("spec.capacity")
  if (storage === undefined || Object.keys(capacity).length > 1) yield notSupported("spec.capacity", capacity, ["storage"])
  if (storage !== undefined && compareQuantity(storage, "0") <= 0)
    yield invalid("spec.capacity[storage]", storage, "must be greater than zero")
  const sources = Object.keys(spec).filter((key) => !notSources.has(key))
  if (sources.length === 0) yield required("spec", "must specify a volume type")
  for (const extra of sources.slice(1)) yield forbidden(`spec.${extra}`, "may not specify more than 1 volume type")
  yield* mayBeOneOf("spec.persistentVolumeReclaimPolicy", spec.persistentVolumeReclaimPolicy, ["Delete", "Recycle", "Retain"])
  yield* mayBeOneOf("spec.volumeMode", spec.volumeMode, ["Block", "Filesystem"])
}

function* validateModes(modes: ReadonlyArray<string>, path: string, detail: string): Findings {
  if (modes.length === 0) yield required(path, detail)
  for (const mode of modes) if (!accessModes.includes(mode)) yield notSupported(path, mode, accessModes)
  if (modes.includes("ReadWriteOncePod") && modes.length > 1) {
    yield forbidden(path, "may not use ReadWriteOncePod with other access modes")
  }
}

/** A PersistentVolumeClaim, new or changed. */
export function* validateClaim({ spec = {} }: Loose<PersistentVolumeClaim>): Findings {
  yield* validateModes(spec.accessModes ?? [], "spec.accessModes", "at least 1 access mode is required")
  yield* validateLabelSelector(spec.selector, "spec.selector")
  const storage = spec.resources?.requests?.["storage"]
  if (storage === undefined) yield required("spec.resources[storage]")
  else if (compareQuantity(storage, "0") <= 0) yield invalid("spec.resources[storage]", storage, "must be greater than zero")
  yield* mayBeOneOf("spec.volumeMode", spec.volumeMode, ["Block", "Filesystem"])
}

/** What a claim claims is for life; a bound one may grow, and an unbound one learn its volume. */
export function* validateClaimUpdate({ spec = {} }: Loose<PersistentVolumeClaim>, old: Loose<PersistentVolumeClaim>): Findings {
  const bound = old.status?.phase === "Bound"
  const allowed = {
    ...old.spec,
    ...((old.spec?.volumeName ?? "") === "" ? { volumeName: spec.volumeName } : {}),
    ...(old.spec?.storageClassName === undefined ? { storageClassName: spec.storageClassName } : {}),
    ...(bound ? { resources: spec.resources, volumeAttributesClassName: spec.volumeAttributesClassName } : {})
  }
  if (!equalJson(spec, allowed)) {
    yield forbidden(
      "spec",
      "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
    )
  }
  const before = old.status?.capacity?.["storage"]
  const after = spec.resources?.requests?.["storage"]
  if (bound && before !== undefined && after !== undefined && compareQuantity(after, before) < 0) {
    yield forbidden("spec.resources.requests.storage", "field can not be less than status.capacity")
  }
}

/** A StorageClass, new or changed. */
export function* validateStorageClass({ provisioner, reclaimPolicy, volumeBindingMode }: Loose<StorageClass>): Findings {
  yield* needsForm("provisioner", provisioner, (name) => isQualifiedName(name.toLowerCase()))
  yield* mayBeOneOf("reclaimPolicy", reclaimPolicy, ["Delete", "Retain"])
  yield* needs("volumeBindingMode", volumeBindingMode)
  yield* mayBeOneOf("volumeBindingMode", volumeBindingMode, ["Immediate", "WaitForFirstConsumer"])
}

/** How a class provisions is for life. */
export function* validateStorageClassUpdate(storageClass: Loose<StorageClass>, old: Loose<StorageClass>): Findings {
  for (const key of ["parameters", "provisioner", "reclaimPolicy"] as const) {
    if (!equalJson(storageClass[key], old[key])) yield forbidden(key, `updates to ${key} are forbidden.`)
  }
  if (storageClass.volumeBindingMode !== old.volumeBindingMode) {
    yield invalid("volumeBindingMode", storageClass.volumeBindingMode, "field is immutable")
  }
}
