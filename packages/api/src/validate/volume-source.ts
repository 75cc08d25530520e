/** What each source of a volume has to say: one table for the volumes of pods, and one for what persistent volumes ask besides. @module */
import { type FieldError, invalid, notSupported, required } from "../field-error.ts"
import { isDns1123Label, isDns1123Subdomain } from "../name.ts"
import type { PersistentVolumeSpec, Volume } from "../types/core-v1.ts"
import type { Findings, Loose } from "./findings.ts"
import { isDriverName } from "./form.ts"
import { fields, type Rule, text } from "./rule.ts"

/** A source as the tables see it: every kind has other fields. */
export type Source = Readonly<Record<string, unknown>>
type SourceName = Exclude<keyof Volume, "name"> | keyof PersistentVolumeSpec
type SourceTable = { readonly [K in SourceName]?: Rule<Source> }

/** The rules of a table are written for texts and numbers, which the schema has made sure of. */
const source = (rules: Readonly<Record<string, Rule<never>>>): Rule<Source> =>
  fields<Source>(rules as Readonly<Record<string, Rule<unknown & NonNullable<unknown>>>>)
const needsAll = (...names: ReadonlyArray<string>): Rule<Source> =>
  source(Object.fromEntries(names.map((name) => [name, text()])))

/** A path that may not lead upwards. */
export function* notBackwards(path: string, field: string): Findings {
  if (path.split("/").includes("..")) yield invalid(field, path, "must not contain '..'")
}

const hostPath: Rule<Source> = function* (value, path) {
  const { path: target = "" } = (value ?? {}) as { readonly path?: string }
  if (target === "") yield required(`${path}.path`)
  else yield* notBackwards(target, `${path}.path`)
}

const nfs: Rule<Source> = function* (value, path) {
  const { server = "", path: target = "" } = (value ?? {}) as { readonly server?: string; readonly path?: string }
  if (server === "") yield required(`${path}.server`)
  if (target === "") yield required(`${path}.path`)
  else if (!target.startsWith("/")) yield invalid(`${path}.path`, target, "must be an absolute path")
}

const iscsi: Rule<Source> = function* (value, path) {
  const given = (value ?? {}) as NonNullable<Loose<Volume>["iscsi"]>
  const { targetPortal = "", iqn = "", lun = 0, initiatorName, secretRef } = given
  if (targetPortal === "") yield required(`${path}.targetPortal`)
  if (iqn === "") yield required(`${path}.iqn`)
  else if (!isInitiator(iqn)) yield invalid(`${path}.iqn`, iqn, "must be valid format")
  if (lun < 0 || lun > 255) yield invalid(`${path}.lun`, lun, "must be between 0 and 255, inclusive")
  if ((given.chapAuthDiscovery === true || given.chapAuthSession === true) && secretRef === undefined)
    yield required(`${path}.secretRef`)
  if (initiatorName !== undefined && !isInitiator(initiatorName))
    yield invalid(`${path}.initiatorName`, initiatorName, "must be valid format")
}

const isInitiator = (name: string): boolean =>
  /^(iqn\.\d{4}-\d{2}\.([a-z0-9][a-z0-9.-]*)(:[^,;*&$|\s]+)?|eui\.[0-9A-F]{16}|naa\.[0-9A-F]{16}([0-9A-F]{16})?)$/i.test(name)

const fc: Rule<Source> = function* (value, path) {
  const { targetWWNs = [], wwids = [], lun } = (value ?? {}) as NonNullable<Loose<Volume>["fc"]>
  if (targetWWNs.length === 0 && wwids.length === 0)
    yield required(`${path}.targetWWNs`, "must specify either targetWWNs or wwids, but not both")
  if (targetWWNs.length > 0 && wwids.length > 0)
    yield invalid(`${path}.targetWWNs`, targetWWNs, "targetWWNs and wwids can not be specified simultaneously")
  if (targetWWNs.length === 0) return
  if (lun === undefined) yield required(`${path}.lun`, "lun is required if targetWWNs is specified")
  else if (lun < 0 || lun > 255) yield invalid(`${path}.lun`, lun, "must be between 0 and 255, inclusive")
}

const monitors: Rule<ReadonlyArray<string>> = (list = [], path) => (list.length === 0 ? [required(path)] : [])

const quobyte: Rule<Source> = function* (value, path) {
  const { registry = "", volume = "" } = (value ?? {}) as NonNullable<Loose<Volume>["quobyte"]>
  if (registry === "") yield required(`${path}.registry`, "must be a host:port pair or multiple pairs separated by commas")
  else if (registry.split(",").some((pair) => !/^.+:\d+$/.test(pair)))
    yield invalid(`${path}.registry`, registry, "must be a host:port pair or multiple pairs separated by commas")
  if (volume === "") yield required(`${path}.volume`)
}

const flocker: Rule<Source> = function* (value, path) {
  const { datasetName = "", datasetUUID = "" } = (value ?? {}) as NonNullable<Loose<Volume>["flocker"]>
  if (datasetName === "" && datasetUUID === "") yield required(path, "one of datasetName and datasetUUID is required")
  if (datasetName !== "" && datasetUUID !== "")
    yield invalid(path, "resource", "datasetName and datasetUUID can not be specified simultaneously")
  if (datasetName.includes("/")) yield invalid(`${path}.datasetName`, datasetName, "must not contain '/'")
}

/** Zero is no partition, though the sentence does not say so. */
const partition: Rule<number> = (value = 0, path) =>
  value < 0 || value > 255 ? [invalid(path, value, "must be between 1 and 255, inclusive")] : []
const disk = (name: string): Rule<Source> => source({ [name]: text(), partition })

const diskOfAzure: Rule<Source> = function* (value, path) {
  const { diskName = "", diskURI = "", kind } = (value ?? {}) as NonNullable<Loose<Volume>["azureDisk"]>
  if (diskName === "") yield required(`${path}.diskName`)
  if (diskURI === "") yield required(`${path}.diskURI`)
  const [start, form] =
    kind === "Managed"
      ? ["/subscriptions/", "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"]
      : ["https://", "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"]
  if (kind !== undefined && !diskURI.startsWith(start)) yield notSupported(`${path}.diskURI`, diskURI, [form])
}

/** The sources that say the same in a pod and in a persistent volume. */
const shared: SourceTable = {
  awsElasticBlockStore: disk("volumeID"),
  azureDisk: diskOfAzure,
  azureFile: needsAll("secretName", "shareName"),
  cephfs: source({ monitors }),
  cinder: needsAll("volumeID"),
  fc,
  flexVolume: needsAll("driver"),
  flocker,
  gcePersistentDisk: disk("pdName"),
  glusterfs: needsAll("endpoints", "path"),
  hostPath,
  iscsi,
  nfs,
  photonPersistentDisk: needsAll("pdID"),
  portworxVolume: needsAll("volumeID"),
  quobyte,
  rbd: source({ monitors, image: text() }),
  scaleIO: needsAll("gateway", "system", "volumeName"),
  vsphereVolume: needsAll("volumePath")
}

const gitRepo: Rule<Source> = function* (value, path) {
  const { repository = "", directory = "" } = (value ?? {}) as NonNullable<Loose<Volume>["gitRepo"]>
  if (repository === "") yield required(`${path}.repository`)
  if (directory.startsWith("/")) yield invalid(`${path}.directory`, directory, "must be a relative path")
  yield* notBackwards(directory, `${path}.directory`)
}

const inlineCsi: Rule<Source> = function* (value, path) {
  const { driver, nodePublishSecretRef } = (value ?? {}) as NonNullable<Loose<Volume>["csi"]>
  yield* text(isDriverName)(driver, `${path}.driver`)
  if (nodePublishSecretRef !== undefined) yield* text()(nodePublishSecretRef.name, `${path}.nodePublishSecretRef.name`)
}

/** Sources of the volumes of pods that need no more than a look at themselves. */
export const podSources: SourceTable = {
  ...shared,
  csi: inlineCsi,
  gitRepo,
  image: needsAll("reference"),
  storageos: needsAll("volumeName")
}

const secretNames = [
  "controllerExpandSecretRef",
  "controllerPublishSecretRef",
  "nodeExpandSecretRef",
  "nodePublishSecretRef",
  "nodeStageSecretRef"
]

const csi: Rule<Source> = function* (value = {}, path) {
  yield* text(isDriverName)(value["driver"] as string | undefined, `${path}.driver`)
  yield* text()(value["volumeHandle"] as string | undefined, `${path}.volumeHandle`)
  for (const name of secretNames) {
    const reference = value[name] as { readonly name?: string; readonly namespace?: string } | undefined
    if (reference === undefined) continue
    yield* text(isDns1123Subdomain)(reference.name, `${path}.${name}.name`)
    yield* text(isDns1123Label)(reference.namespace, `${path}.${name}.namespace`)
  }
}

const local: Rule<Source> = function* (value, path) {
  const { path: target = "" } = (value ?? {}) as { readonly path?: string }
  if (target === "") yield required(`${path}.path`)
  else yield* notBackwards(target, `${path}.path`)
}

/** Sources of persistent volumes. */
export const persistentSources: SourceTable = { ...shared, csi, local, storageos: needsAll("volumeName") }

/** Where upstream says that a source is: it keeps an older name of one. */
export const placeOf = (name: string): string => (name === "gcePersistentDisk" ? "persistentDisk" : name)

/** Holds a source to the rules of its kind. */
export const checkSource = (table: SourceTable, name: string, value: unknown, path: string): Iterable<FieldError> =>
  (Object.hasOwn(table, name) ? table[name as SourceName] : undefined)?.(value as Source, path) ?? []
