/** Validation of the smaller kinds of the core group: ConfigMap, Secret, Node, LimitRange. @module */
import { duplicate, forbidden, immutable, invalid, required, tooLong } from "../field-error.ts"
import { equalJson } from "../json.ts"
import { byteLength, isConfigMapKey, isLabelValue, isQualifiedName } from "../name.ts"
import { compareQuantity, quantityMilli } from "../quantity.ts"
import type { ConfigMap, LimitRange, LimitRangeItem, Node, Secret } from "../types/core-v1.ts"
import { breaks, type Findings, type Loose, needsOneOf } from "./findings.ts"
import { isCidr } from "./ip.ts"
import { checkContainerResourceName, checkResourceName } from "./resource-name.ts"
import { validateNonNegative } from "./resources.ts"

const maxBytes = 1024 * 1024
type Data = Readonly<Record<string, string | undefined>>

const base64Bytes = (text: string): number => Math.floor((text.replace(/=+$/, "").length * 3) / 4)

/** A ConfigMap, new or changed. */
export function* validateConfigMap({ data = {}, binaryData = {} }: Loose<ConfigMap>): Findings {
  let bytes = 0
  for (const [key, value = ""] of Object.entries(data)) {
    yield* breaks(`data[${key}]`, key, isConfigMapKey(key))
    if (Object.hasOwn(binaryData, key)) yield invalid(`data[${key}]`, key, "duplicate of key present in binaryData")
    bytes += byteLength(value)
  }
  for (const [key, value = ""] of Object.entries(binaryData)) {
    yield* breaks(`binaryData[${key}]`, key, isConfigMapKey(key))
    bytes += base64Bytes(value)
  }
  if (bytes > maxBytes) yield tooLong("[]", maxBytes)
}

/** Once immutable, nothing but metadata changes. */
export function* validateDataUpdate<K extends string>(
  object: { readonly immutable?: boolean | undefined } & { readonly [P in K]?: unknown },
  old: { readonly immutable?: boolean | undefined } & { readonly [P in K]?: unknown },
  keys: ReadonlyArray<K>
): Findings {
  if (old.immutable !== true) return
  if (object.immutable !== true) yield forbidden("immutable", "field is immutable when `immutable` is set")
  for (const key of keys) {
    if (!equalJson(object[key] ?? {}, old[key] ?? {})) yield forbidden(key, "field is immutable when `immutable` is set")
  }
}

/** The keys that a secret of a type must have. */
const keysOfType: ReadonlyMap<string, ReadonlyArray<string>> = new Map([
  ["kubernetes.io/dockercfg", [".dockercfg"]],
  ["kubernetes.io/dockerconfigjson", [".dockerconfigjson"]],
  ["kubernetes.io/ssh-auth", ["ssh-privatekey"]],
  ["kubernetes.io/tls", ["tls.crt", "tls.key"]]
])
const accountName = "kubernetes.io/service-account.name"

/** A Secret, new or changed; `stringData` is to be merged into `data` first. */
export function* validateSecret({ metadata, data = {}, type = "" }: Loose<Secret>): Findings {
  let bytes = 0
  for (const [key, value = ""] of Object.entries(data)) {
    yield* breaks(`data[${key}]`, key, isConfigMapKey(key))
    bytes += base64Bytes(value)
  }
  if (bytes > maxBytes) yield tooLong("data", maxBytes)
  for (const key of keysOfType.get(type) ?? []) {
    if (!Object.hasOwn(data, key)) yield required(`data[${key}]`)
    else if (key.startsWith(".") && !isJsonObject(data[key] ?? "")) {
      yield invalid(`data[${key}]`, "<secret contents redacted>", "invalid character in JSON")
    }
  }
  if (type === "kubernetes.io/basic-auth" && !Object.hasOwn(data, "username") && !Object.hasOwn(data, "password")) {
    yield required("data[username]")
    yield required("data[password]")
  }
  if (type === "kubernetes.io/service-account-token" && (metadata?.annotations?.[accountName] ?? "") === "") {
    yield required(`metadata.annotations[${accountName}]`)
  }
}

const isJsonObject = (base64: string): boolean => {
  try {
    return typeof JSON.parse(atob(base64)) === "object"
  } catch {
    return false
  }
}

/** The type of a Secret is for life. */
export function* validateSecretUpdate(secret: Loose<Secret>, old: Loose<Secret>): Findings {
  if (secret.type !== old.type) yield immutable("type", secret.type)
  yield* validateDataUpdate<"data">(secret, old, ["data"] as const)
}

/** A Node, new or changed. */
export function* validateNode({ spec = {}, status }: Loose<Node>): Findings {
  const seen = new Set<string>()
  for (const [i, { key = "", value = "", effect }] of (spec.taints ?? []).entries()) {
    // Upstream names the place so.
    const at = `metadata.taints[${i}]`
    yield* breaks(`${at}.key`, key, isQualifiedName(key))
    yield* breaks(`${at}.value`, value, isLabelValue(value))
    yield* needsOneOf(`${at}.effect`, effect, ["NoSchedule", "PreferNoSchedule", "NoExecute"])
    if (seen.has(`${key}:${effect}`))
      yield { ...duplicate(at, spec.taints?.[i]), detail: "taints must be unique by key and effect pair" }
    seen.add(`${key}:${effect}`)
  }
  for (const [i, range] of (spec.podCIDRs ?? []).entries()) yield* breaks(`spec.podCIDRs[${i}]`, range, isCidr(range))
  yield* validateFeatures(status?.declaredFeatures ?? [])
  for (const list of ["capacity", "allocatable"] as const) {
    for (const [name, amount = "0"] of Object.entries(status?.[list] ?? {})) {
      yield* breaks(`status.${list}[${name}]`, name, isQualifiedName(name))
      yield* validateNonNegative(amount, `status.${list}[${name}]`)
    }
  }
}

/** What a node says that its kubelet can do: names in order, each once. */
function* validateFeatures(features: ReadonlyArray<string>): Findings {
  for (const [i, feature] of features.entries()) {
    const at = `status.declaredFeatures[${i}]`
    if (!/^[A-Z][a-zA-Z0-9]*(\/[a-zA-Z0-9]+)*$/.test(feature))
      yield invalid(
        at,
        feature,
        `invalid feature name ${JSON.stringify(feature)}: must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes`
      )
    const before = features[i - 1]
    if (before === feature) yield duplicate(at, feature)
    else if (before !== undefined && before > feature) yield invalid(at, feature, "list must be sorted alphabetically")
  }
}

/** Pod ranges and the provider's name are given once. */
export function* validateNodeUpdate({ spec = {} }: Loose<Node>, old: Loose<Node>): Findings {
  if ((old.spec?.podCIDRs ?? []).length > 0 && !equalJson(spec.podCIDRs, old.spec?.podCIDRs)) {
    yield forbidden("spec.podCIDRs", 'node updates may not change podCIDR except from "" to valid')
  }
  if ((old.spec?.providerID ?? "") !== "" && spec.providerID !== old.spec?.providerID) {
    yield forbidden("spec.providerID", 'node updates may not change providerID except from "" to valid')
  }
}

/** A LimitRange, new or changed. */
export function* validateLimitRange({ spec = {} }: Loose<LimitRange>): Findings {
  const types = new Set<string>()
  for (const [i, item] of (spec.limits ?? []).entries()) {
    const at = `spec.limits[${i}]`
    const { type = "" } = item
    yield* validateLimitType(type, `${at}.type`)
    if (types.has(type)) yield duplicate(`${at}.type`, type)
    types.add(type)
    const checkName = type === "Pod" || type === "Container" ? checkContainerResourceName : checkResourceName
    for (const list of ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] as const)
      for (const name of Object.keys(item[list] ?? {})) yield* checkName(name, `${at}.${list}[${name}]`)
    if (type === "PersistentVolumeClaim" && item.min?.["storage"] === undefined && item.max?.["storage"] === undefined)
      yield required(`${at}.limits`, "either minimum or maximum storage value is required, but neither was provided")
    if (type === "Pod" && item.default !== undefined)
      yield forbidden(`${at}.default`, "may not be specified when `type` is 'Pod'")
    if (type === "Pod" && item.defaultRequest !== undefined) {
      yield forbidden(`${at}.defaultRequest`, "may not be specified when `type` is 'Pod'")
    }
    yield* validateLimits(item, at)
  }
}

function* validateLimitType(type: string, path: string): Findings {
  const sentences = isQualifiedName(type)
  yield* breaks(path, type, sentences)
  if (sentences.length === 0 && !type.includes("/") && !["Pod", "Container", "PersistentVolumeClaim"].includes(type))
    yield invalid(path, type, "must be a standard limit type or fully qualified")
}

function* validateLimits(
  { min = {}, max = {}, default: limit = {}, defaultRequest = {}, maxLimitRequestRatio: ratio = {} }: Loose<LimitRangeItem>,
  path: string
): Findings {
  const above = (a: Data, b: Data, name: string): boolean =>
    a[name] !== undefined && b[name] !== undefined && compareQuantity(a[name], b[name]) > 0
  for (const name of new Set([min, max, limit, defaultRequest, ratio].flatMap((amounts) => Object.keys(amounts)))) {
    const most = ratio[name]
    if (most !== undefined && compareQuantity(most, "1") < 0)
      yield invalid(`${path}.maxLimitRequestRatio[${name}]`, most, `ratio ${most} is less than 1`)
    else if (most !== undefined && min[name] !== undefined && max[name] !== undefined) {
      const highest = quantityMilli(max[name]) / quantityMilli(min[name])
      if (quantityMilli(most) / 1000 > highest)
        yield invalid(
          `${path}.maxLimitRequestRatio[${name}]`,
          most,
          `ratio ${most} is greater than max/min = ${highest.toFixed(6)}`
        )
    }
    if (above(min, max, name))
      yield invalid(`${path}.min[${name}]`, min[name], `min value ${min[name]} is greater than max value ${max[name]}`)
    for (const [word, field, amounts] of [
      ["default request", "defaultRequest", defaultRequest],
      ["default", "default", limit]
    ] as const) {
      if (above(min, amounts, name)) {
        yield invalid(
          `${path}.${field}[${name}]`,
          amounts[name],
          `min value ${min[name]} is greater than ${word} value ${amounts[name]}`
        )
      }
      if (above(amounts, max, name)) {
        yield invalid(
          `${path}.${field}[${name}]`,
          amounts[name],
          `${word} value ${amounts[name]} is greater than max value ${max[name]}`
        )
      }
    }
    if (above(defaultRequest, limit, name)) {
      const sentence = `default request value ${defaultRequest[name]} is greater than default limit value ${limit[name]}`
      yield invalid(`${path}.defaultRequest[${name}]`, defaultRequest[name], sentence)
    }
  }
}
