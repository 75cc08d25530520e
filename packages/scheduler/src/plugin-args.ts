/** The arguments of upstream's plugins, checked with upstream's words. @module */
import { type FieldError, fieldError, isList, isObject } from "@tsukube/api"

const { forbidden, invalid, notSupported, required, typeInvalid } = fieldError
type Args = Readonly<Record<string, unknown>>
type Check = (args: Args, path: string) => ReadonlyArray<FieldError>

const between = (value: unknown, least: number, most: number, path: string): ReadonlyArray<FieldError> => {
  if (value === undefined) return []
  if (typeof value !== "number" || !Number.isInteger(value)) return [typeInvalid(path, value, "must be an integer")]
  return value < least || value > most ? [invalid(path, value, `not in valid range [${least}-${most}]`)] : []
}

const unknownFields = (args: Args, path: string, names: ReadonlyArray<string>): ReadonlyArray<FieldError> =>
  Object.keys(args)
    .filter((name) => !["apiVersion", "kind", ...names].includes(name))
    .map((name) => forbidden(`${path}.${name}`, "unknown or unsupported field"))

const listAt = (
  value: unknown,
  path: string
): { readonly items: ReadonlyArray<unknown>; readonly errors: ReadonlyArray<FieldError> } =>
  value === undefined || isList(value)
    ? { items: (value as ReadonlyArray<unknown> | undefined) ?? [], errors: [] }
    : { items: [], errors: [typeInvalid(path, value, "must be a list")] }

const textsAt = (value: unknown, path: string): ReadonlyArray<FieldError> => {
  const { items, errors } = listAt(value, path)
  return [
    ...errors,
    ...items.flatMap((item, index) =>
      typeof item === "string" ? [] : [typeInvalid(`${path}[${index}]`, item, "must be a string")]
    )
  ]
}

const resourcesAt = (value: unknown, path: string, most: number): ReadonlyArray<FieldError> => {
  const { items, errors } = listAt(value, path)
  return [
    ...errors,
    ...items.flatMap((item, index) => {
      const at = `${path}[${index}]`
      if (!isObject(item)) return [typeInvalid(at, item, "must be an object")]
      const name = typeof item["name"] === "string" && item["name"] !== "" ? [] : [required(`${at}.name`)]
      const { weight } = item
      const inRange = weight === undefined || (typeof weight === "number" && weight >= 1 && weight <= most)
      const detail = `resource weight of ${String(item["name"])} not in valid range [1-${most}]`
      return inRange ? name : [...name, invalid(`${at}.weight`, weight, detail)]
    })
  ]
}

const shapeAt = (value: unknown, path: string): ReadonlyArray<FieldError> => {
  const { items, errors } = listAt(value, path)
  if (errors.length > 0) return errors
  if (items.length === 0) return [required(path, "at least one point must be specified")]
  let last = -1
  return items.flatMap((item, index) => {
    const at = `${path}[${index}]`
    if (!isObject(item)) return [typeInvalid(at, item, "must be an object")]
    const found = [
      ...between(item["utilization"] ?? 0, 0, 100, `${at}.utilization`),
      ...between(item["score"] ?? 0, 0, 10, `${at}.score`)
    ]
    const utilization = Number(item["utilization"] ?? 0)
    if (found.length === 0 && utilization <= last)
      found.push(invalid(`${at}.utilization`, utilization, "utilization values must be sorted in increasing order"))
    last = utilization
    return found
  })
}

const strategies = ["LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"]

const fit: Check = (args, path) => {
  const errors = [
    ...unknownFields(args, path, ["ignoredResources", "ignoredResourceGroups", "scoringStrategy"]),
    ...textsAt(args["ignoredResources"], `${path}.ignoredResources`),
    ...textsAt(args["ignoredResourceGroups"], `${path}.ignoredResourceGroups`)
  ]
  const strategy = args["scoringStrategy"]
  if (strategy === undefined) return errors
  const at = `${path}.scoringStrategy`
  if (!isObject(strategy)) return [...errors, typeInvalid(at, strategy, "must be an object")]
  const type = strategy["type"] ?? "LeastAllocated"
  if (!strategies.includes(String(type))) errors.push(notSupported(`${at}.type`, type, strategies))
  errors.push(...resourcesAt(strategy["resources"], `${at}.resources`, 100))
  const ratio = strategy["requestedToCapacityRatio"]
  if (type === "RequestedToCapacityRatio")
    errors.push(...shapeAt(isObject(ratio) ? ratio["shape"] : undefined, `${at}.requestedToCapacityRatio.shape`))
  return errors
}

const balanced: Check = (args, path) => [
  ...unknownFields(args, path, ["resources"]),
  ...resourcesAt(args["resources"], `${path}.resources`, 1)
]

const interPod: Check = (args, path) => [
  ...unknownFields(args, path, ["hardPodAffinityWeight", "ignorePreferredTermsOfExistingPods"]),
  ...between(args["hardPodAffinityWeight"], 0, 100, `${path}.hardPodAffinityWeight`)
]

const spread: Check = (args, path) => {
  const type = args["defaultingType"] ?? "System"
  const at = `${path}.defaultConstraints`
  const { items, errors } = listAt(args["defaultConstraints"], at)
  const found = [...unknownFields(args, path, ["defaultConstraints", "defaultingType"]), ...errors]
  if (type !== "System" && type !== "List") found.push(notSupported(`${path}.defaultingType`, type, ["System", "List"]))
  if (type === "System" && items.length > 0)
    found.push(invalid(`${path}.defaultingType`, type, "when .defaultConstraints are not empty"))
  for (const [index, item] of items.entries()) {
    const own = `${at}[${index}]`
    if (!isObject(item)) {
      found.push(typeInvalid(own, item, "must be an object"))
      continue
    }
    const { maxSkew, topologyKey, whenUnsatisfiable, labelSelector } = item
    if (typeof maxSkew !== "number" || maxSkew <= 0) found.push(invalid(`${own}.maxSkew`, maxSkew, "not in valid range (0, inf)"))
    if (typeof topologyKey !== "string" || topologyKey === "") found.push(required(`${own}.topologyKey`, "can not be empty"))
    if (whenUnsatisfiable !== "DoNotSchedule" && whenUnsatisfiable !== "ScheduleAnyway")
      found.push(notSupported(`${own}.whenUnsatisfiable`, whenUnsatisfiable, ["DoNotSchedule", "ScheduleAnyway"]))
    if (labelSelector !== undefined)
      found.push(forbidden(`${own}.labelSelector`, "constraint must not define a selector, as they deduced for each pod"))
  }
  return found
}

const preemption: Check = (args, path) => {
  const { minCandidateNodesPercentage: percent, minCandidateNodesAbsolute: least } = args
  const errors = [
    ...unknownFields(args, path, ["minCandidateNodesPercentage", "minCandidateNodesAbsolute"]),
    ...between(percent, 0, 100, `${path}.minCandidateNodesPercentage`)
  ]
  if (least !== undefined && (typeof least !== "number" || least < 0))
    errors.push(invalid(`${path}.minCandidateNodesAbsolute`, least, "not in valid range [0, inf)"))
  if (percent === 0 && least === 0)
    errors.push(invalid(`${path}.minCandidateNodesPercentage`, 0, "cannot be zero at the same time as minCandidateNodesAbsolute"))
  return errors
}

const selectors = ["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]

const nodeAffinity: Check = (args, path) => {
  const errors = [...unknownFields(args, path, ["addedAffinity"])]
  const affinity = args["addedAffinity"]
  if (affinity === undefined) return errors
  const at = `${path}.addedAffinity`
  if (!isObject(affinity)) return [...errors, typeInvalid(at, affinity, "must be an object")]
  const requiredPart = affinity["requiredDuringSchedulingIgnoredDuringExecution"]
  const terms = isObject(requiredPart)
    ? listAt(requiredPart["nodeSelectorTerms"], `${at}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`)
    : undefined
  for (const [index, term] of (terms?.items ?? []).entries()) {
    const own = `${at}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${index}]`
    const { items } = listAt(isObject(term) ? term["matchExpressions"] : undefined, own)
    for (const [which, item] of items.entries()) {
      const operator = isObject(item) ? item["operator"] : undefined
      if (!selectors.includes(String(operator)))
        errors.push(notSupported(`${own}.matchExpressions[${which}].operator`, operator, selectors))
    }
  }
  return errors
}

const volumeBinding: Check = (args, path) => {
  const seconds = args["bindTimeoutSeconds"]
  const errors = [...unknownFields(args, path, ["bindTimeoutSeconds"])]
  if (seconds !== undefined && (typeof seconds !== "number" || seconds < 0))
    errors.push(invalid(`${path}.bindTimeoutSeconds`, seconds, "invalid BindTimeoutSeconds, should not be a negative value"))
  return errors
}

const checks: Readonly<Record<string, Check>> = {
  NodeResourcesFit: fit,
  NodeResourcesBalancedAllocation: balanced,
  InterPodAffinity: interPod,
  PodTopologySpread: spread,
  DefaultPreemption: preemption,
  NodeAffinity: nodeAffinity,
  VolumeBinding: volumeBinding,
  DynamicResources: (args, path) => unknownFields(args, path, [])
}

/** What is wrong with the arguments of a plugin; nothing for plugins that are not upstream's. */
export const checkPluginArgs = (plugin: string, args: Args, path: string): ReadonlyArray<FieldError> =>
  checks[plugin]?.(args, path) ?? []
