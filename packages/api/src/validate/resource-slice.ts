/** Validation of ResourceSlice: the devices that a driver offers. @module */
import { duplicate, immutable, invalid, required, tooMany } from "../field-error.ts"
import { equalJson } from "../json.ts"
import { isDns1123Label, isDns1123Subdomain, isLabelValue, isQualifiedName } from "../name.ts"
import type { NodeSelector } from "../types/core-v1.ts"
import type { CounterSet, Device, DeviceAttribute, DeviceTaint, ResourceSlice } from "../types/resource-v1.ts"
import type { Findings, Loose } from "./findings.ts"
import { isDeviceQualifiedName, isDriverName, isPoolName } from "./form.ts"
import { validateNodeSelector } from "./placement.ts"
import { aboveZero, fields, givenText, items, must, mustBeOneOf, notNegative, type Rule, text } from "./rule.ts"

const maxDevices = 128
const maxDevicesWithTaints = 64
const maxAttributes = 32
const maxTaints = 16
const maxCounterSets = 8
const maxCounters = 32
const maxTextBytes = 64
const version =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$/

const places = ["nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection"] as const
interface Placed {
  readonly nodeName?: string | undefined
  readonly nodeSelector?: Loose<NodeSelector> | undefined
  readonly allNodes?: boolean | undefined
  readonly perDeviceNodeSelection?: boolean | undefined
}

/** A ResourceSlice, new or changed. */
export function* validateSlice({ spec = {} }: Loose<ResourceSlice>): Findings {
  yield* text(isDriverName)(spec.driver, "spec.driver")
  yield* text(isPoolName)(spec.pool?.name, "spec.pool.name")
  yield* aboveZero(spec.pool?.resourceSliceCount, "spec.pool.resourceSliceCount")
  yield* notNegative(spec.pool?.generation, "spec.pool.generation")
  yield* validatePlace(spec, "spec", places)
  const { devices = [], sharedCounters = [] } = spec
  const full = devices.some((device) => (device.taints ?? []).length > 0 || (device.consumesCounters ?? []).length > 0)
  const max = full ? maxDevicesWithTaints : maxDevices
  if (devices.length > max) yield tooMany("spec.devices", devices.length, max)
  if (sharedCounters.length > 0 && devices.length > 0)
    yield invalid("spec", "{`devices`, `sharedCounters`}", "only one of `devices` or `sharedCounters` may be set")
  yield* items(counterSet, { max: maxCounterSets, unique: { by: ({ name }) => name, field: "name" } })(
    sharedCounters,
    "spec.sharedCounters"
  )
  const names = new Set<string>()
  for (const [i, device] of devices.entries()) {
    yield* validateDevice(device, `spec.devices[${i}]`, spec.perDeviceNodeSelection === true)
    if (device.name !== undefined && names.has(device.name)) yield duplicate(`spec.devices[${i}]`, device.name)
    names.add(device.name ?? "")
  }
}

const counterSet: Rule<Loose<CounterSet>> = function* ({ name, counters = {} } = {}, path) {
  yield* text(isDns1123Label)(name, `${path}.name`)
  const count = Object.keys(counters).length
  if (count === 0) yield required(`${path}.counters`)
  if (count > maxCounters) yield tooMany(`${path}.counters`, count, maxCounters)
  for (const key of Object.keys(counters)) yield* givenText(isDns1123Label)(key, `${path}.counters[${key}]`)
}

/** Exactly one way of saying which nodes can reach a device. */
function* validatePlace(place: Placed, path: string, ways: ReadonlyArray<(typeof places)[number]>): Findings {
  const list = ways.map((way) => `\`${way}\``)
  const sentence = `exactly one of ${list.join(", ")} is required`
  if (place.nodeName === "") yield invalid(`${path}.nodeName`, "", "must be either unset or set to a non-empty string")
  for (const flag of ["allNodes", "perDeviceNodeSelection"] as const)
    if (ways.includes(flag) && place[flag] === false)
      yield invalid(`${path}.${flag}`, false, "must be either unset or set to true")
  const given = ways.filter((way) => place[way] !== undefined && place[way] !== "" && place[way] !== false)
  if (given.length === 0) yield required(path, sentence)
  else if (given.length > 1)
    yield invalid(path, `{${given.map((way) => `\`${way}\``).join(", ")}}`, `${sentence}, but multiple fields are set`)
  if ((place.nodeName ?? "") !== "") yield* givenText(isDns1123Subdomain)(place.nodeName, `${path}.nodeName`)
  if (place.nodeSelector === undefined) return
  yield* validateNodeSelector(place.nodeSelector, `${path}.nodeSelector`)
  if ((place.nodeSelector.nodeSelectorTerms ?? []).length > 1)
    yield invalid(
      `${path}.nodeSelector.nodeSelectorTerms`,
      place.nodeSelector.nodeSelectorTerms,
      "must have exactly one node selector term"
    )
}

function* validateDevice(device: Loose<Device>, path: string, ownPlace: boolean): Findings {
  yield* text(isDns1123Label)(device.name, `${path}.name`)
  const { attributes = {}, capacity = {} } = device
  const count = Object.keys(attributes).length + Object.keys(capacity).length
  for (const [key, attribute = {}] of Object.entries(attributes)) {
    yield* givenText(isDeviceQualifiedName)(key, `${path}.attributes[${key}]`)
    yield* validateAttribute(attribute, `${path}.attributes[${key}]`)
  }
  for (const key of Object.keys(capacity)) yield* givenText(isDeviceQualifiedName)(key, `${path}.capacity[${key}]`)
  if (count > maxAttributes)
    yield invalid(path, count, `the total number of attributes and capacities must not exceed ${maxAttributes}`)
  yield* items(taint, { max: maxTaints })(device.taints, `${path}.taints`)
  for (const [i, { counterSet: name, counters = {} }] of (device.consumesCounters ?? []).entries()) {
    yield* must(text(isDns1123Label))(name, `${path}.consumesCounters[${i}].counterSet`)
    if (Object.keys(counters).length === 0) yield required(`${path}.consumesCounters[${i}].counters`)
  }
  if (ownPlace) yield* validatePlace(device, path, ["nodeName", "nodeSelector", "allNodes"])
  else
    for (const key of ["nodeName", "nodeSelector", "allNodes"] as const)
      if (device[key] !== undefined)
        yield invalid(
          `${path}.${key}`,
          device[key],
          "field can only be set when `perDeviceNodeSelection` is set to true in the ResourceSlice spec"
        )
}

function* validateAttribute(attribute: Loose<DeviceAttribute>, path: string): Findings {
  const given = Object.keys(attribute)
  if (given.length === 0) yield invalid(path, "", "exactly one value must be specified")
  if (given.length > 1) yield invalid(path, attribute, "exactly one value must be specified")
  for (const key of ["string", "version"] as const) {
    const value = attribute[key]
    if (value !== undefined && new TextEncoder().encode(value).length > maxTextBytes)
      yield { type: "FieldValueTooLong", field: `${path}.${key}`, detail: `may not be more than ${maxTextBytes} bytes` }
  }
  if (attribute.version !== undefined && !version.test(attribute.version))
    yield invalid(`${path}.version`, attribute.version, "must be a string compatible with semver.org spec 2.0.0")
}

const taint: Rule<Loose<DeviceTaint>> = fields<Loose<DeviceTaint>>({
  key: text(isQualifiedName),
  value: givenText(isLabelValue),
  effect: mustBeOneOf("NoExecute", "NoSchedule", "None")
})

/** Whose devices these are, and on which node, is for life; the devices themselves come and go. */
export function* validateSliceUpdate({ spec = {} }: Loose<ResourceSlice>, old: Loose<ResourceSlice>): Findings {
  const before = old.spec ?? {}
  for (const key of ["nodeName", "driver", "nodeSelector", "allNodes"] as const)
    if (!equalJson(spec[key] ?? null, before[key] ?? null)) yield immutable(`spec.${key}`, spec[key])
  if (spec.pool?.name !== before.pool?.name) yield immutable("spec.pool.name", spec.pool?.name)
}
