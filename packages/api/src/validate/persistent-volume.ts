/** Validation of PersistentVolume and StorageClass. @module */
import { duplicate, forbidden, immutable, invalid, notSupported, required } from "../field-error.ts"
import { equalJson } from "../json.ts"
import { isDns1123Subdomain, isQualifiedName } from "../name.ts"
import { compareQuantity } from "../quantity.ts"
import type { PersistentVolume, PersistentVolumeSpec } from "../types/core-v1.ts"
import type { StorageClass } from "../types/storage-v1.ts"
import { validateModes } from "./claim.ts"
import { validateParameters } from "./csi.ts"
import { type Findings, type Loose, mayBeOneOf, needs, needsForm } from "./findings.ts"
import { isLooseQualifiedName } from "./form.ts"
import { validateNodeSelector } from "./placement.ts"
import { givenText } from "./rule.ts"
import { checkSource, persistentSources } from "./volume-source.ts"

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

const sourcesOf = (spec: Loose<PersistentVolumeSpec>): ReadonlyArray<readonly [string, unknown]> =>
  Object.entries(spec).filter(([key, value]) => value !== undefined && !notSources.has(key))

/** A PersistentVolume, new or changed. */
export function* validatePersistentVolume({ spec = {} }: Loose<PersistentVolume>): Findings {
  yield* validateVolumeSpec(spec, "spec", true)
}

/** The spec of a volume; inside a VolumeAttachment it need not say how big it is. */
export function* validateVolumeSpec(spec: Loose<PersistentVolumeSpec>, path: string, whole = false): Findings {
  yield* validateModes(spec.accessModes ?? [], `${path}.accessModes`, "")
  if (whole) yield* validateSize(spec.capacity ?? {}, `${path}.capacity`)
  const sources = sourcesOf(spec)
  if (spec.nodeAffinity?.required !== undefined)
    yield* validateNodeSelector(spec.nodeAffinity.required, `${path}.nodeAffinity.required`)
  else if (spec.nodeAffinity !== undefined)
    yield required(`${path}.nodeAffinity.required`, "must specify required node constraints")
  if (sources.length === 0) yield required(path, "must specify a volume type")
  for (const [extra] of sources.slice(1)) yield forbidden(`${path}.${extra}`, "may not specify more than 1 volume type")
  for (const [name, source] of sources.slice(0, 1)) yield* checkSource(persistentSources, name, source, `${path}.${name}`)
  if (spec.local !== undefined && spec.nodeAffinity === undefined)
    yield required("metadata.annotations", "Local volume requires node affinity")
  if (spec.persistentVolumeReclaimPolicy === "Recycle" && spec.hostPath?.path === "/")
    yield forbidden(`${path}.persistentVolumeReclaimPolicy`, "may not be 'recycle' for a hostPath mount of '/'")
  yield* mayBeOneOf(`${path}.persistentVolumeReclaimPolicy`, spec.persistentVolumeReclaimPolicy, ["Delete", "Recycle", "Retain"])
  if ((spec.storageClassName ?? "") !== "")
    yield* givenText(isDns1123Subdomain)(spec.storageClassName, `${path}.storageClassName`)
  yield* mayBeOneOf(`${path}.volumeMode`, spec.volumeMode, ["Block", "Filesystem"])
  const { volumeAttributesClassName } = spec
  if (volumeAttributesClassName === undefined) return
  if (volumeAttributesClassName === "") yield required(`${path}.volumeAttributesClassName`, "an empty string is disallowed")
  else yield* givenText(isDns1123Subdomain)(volumeAttributesClassName, `${path}.volumeAttributesClassName`)
  if (spec.csi === undefined) yield required(`${path}.csi`, "has to be specified when using volumeAttributesClassName")
}

function* validateSize(capacity: Readonly<Record<string, string | undefined>>, path: string): Findings {
  const { storage } = capacity
  if (Object.keys(capacity).length === 0) yield required(path)
  if (storage === undefined || Object.keys(capacity).length > 1) yield notSupported(path, capacity, ["storage"])
  if (storage !== undefined && compareQuantity(storage, "0") <= 0)
    yield invalid(`${path}[storage]`, storage, "must be greater than zero")
}

/** Where the data are is for life. */
export function* validatePersistentVolumeUpdate({ spec = {} }: Loose<PersistentVolume>, old: Loose<PersistentVolume>): Findings {
  const before = old.spec ?? {}
  const source = Object.fromEntries(sourcesOf(spec))
  const oldSource = Object.fromEntries(sourcesOf(before))
  if (!equalJson(source, oldSource)) {
    const change = `- ${JSON.stringify(oldSource)}\n+ ${JSON.stringify(source)}\n`
    yield forbidden("spec.persistentvolumesource", `spec.persistentvolumesource is immutable after creation\n${change}`)
  }
  if (spec.volumeMode !== before.volumeMode) yield immutable("spec.volumeMode", spec.volumeMode)
  if (before.nodeAffinity !== undefined && !equalJson(spec.nodeAffinity, before.nodeAffinity))
    yield immutable("spec.nodeAffinity", spec.nodeAffinity)
  if (before.volumeAttributesClassName !== undefined && spec.volumeAttributesClassName === undefined)
    yield forbidden("spec.volumeAttributesClassName", "update from non-nil value to nil is forbidden")
}

/** A StorageClass, new or changed. */
export function* validateStorageClass({
  provisioner,
  parameters = {},
  reclaimPolicy,
  volumeBindingMode,
  ...rest
}: Loose<StorageClass>): Findings {
  yield* needsForm("provisioner", provisioner, isLooseQualifiedName)
  yield* validateParameters(parameters, "parameters")
  yield* mayBeOneOf("reclaimPolicy", reclaimPolicy, ["Delete", "Retain"])
  yield* needs("volumeBindingMode", volumeBindingMode)
  yield* mayBeOneOf("volumeBindingMode", volumeBindingMode, ["Immediate", "WaitForFirstConsumer"])
  for (const [i, term] of (rest.allowedTopologies ?? []).entries()) {
    const keys = new Set<string>()
    for (const [j, { key = "", values = [] }] of (term.matchLabelExpressions ?? []).entries()) {
      const at = `allowedTopologies[${i}].matchLabelExpressions[${j}]`
      if (values.length === 0) yield required(`${at}.values`)
      for (const [k, value] of values.entries()) if (values.indexOf(value) < k) yield duplicate(`${at}.values[${k}]`, value)
      for (const sentence of isQualifiedName(key)) yield invalid(`${at}.key`, key, sentence)
      if (keys.has(key)) yield duplicate(`${at}.key`, key)
      keys.add(key)
    }
  }
}

/** How a class provisions is for life. */
export function* validateStorageClassUpdate(storageClass: Loose<StorageClass>, old: Loose<StorageClass>): Findings {
  for (const key of ["parameters", "provisioner"] as const) {
    if (!equalJson(storageClass[key], old[key])) yield forbidden(key, `updates to ${key} are forbidden.`)
  }
  for (const key of ["reclaimPolicy", "volumeBindingMode"] as const) {
    if (storageClass[key] !== old[key]) yield immutable(key, storageClass[key])
  }
}
