/** Validation of the volumes of pods. @module */
import { duplicate, forbidden, invalid, required } from "../field-error.ts"
import { isConfigMapKey, isDns1123Label } from "../name.ts"
import type { KeyToPath, Volume, VolumeProjection } from "../types/core-v1.ts"
import { validateLocalPath } from "./container.ts"
import { type Findings, type Loose, needs, needsForm } from "./findings.ts"
import { validateNonNegative } from "./resources.ts"

const maxMode = 0o777
const minTokenSeconds = 600

/** Every volume has a name of its own and exactly one source. */
export function* validateVolumes(volumes: ReadonlyArray<Loose<Volume>>, path: string): Findings {
  const names = new Set<string>()
  for (const [i, volume] of volumes.entries()) {
    const at = `${path}[${i}]`
    const { name = "", ...source } = volume
    const kinds = Object.keys(source)
    if (kinds.length === 0) yield required(at, "must specify a volume type")
    for (const extra of kinds.slice(1)) yield forbidden(`${at}.${extra}`, "may not specify more than 1 volume type")
    yield* validateSource(volume, at)
    yield* needsForm(`${at}.name`, name, isDns1123Label)
    if (name !== "" && names.has(name)) yield duplicate(`${at}.name`, name)
    names.add(name)
  }
}

function* validateSource(volume: Loose<Volume>, path: string): Findings {
  const { emptyDir, hostPath, secret, configMap, persistentVolumeClaim, projected, downwardAPI, nfs, csi } = volume
  if (emptyDir?.sizeLimit !== undefined) yield* validateNonNegative(emptyDir.sizeLimit, `${path}.emptyDir.sizeLimit`)
  if (hostPath !== undefined) yield* validateHostPath(hostPath.path ?? "", `${path}.hostPath.path`)
  if (secret !== undefined) {
    yield* needs(`${path}.secret.secretName`, secret.secretName)
    yield* validateMode(secret.defaultMode, `${path}.secret.defaultMode`)
    yield* validateItems(secret.items ?? [], `${path}.secret.items`)
  }
  if (configMap !== undefined) {
    yield* needs(`${path}.configMap.name`, configMap.name)
    yield* validateMode(configMap.defaultMode, `${path}.configMap.defaultMode`)
    yield* validateItems(configMap.items ?? [], `${path}.configMap.items`)
  }
  if (downwardAPI !== undefined) yield* validateMode(downwardAPI.defaultMode, `${path}.downwardAPI.defaultMode`)
  if (persistentVolumeClaim !== undefined)
    yield* needs(`${path}.persistentVolumeClaim.claimName`, persistentVolumeClaim.claimName)
  if (projected !== undefined) {
    yield* validateMode(projected.defaultMode, `${path}.projected.defaultMode`)
    for (const [i, projection] of (projected.sources ?? []).entries())
      yield* validateProjection(projection, `${path}.projected.sources[${i}]`)
  }
  if (nfs !== undefined) {
    yield* needs(`${path}.nfs.server`, nfs.server)
    if ((nfs.path ?? "") === "") yield required(`${path}.nfs.path`)
    else if (nfs.path?.startsWith("/") === false) yield invalid(`${path}.nfs.path`, nfs.path, "must be an absolute path")
  }
  if (csi !== undefined) yield* needs(`${path}.csi.driver`, csi.driver)
}

function* validateHostPath(hostPath: string, path: string): Findings {
  if (hostPath === "") yield required(path)
  else if (hostPath.split("/").includes("..")) yield invalid(path, hostPath, "must not contain '..'")
}

function* validateMode(mode: number | undefined, path: string): Findings {
  if (mode !== undefined && (mode < 0 || mode > maxMode)) {
    yield invalid(path, mode, "must be a number between 0 and 0777 (octal), both inclusive")
  }
}

function* validateItems(items: ReadonlyArray<Loose<KeyToPath>>, path: string): Findings {
  for (const [i, item] of items.entries()) {
    const at = `${path}[${i}]`
    yield* needsForm(`${at}.key`, item.key, isConfigMapKey)
    if ((item.path ?? "") === "") yield required(`${at}.path`)
    else yield* validateLocalPath(`${at}.path`, item.path ?? "")
    yield* validateMode(item.mode, `${at}.mode`)
  }
}

function* validateProjection(projection: Loose<VolumeProjection>, path: string): Findings {
  const kinds = Object.keys(projection)
  if (kinds.length === 0) yield required(path, "must specify a volume type")
  for (const extra of kinds.slice(1)) yield forbidden(`${path}.${extra}`, "may not specify more than 1 volume type per source")
  const { secret, configMap, serviceAccountToken } = projection
  if (secret !== undefined) {
    yield* needs(`${path}.secret.name`, secret.name)
    yield* validateItems(secret.items ?? [], `${path}.secret.items`)
  }
  if (configMap !== undefined) {
    yield* needs(`${path}.configMap.name`, configMap.name)
    yield* validateItems(configMap.items ?? [], `${path}.configMap.items`)
  }
  if (serviceAccountToken !== undefined) {
    const { expirationSeconds = 0, path: file = "" } = serviceAccountToken
    if (expirationSeconds < minTokenSeconds) {
      yield invalid(
        `${path}.serviceAccountToken.expirationSeconds`,
        expirationSeconds,
        "may not specify a duration less than 10 minutes"
      )
    }
    if (file === "") yield required(`${path}.serviceAccountToken.path`)
    else yield* validateLocalPath(`${path}.serviceAccountToken.path`, file)
  }
}
