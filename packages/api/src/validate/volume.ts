/** Validation of the volumes of pods. @module */
import { duplicate, forbidden, invalid, notSupported, required } from "../field-error.ts"
import { isConfigMapKey, isDns1123Label } from "../name.ts"
import type { DownwardAPIVolumeFile, KeyToPath, Volume, VolumeProjection } from "../types/core-v1.ts"
import { validateClaimSpec } from "./claim.ts"
import { validateLocalPath } from "./container.ts"
import { type Findings, type Loose, needs, needsForm } from "./findings.ts"
import { validateTemplateMetadata } from "./metadata.ts"
import { validateNonNegative } from "./resources.ts"
import { checkSource, placeOf, podSources } from "./volume-source.ts"

const maxMode = 0o777
const minTokenSeconds = 600
const maxTokenSeconds = 2 ** 32

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
    for (const kind of kinds.slice(0, 1))
      yield* checkSource(podSources, kind, source[kind as keyof typeof source], `${at}.${placeOf(kind)}`)
    yield* needsForm(`${at}.name`, name, isDns1123Label)
    if (name !== "" && names.has(name)) yield duplicate(`${at}.name`, name)
    names.add(name)
  }
}

function* validateSource(volume: Loose<Volume>, path: string): Findings {
  const { emptyDir, secret, configMap, persistentVolumeClaim, projected, downwardAPI, ephemeral } = volume
  if (emptyDir?.sizeLimit !== undefined) yield* validateNonNegative(emptyDir.sizeLimit, `${path}.emptyDir.sizeLimit`)
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
  if (downwardAPI !== undefined) {
    yield* validateMode(downwardAPI.defaultMode, `${path}.downwardAPI.defaultMode`)
    // Upstream does not say which file.
    for (const file of downwardAPI.items ?? []) yield* validateFile(file, `${path}.downwardAPI`)
  }
  if (persistentVolumeClaim !== undefined)
    yield* needs(`${path}.persistentVolumeClaim.claimName`, persistentVolumeClaim.claimName)
  if (projected !== undefined) {
    yield* validateMode(projected.defaultMode, `${path}.projected.defaultMode`)
    for (const [i, projection] of (projected.sources ?? []).entries())
      yield* validateProjection(projection, `${path}.projected.sources[${i}]`)
    const seen = new Set<string>()
    for (const file of (projected.sources ?? []).flatMap(filesOf)) {
      if (seen.has(file)) yield invalid(`${path}.projected`, file, "conflicting duplicate paths")
      seen.add(file)
    }
  }
  if (ephemeral !== undefined) {
    const { volumeClaimTemplate: template } = ephemeral
    if (template === undefined) yield required(`${path}.ephemeral.volumeClaimTemplate`)
    else {
      yield* validateTemplateMetadata(template.metadata, `${path}.ephemeral.volumeClaimTemplate.metadata`)
      yield* validateClaimSpec(template.spec ?? {}, `${path}.ephemeral.volumeClaimTemplate.spec`)
    }
  }
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

const fieldsOfFiles = ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"]

/** What a pod says of itself, as a file. */
function* validateFile(
  { path: file = "", fieldRef, resourceFieldRef, mode }: Loose<DownwardAPIVolumeFile>,
  path: string
): Findings {
  if (file === "") yield required(`${path}.path`)
  yield* validateLocalPath(`${path}.path`, file)
  if (file.startsWith("..") && !file.startsWith("../")) yield invalid(`${path}.path`, file, "must not start with '..'")
  if (fieldRef !== undefined) {
    const { fieldPath = "" } = fieldRef
    if (fieldPath === "") yield required(`${path}.fieldRef.fieldPath`)
    else if (!fieldsOfFiles.includes(fieldPath) && !/^metadata\.(labels|annotations)\['[^']+'\]$/.test(fieldPath))
      yield notSupported(`${path}.fieldRef.fieldPath`, fieldPath, fieldsOfFiles)
    if (resourceFieldRef !== undefined)
      yield invalid(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously")
  } else if (resourceFieldRef === undefined) yield required(path, "one of fieldRef and resourceFieldRef is required")
  else {
    yield* needs(`${path}.resourceFieldRef.containerName`, resourceFieldRef.containerName)
    yield* needs(`${path}.resourceFieldRef.resource`, resourceFieldRef.resource)
  }
  yield* validateMode(mode, `${path}.mode`)
}

/** The files that a source says it makes; those of a whole Secret or ConfigMap are not known yet. */
const filesOf = (projection: Loose<VolumeProjection>): ReadonlyArray<string> => {
  const { secret, configMap, downwardAPI, serviceAccountToken, clusterTrustBundle } = projection
  return [
    ...[secret, configMap, downwardAPI].flatMap((source) => (source?.items ?? []).map(({ path = "" }) => path)),
    ...[serviceAccountToken, clusterTrustBundle].flatMap((source) => (source?.path === undefined ? [] : [source.path]))
  ].filter((path) => path !== "")
}

function* validateProjection(projection: Loose<VolumeProjection>, path: string): Findings {
  const kinds = Object.keys(projection)
  for (const extra of kinds.slice(1)) yield forbidden(`${path}.${extra}`, "may not specify more than 1 volume type per source")
  const { secret, configMap, serviceAccountToken, downwardAPI } = projection
  for (const file of downwardAPI?.items ?? []) yield* validateFile(file, `${path}.downwardAPI`)
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
    } else if (expirationSeconds > maxTokenSeconds) {
      const sentence = "may not specify a duration larger than 2^32 seconds"
      yield invalid(`${path}.serviceAccountToken.expirationSeconds`, expirationSeconds, sentence)
    }
    if (file === "") yield required(`${path}.serviceAccountToken.path`)
    else yield* validateLocalPath(`${path}.serviceAccountToken.path`, file)
  }
}
