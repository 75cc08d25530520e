/** Validation of claims to devices: ResourceClaim, ResourceClaimTemplate, DeviceClass. @module */
import { duplicate, type FieldError, immutable, invalid, notSupported, omitted, required, tooMany } from "../field-error.ts"
import { equalJson, isObject } from "../json.ts"
import { byteLength, isDns1123Label, isDns1123Subdomain, isLabelValue, isQualifiedName } from "../name.ts"
import type {
  DeviceClaim,
  DeviceClass,
  DeviceConstraint,
  DeviceRequest,
  DeviceSelector,
  DeviceToleration,
  ExactDeviceRequest,
  OpaqueDeviceConfiguration,
  ResourceClaim,
  ResourceClaimConsumerReference,
  ResourceClaimSpec,
  ResourceClaimTemplate
} from "../types/resource-v1.ts"
import type { Findings, Loose } from "./findings.ts"
import { isDeviceQualifiedName, isDriverName } from "./form.ts"
import { validateTemplateMetadata } from "./metadata.ts"
import { exactlyOne, fields, items, maybeText, must, mustBeOneOf, oneOf, type Rule, text } from "./rule.ts"

const maxRequests = 32
const maxSelectors = 32
const maxConstraints = 32
const maxConfigs = 32
const maxAlternatives = 8
const maxTolerations = 16
const maxReserved = 256
const maxExpressionBytes = 10 * 1024
const maxParameterBytes = 10 * 1024

/** That expressions compile is `expression.ts`'s. */
const selectors: Rule<ReadonlyArray<Loose<DeviceSelector>>> = items(
  fields<Loose<DeviceSelector>>({
    cel: must(
      fields<{ readonly expression?: string | undefined }>({
        expression: function* (expression = "", path) {
          if (expression === "") yield required(path)
          if (byteLength(expression) > maxExpressionBytes)
            yield { type: "FieldValueTooLong", field: path, detail: `may not be more than ${maxExpressionBytes} bytes` }
        }
      })
    )
  }),
  { max: maxSelectors }
)

const toleration: Rule<Loose<DeviceToleration>> = function* (value = {}, path) {
  const { key = "", operator = "Equal", value: text = "", effect } = value
  yield* maybeText(isQualifiedName)(key, `${path}.key`)
  if (key === "" && operator !== "Exists") yield required(`${path}.key`, "must not be empty when operator is `Equal`")
  yield* mustBeOneOf("Equal", "Exists")(operator, `${path}.operator`)
  if (operator === "Exists" && text !== "") yield invalid(`${path}.value`, text, "must be empty when operator is `Exists`")
  if (operator === "Equal") yield* maybeText(isLabelValue)(text, `${path}.value`)
  yield* oneOf(
    "NoExecute",
    "NoSchedule",
    "None"
  )(effect === undefined || (effect as string) === "" ? undefined : effect, `${path}.effect`)
}

const allocation: Rule<Loose<ExactDeviceRequest>> = function* (request = {}, path) {
  const { allocationMode, count = 0 } = request
  yield* text(isDns1123Subdomain)(request.deviceClassName, `${path}.deviceClassName`)
  yield* selectors(request.selectors, `${path}.selectors`)
  if (allocationMode === "All") {
    if (count !== 0) yield invalid(`${path}.count`, count, "must not be specified when allocationMode is 'All'")
  } else if (allocationMode === "ExactCount") {
    if (count <= 0) yield invalid(`${path}.count`, count, "must be greater than zero")
  } else yield notSupported(`${path}.allocationMode`, allocationMode, ["All", "ExactCount"])
  yield* items(toleration, { max: maxTolerations })(request.tolerations, `${path}.tolerations`)
}

const request: Rule<Loose<DeviceRequest>> = function* (value = {}, path) {
  yield* text(isDns1123Label)(value.name, `${path}.name`)
  yield* exactlyOne<Loose<DeviceRequest>>(
    ["exactly", "firstAvailable"],
    "exactly one of `exactly` or `firstAvailable` is required"
  )(value, path)
  if (value.exactly !== undefined) yield* allocation(value.exactly, `${path}.exactly`)
  const alternative: Rule<NonNullable<typeof value.firstAvailable>[number]> = function* (sub = {}, at) {
    yield* text(isDns1123Label)(sub.name, `${at}.name`)
    yield* allocation(sub, at)
  }
  yield* items(alternative, { max: maxAlternatives, unique: { by: ({ name }) => name, field: "name" } })(
    value.firstAvailable,
    `${path}.firstAvailable`
  )
}

/** The names by which a claim's parts may speak of its requests. */
const requestNames = (claim: Loose<DeviceClaim>): ReadonlySet<string> =>
  new Set(
    (claim.requests ?? []).flatMap(({ name = "", firstAvailable = [] }) => [
      name,
      ...firstAvailable.map((sub) => `${name}/${sub.name ?? ""}`)
    ])
  )

function* validateReferences(requests: ReadonlyArray<string>, known: ReadonlySet<string>, path: string): Findings {
  if (requests.length > maxRequests) yield tooMany(path, requests.length, maxRequests)
  const seen = new Set<string>()
  for (const [i, name] of requests.entries()) {
    const sentence = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"
    if (!known.has(name)) yield invalid(`${path}[${i}]`, name, sentence)
    if (seen.has(name)) yield duplicate(`${path}[${i}]`, name)
    seen.add(name)
  }
}

function* validateConstraint(constraint: Loose<DeviceConstraint>, known: ReadonlySet<string>, path: string): Findings {
  yield* validateReferences(constraint.requests ?? [], known, `${path}.requests`)
  const { matchAttribute, distinctAttribute } = constraint
  if (matchAttribute === undefined && distinctAttribute === undefined)
    yield required(path, "exactly one of `matchAttribute` or `distinctAttribute` is required")
  for (const [key, attribute] of Object.entries({ matchAttribute, distinctAttribute })) {
    if (attribute === undefined) continue
    if (attribute === "") yield required(`${path}.${key}`, "name and domain of a device attribute")
    else if (!attribute.includes("/"))
      yield invalid(`${path}.${key}`, attribute, "a fully qualified name must be a domain and a name separated by a slash")
    else for (const sentence of isDeviceQualifiedName(attribute)) yield invalid(`${path}.${key}`, attribute, sentence)
  }
}

/** Settings that only the driver understands. */
const opaque: Rule<Loose<OpaqueDeviceConfiguration>> = function* (value = {}, path) {
  yield* text(isDriverName)(value.driver, `${path}.driver`)
  const { parameters } = value as { readonly parameters?: unknown }
  if (parameters === undefined) yield required(`${path}.parameters`)
  else if (!isObject(parameters)) yield invalid(`${path}.parameters`, omitted, "parameters must be a valid JSON object")
  else if (byteLength(JSON.stringify(parameters)) > maxParameterBytes)
    yield { type: "FieldValueTooLong", field: `${path}.parameters`, detail: `may not be more than ${maxParameterBytes} bytes` }
}

/** The spec of a claim or of a template of claims. */
function* validateClaimSpec({ devices = {} }: Loose<ResourceClaimSpec>, path: string): Findings {
  const at = `${path}.devices`
  yield* items(request, { max: maxRequests, unique: { by: ({ name }) => name } })(devices.requests, `${at}.requests`)
  const known = requestNames(devices)
  const { constraints = [], config = [] } = devices
  if (constraints.length > maxConstraints) yield tooMany(`${at}.constraints`, constraints.length, maxConstraints)
  for (const [i, constraint] of constraints.entries()) yield* validateConstraint(constraint, known, `${at}.constraints[${i}]`)
  if (config.length > maxConfigs) yield tooMany(`${at}.config`, config.length, maxConfigs)
  for (const [i, { requests = [], opaque: settings }] of config.entries()) {
    yield* validateReferences(requests, known, `${at}.config[${i}].requests`)
    yield* must(opaque)(settings, `${at}.config[${i}].opaque`)
  }
}

/** A ResourceClaim, new or changed. */
export function* validateResourceClaim({ spec = {}, status }: Loose<ResourceClaim>): Findings {
  yield* validateClaimSpec(spec, "spec")
  const { reservedFor = [], allocation: given } = status ?? {}
  yield* items(consumer, { max: maxReserved, unique: { by: ({ uid }) => uid, field: "uid" } })(reservedFor, "status.reservedFor")
  if (reservedFor.length > 0 && given === undefined)
    yield { type: "FieldValueForbidden", field: "status.reservedFor", detail: "may not be specified when `allocated` is not set" }
  const known = requestNames(spec.devices ?? {})
  for (const [i, result] of (given?.devices?.results ?? []).entries()) {
    const at = `status.allocation.devices.results[${i}]`
    if (!known.has(result.request ?? ""))
      yield invalid(
        `${at}.request`,
        result.request,
        "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"
      )
    yield* text(isDriverName)(result.driver, `${at}.driver`)
    yield* text()(result.pool, `${at}.pool`)
    yield* text(isDns1123Label)(result.device, `${at}.device`)
  }
}

const consumer: Rule<Loose<ResourceClaimConsumerReference>> = fields<Loose<ResourceClaimConsumerReference>>({
  resource: text(),
  name: text(),
  uid: text()
})

/** What is claimed is for life, and what was given stays until it is given back. */
export function* validateResourceClaimUpdate({ spec, status }: Loose<ResourceClaim>, old: Loose<ResourceClaim>): Findings {
  const guard = (path: string, value: unknown, was: unknown): ReadonlyArray<FieldError> =>
    equalJson(value, was) ? [] : [immutable(path, value)]
  yield* guard("spec", spec, old.spec)
  if (old.status?.allocation !== undefined && status?.allocation !== undefined)
    yield* guard("status.allocation", status.allocation, old.status.allocation)
}

/** A ResourceClaimTemplate, new or changed. */
export function* validateResourceClaimTemplate({ spec = {} }: Loose<ResourceClaimTemplate>): Findings {
  yield* validateTemplateMetadata(spec.metadata, "spec.metadata")
  yield* validateClaimSpec(spec.spec ?? {}, "spec.spec")
}

/** A DeviceClass, new or changed. */
export function* validateDeviceClass({ spec = {} }: Loose<DeviceClass>): Findings {
  yield* selectors(spec.selectors, "spec.selectors")
  const settings = fields<NonNullable<typeof spec.config>[number]>({ opaque: must(opaque) })
  yield* items(settings, { max: maxConfigs })(spec.config, "spec.config")
  const name = spec.extendedResourceName
  if (name === undefined) return
  const good =
    name.includes("/") &&
    !/(^|\.)kubernetes\.io\//.test(name) &&
    !name.startsWith("requests.") &&
    isQualifiedName(`requests.${name}`).length === 0
  if (!good) yield invalid("spec.extendedResourceName", name, "must be a valid extended resource name")
}
