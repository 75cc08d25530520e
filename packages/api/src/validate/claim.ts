/** Validation of PersistentVolumeClaim, alone and as a template. @module */
import { forbidden, immutable, invalid, notSupported, required } from "../field-error.ts"
import { equalJson } from "../json.ts"
import { isDns1123Subdomain } from "../name.ts"
import { compareQuantity } from "../quantity.ts"
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from "../types/core-v1.ts"
import type { Findings, Loose } from "./findings.ts"
import { validateLabelSelector } from "./label-selector.ts"
import { givenText, oneOf } from "./rule.ts"

const accessModes = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"]

/** The access modes of a volume or claim: known ones, and one that excludes all others. */
export function* validateModes(modes: ReadonlyArray<string>, path: string, detail: string): Findings {
  if (modes.length === 0) yield required(path, detail)
  for (const mode of modes) if (!accessModes.includes(mode)) yield notSupported(path, mode, accessModes)
  if (modes.includes("ReadWriteOncePod") && modes.length > 1) {
    yield forbidden(path, "may not use ReadWriteOncePod with other access modes")
  }
}

/** A PersistentVolumeClaim, new or changed. */
export function* validateClaim({ spec = {} }: Loose<PersistentVolumeClaim>): Findings {
  yield* validateClaimSpec(spec, "spec")
}

/** The spec of a claim or of a template of claims. */
export function* validateClaimSpec(spec: Loose<PersistentVolumeClaimSpec>, path: string): Findings {
  yield* validateModes(spec.accessModes ?? [], `${path}.accessModes`, "at least 1 access mode is required")
  yield* validateLabelSelector(spec.selector, `${path}.selector`)
  const storage = spec.resources?.requests?.["storage"]
  if (storage === undefined) yield required(`${path}.resources[storage]`)
  else if (compareQuantity(storage, "0") <= 0) yield invalid(`${path}.resources[storage]`, storage, "must be greater than zero")
  if ((spec.storageClassName ?? "") !== "")
    yield* givenText(isDns1123Subdomain)(spec.storageClassName, `${path}.storageClassName`)
  yield* oneOf("Block", "Filesystem")(spec.volumeMode, `${path}.volumeMode`)
  yield* validateOrigin(spec, path)
  const { volumeAttributesClassName } = spec
  if ((volumeAttributesClassName ?? "") !== "")
    yield* givenText(isDns1123Subdomain)(volumeAttributesClassName, `${path}.volumeAttributesClassName`)
}

interface Reference {
  readonly apiGroup?: string | undefined
  readonly kind?: string | undefined
  readonly name?: string | undefined
  readonly namespace?: string | undefined
}

/** What the volume is to be filled with. */
function* validateOrigin({ dataSource, dataSourceRef }: Loose<PersistentVolumeClaimSpec>, path: string): Findings {
  for (const [key, reference] of Object.entries({ dataSource, dataSourceRef })) {
    if (reference === undefined) continue
    const at = `${path}.${key}`
    const { apiGroup = "", kind = "", name = "" } = reference as Reference
    if (name === "") yield required(`${at}.name`)
    if (kind === "") yield required(`${at}.kind`)
    if (apiGroup === "" && kind !== "PersistentVolumeClaim")
      yield invalid(at, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup")
    if (apiGroup !== "") yield* givenText(isDns1123Subdomain)(apiGroup, `${at}.apiGroup`)
  }
  if (dataSource === undefined || dataSourceRef === undefined) return
  const { namespace: _, ...bare } = dataSourceRef as Reference
  if (!equalJson(bare, dataSource)) yield invalid(path, dataSource, "must match dataSourceRef")
}

/** What a claim claims is for life; a bound one may grow, and an unbound one learn its volume. */
export function* validateClaimUpdate({ spec = {} }: Loose<PersistentVolumeClaim>, old: Loose<PersistentVolumeClaim>): Findings {
  const bound = old.status?.phase === "Bound"
  const allowed = {
    ...old.spec,
    ...((old.spec?.volumeName ?? "") === "" ? { volumeName: spec.volumeName } : {}),
    ...(old.spec?.storageClassName === undefined ? { storageClassName: spec.storageClassName } : {}),
    // Upstream compares with the amount of storage taken out, so an unbound claim hears of it in the sentence below.
    ...(bound ? { resources: withStorageOf(old.spec?.resources, spec.resources) } : {}),
    volumeAttributesClassName: spec.volumeAttributesClassName
  }
  if (!equalJson(spec, allowed)) {
    const sentence = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
    yield forbidden("spec", sentence)
  }
  const before = old.status?.capacity?.["storage"]
  const after = spec.resources?.requests?.["storage"]
  const asked = old.spec?.resources?.requests?.["storage"]
  const shrinks = after !== undefined && asked !== undefined && compareQuantity(after, asked) < 0
  if (bound && shrinks && (before === undefined || compareQuantity(after, before) <= 0))
    yield forbidden("spec.resources.requests.storage", "field can not be less than status.capacity")
  if (spec.volumeMode !== old.spec?.volumeMode) yield immutable("spec.volumeMode", spec.volumeMode)
  const oldClass = old.spec?.volumeAttributesClassName ?? ""
  if (oldClass !== "" && (spec.volumeAttributesClassName ?? "") === "")
    yield forbidden("spec.volumeAttributesClassName", "update from non-nil value to nil is forbidden")
}

type Resources = Loose<PersistentVolumeClaimSpec>["resources"]

const withStorageOf = (old: Resources, next: Resources): Resources => {
  const storage = next?.requests?.["storage"]
  return storage === undefined ? old : { ...old, requests: { ...old?.requests, storage } }
}
