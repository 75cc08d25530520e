/** What a claim's volume is filled from can be said in two fields; they are kept alike. @module */
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from "@tsukube/api/core-v1"
import type { Strategy } from "./strategy.ts"

type Origin = NonNullable<PersistentVolumeClaimSpec["dataSource"]>

/** What the older field admits: another claim, or a snapshot. */
const isClassic = ({ apiGroup = "", kind }: Origin): boolean =>
  (apiGroup === "" && kind === "PersistentVolumeClaim") || (apiGroup === "snapshot.storage.k8s.io" && kind === "VolumeSnapshot")

/**
 * The spec with both fields alike. An origin in another namespace is behind a gate that is off (CrossNamespaceVolumeDataSource),
 * and the older field forgets what it does not know, unless the newer one says it as well (KEP-1495).
 */
export const withOrigin = (
  spec: PersistentVolumeClaimSpec,
  old: PersistentVolumeClaimSpec | undefined
): PersistentVolumeClaimSpec => {
  const { dataSource: given, dataSourceRef: asked, ...rest } = spec
  const foreign = (asked?.namespace ?? "") !== "" && old?.dataSourceRef === undefined
  const reference = foreign ? undefined : asked
  const fresh = old === undefined || (old.dataSource === undefined && old.dataSourceRef === undefined)
  const source = given !== undefined && reference === undefined && fresh && !isClassic(given) ? undefined : given
  if (source !== undefined && reference === undefined) return { ...rest, dataSource: source, dataSourceRef: source }
  if (source === undefined && reference !== undefined && (reference.namespace ?? "") === "") {
    const { namespace: _, ...bare } = reference
    return { ...rest, dataSource: bare, dataSourceRef: reference }
  }
  return {
    ...rest,
    ...(source === undefined ? {} : { dataSource: source }),
    ...(reference === undefined ? {} : { dataSourceRef: reference })
  }
}

const normal = (claim: PersistentVolumeClaim, old: PersistentVolumeClaim | undefined): PersistentVolumeClaim =>
  claim.spec?.dataSource === undefined && claim.spec?.dataSourceRef === undefined
    ? claim
    : { ...claim, spec: withOrigin(claim.spec, old?.spec) }

export const persistentVolumeClaims: Strategy<PersistentVolumeClaim> = {
  returnsDeleted: true,
  create: (claim) => Object.assign({}, normal(claim, undefined), { status: { phase: "Pending" } }),
  update: normal
}
