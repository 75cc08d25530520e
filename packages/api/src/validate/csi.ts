/** Validation of what storage drivers publish: CSIDriver, CSINode, CSIStorageCapacity, VolumeAttachment, VolumeAttributesClass. @module */
import { duplicate, type FieldError, forbidden, immutable, invalid, notSupported, required, tooLong } from "../field-error.ts"
import { equalJson } from "../json.ts"
import { byteLength, isDns1123Subdomain, isQualifiedName } from "../name.ts"
import type { PersistentVolumeSpec } from "../types/core-v1.ts"
import type {
  CSIDriver,
  CSINode,
  CSINodeDriver,
  CSIStorageCapacity,
  TokenRequest,
  VolumeAttachment,
  VolumeAttributesClass
} from "../types/storage-v1.ts"
import type { Findings, Loose } from "./findings.ts"
import { isDriverName, isLooseQualifiedName } from "./form.ts"
import { validateLabelSelector } from "./label-selector.ts"
import { validateVolumeSpec } from "./persistent-volume.ts"
import { validateNonNegative } from "./resources.ts"
import { fields, frozen, givenText, items, notNegative, number, oneOf, type Rule, text, type UpdateCheck } from "./rule.ts"

const maxTokenSeconds = 2 ** 32
const maxNodeIdBytes = 256
const maxParameters = 512
const maxParameterBytes = 256 * 1024

/** How long a token that somebody asks for may last. */
export const tokenSeconds: Rule<number> = (value, path) => {
  if (value === undefined) return []
  if (value < 600) return [invalid(path, value, "may not specify a duration less than 10 minutes")]
  return value > maxTokenSeconds ? [invalid(path, value, "may not specify a duration larger than 2^32 seconds")] : []
}

/** A CSIDriver, new or changed. */
export function* validateDriver({ metadata, spec = {} }: Loose<CSIDriver>): Findings {
  yield* givenText(isDriverName)(metadata?.name, "name")
  // Upstream's path has this spelling.
  if (spec.attachRequired === undefined) yield required("spec.attachedRequired")
  for (const flag of ["podInfoOnMount", "storageCapacity", "seLinuxMount"] as const)
    if (spec[flag] === undefined) yield required(`spec.${flag}`)
  yield* driverRules(spec, "spec")
}

const driverRules = fields<Loose<CSIDriver["spec"]>>({
  fsGroupPolicy: oneOf("File", "None", "ReadWriteOnceWithFSType"),
  tokenRequests: items<Loose<TokenRequest>>(fields<Loose<TokenRequest>>({ expirationSeconds: tokenSeconds }), {
    unique: { by: ({ audience }) => audience, field: "audience" }
  }),
  volumeLifecycleModes: function* (modes = [], path) {
    const supported = ["Ephemeral", "Persistent"]
    for (const mode of modes) if (!supported.includes(mode)) yield notSupported(path, mode, supported)
  },
  nodeAllocatableUpdatePeriodSeconds: number((value) => value >= 10, "must be greater than or equal to 10 seconds")
})

/** Whether a driver attaches, and which lives its volumes have, is for life. */
export function* validateDriverUpdate(driver: Loose<CSIDriver>, old: Loose<CSIDriver>): Findings {
  if (driver.spec?.attachRequired !== old.spec?.attachRequired)
    yield invalid("spec.attachedRequired", driver.spec?.attachRequired, "field is immutable")
  yield* frozen("spec.volumeLifecycleModes")(driver, old)
}

/** A CSINode, new or changed. */
export function* validateCsiNode({ spec = {} }: Loose<CSINode>): Findings {
  const names = new Set<string>()
  for (const [i, driver] of (spec.drivers ?? []).entries()) {
    yield* validateNodeDriver(driver, `spec.drivers[${i}]`)
    const { name = "" } = driver
    if (names.has(name)) yield duplicate("spec.drivers", name)
    names.add(name)
  }
}

function* validateNodeDriver(driver: Loose<CSINodeDriver>, path: string): Findings {
  yield* text(isDriverName)(driver.name, `${path}.name`)
  yield* text((id) => (byteLength(id) > maxNodeIdBytes ? [`must be ${maxNodeIdBytes} characters or less`] : []))(
    driver.nodeID,
    `${path}.nodeID`
  )
  yield* notNegative(driver.allocatable?.count, `${path}.allocatable.count`)
  const keys = new Set<string>()
  for (const key of driver.topologyKeys ?? []) {
    // Upstream names the driver here, not its keys.
    if (key === "") yield required(path)
    else if (keys.has(key)) yield duplicate(path, key)
    else for (const sentence of isQualifiedName(key)) yield invalid(path, key, sentence)
    keys.add(key)
  }
}

/** A driver of a node may come and go, and change how much it takes, not what it is. */
export function* validateCsiNodeUpdate(node: Loose<CSINode>, old: Loose<CSINode>): Findings {
  const bare = ({ allocatable: _, ...rest }: Loose<CSINodeDriver>): object => rest
  for (const driver of node.spec?.drivers ?? []) {
    const before = (old.spec?.drivers ?? []).find(({ name }) => name === driver.name)
    if (before !== undefined && !equalJson(bare(driver), bare(before))) yield immutable("spec.drivers", driver)
  }
}

/** A CSIStorageCapacity, new or changed. */
export function* validateCapacity({ storageClassName, nodeTopology, ...rest }: Loose<CSIStorageCapacity>): Findings {
  yield* givenText(isDns1123Subdomain)(storageClassName ?? "", "storageClassName")
  yield* validateLabelSelector(nodeTopology, "nodeTopology")
  for (const key of ["capacity", "maximumVolumeSize"] as const) yield* validateNonNegative(rest[key] ?? "0", key)
}

/** Where and for which class is for life. */
export const validateCapacityUpdate: UpdateCheck = frozen("nodeTopology", "storageClassName")

const oneSource = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"

/** A VolumeAttachment, new or changed. */
export function* validateAttachment({ spec = {} }: Loose<VolumeAttachment>): Findings {
  const { attacher, nodeName = "", source = {} } = spec
  yield* text(isDriverName)(attacher, "spec.attacher")
  const { inlineVolumeSpec, persistentVolumeName } = source
  if (inlineVolumeSpec === undefined && persistentVolumeName === undefined) yield required("spec.source", oneSource)
  else if (inlineVolumeSpec !== undefined && persistentVolumeName !== undefined) yield forbidden("spec.source", oneSource)
  else if (persistentVolumeName === "")
    yield required("spec.source.persistentVolumeName", "must specify non empty persistentVolumeName")
  else if (inlineVolumeSpec !== undefined) yield* validateInline(inlineVolumeSpec, "spec.source.inlineVolumeSpec")
  for (const sentence of isDns1123Subdomain(nodeName)) yield invalid("spec.nodeName", nodeName, sentence)
}

/** A volume without an object of its own says less than one with. */
function* validateInline(spec: Loose<PersistentVolumeSpec>, path: string): Findings {
  const unfit = (key: keyof PersistentVolumeSpec): ReadonlyArray<FieldError> =>
    spec[key] === undefined ? [] : [forbidden(`${path}.${key}`, "may not be specified in the context of inline volumes")]
  yield* unfit("claimRef")
  yield* unfit("capacity")
  if (spec.csi === undefined) yield required(`${path}.csi`, "has to be specified in the context of inline volumes")
  const { persistentVolumeReclaimPolicy: policy, volumeMode } = spec
  if (policy !== undefined && policy !== "Retain")
    yield forbidden(`${path}.persistentVolumeReclaimPolicy`, "may only be Retain in the context of inline volumes")
  yield* unfit("nodeAffinity")
  yield* validateVolumeSpec(spec, path)
  if ((spec.storageClassName ?? "") !== "") yield* unfit("storageClassName")
  if (volumeMode !== undefined && volumeMode !== "Filesystem")
    yield forbidden(`${path}.volumeMode`, "may not specify volumeMode other than Filesystem in the context of inline volumes")
}

/** What is attached where is for life. */
export const validateAttachmentUpdate: UpdateCheck = frozen("spec")

/** Parameters of a class, of which there are not too many. */
export function* validateParameters(parameters: Readonly<Record<string, string | undefined>>, path: string): Findings {
  let bytes = 0
  for (const [key, value = ""] of Object.entries(parameters)) {
    if (key === "") yield invalid(path, key, "field can not be empty.")
    bytes += byteLength(key) + byteLength(value)
  }
  if (Object.keys(parameters).length > maxParameters) yield tooLong(path, maxParameters)
  if (bytes > maxParameterBytes) yield tooLong(path, maxParameterBytes)
}

/** A VolumeAttributesClass, new or changed. */
export function* validateAttributesClass({ driverName, parameters = {} }: Loose<VolumeAttributesClass>): Findings {
  yield* text(isLooseQualifiedName)(driverName, "driverName")
  if (Object.keys(parameters).length === 0) yield required("parameters", "must contain at least one key/value pair")
  yield* validateParameters(parameters, "parameters")
}

/** Volumes rely on what the class meant when they were given it. */
export function* validateAttributesClassUpdate(
  { driverName, parameters }: Loose<VolumeAttributesClass>,
  old: Loose<VolumeAttributesClass>
): Findings {
  if (driverName !== old.driverName) yield forbidden("driverName", "updates to driverName are forbidden.")
  if (!equalJson(parameters, old.parameters)) yield forbidden("parameters", "updates to parameters are forbidden.")
}
