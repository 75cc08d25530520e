/** Validation of what a Job does about pods that fail and when it counts as done. @module */
import { duplicate, type FieldError, invalid, notSupported, omitted, required, tooMany } from "../field-error.ts"
import { byteLength, isQualifiedName } from "../name.ts"
import type { JobSpec, PodFailurePolicyRule } from "../types/batch-v1.ts"
import type { Findings, Loose } from "./findings.ts"
import { isDomainPrefixedPath } from "./form.ts"

const maxRules = 20
const maxPatterns = 20
const maxExitCodes = 255
const maxManagerBytes = 63
const maxCompletions = 100_000
const maxParallelism = 10_000

/** Indexed Jobs keep a bitmap of what is done, so they have limits. */
export function* validateIndexed(spec: Loose<JobSpec>, path: string): Findings {
  const { completions = 0, parallelism = 0, backoffLimitPerIndex, maxFailedIndexes } = spec
  const indexed = spec.completionMode === "Indexed"
  if (indexed) {
    if (parallelism > maxCompletions)
      yield atMost(`${path}.parallelism`, parallelism, maxCompletions, " when completion mode is Indexed")
    if (completions > maxCompletions && backoffLimitPerIndex !== undefined) {
      const many = maxParallelism
      if (parallelism > many)
        yield atMost(
          `${path}.parallelism`,
          parallelism,
          many,
          ` when completions are above ${maxCompletions} and used with backoff limit per index`
        )
    }
    if (maxFailedIndexes !== undefined && maxFailedIndexes > completions)
      yield invalid(`${path}.maxFailedIndexes`, maxFailedIndexes, "must be less than or equal to completions")
  }
  if (backoffLimitPerIndex !== undefined && !indexed)
    yield invalid(`${path}.backoffLimitPerIndex`, backoffLimitPerIndex, "requires indexed completion mode")
  if (maxFailedIndexes !== undefined && backoffLimitPerIndex === undefined)
    yield required(`${path}.backoffLimitPerIndex`, "when maxFailedIndexes is specified")
}

const atMost = (field: string, value: number, max: number, when: string): FieldError =>
  invalid(field, value, `must be less than or equal to ${max}${when}`)

/** The policies and the manager of a Job. */
export function* validateJobPolicies(spec: Loose<JobSpec>, path: string): Findings {
  yield* validateIndexed(spec, path)
  if (spec.podFailurePolicy !== undefined) yield* validateFailurePolicy(spec, `${path}.podFailurePolicy`)
  if (spec.successPolicy !== undefined) yield* validateSuccessPolicy(spec, `${path}.successPolicy`)
  const { podReplacementPolicy: replacement, managedBy } = spec
  if (replacement !== undefined) {
    const supported = spec.podFailurePolicy === undefined ? ["Failed", "TerminatingOrFailed"] : ["Failed"]
    if (!supported.includes(replacement)) yield notSupported(`${path}.podReplacementPolicy`, replacement, supported)
  }
  if (managedBy === undefined) return
  if (managedBy === "") yield required(`${path}.managedBy`)
  else for (const sentence of isDomainPrefixedPath(managedBy)) yield invalid(`${path}.managedBy`, managedBy, sentence)
  if (byteLength(managedBy) > maxManagerBytes)
    yield { type: "FieldValueTooLong", field: `${path}.managedBy`, detail: `may not be more than ${maxManagerBytes} bytes` }
}

function* validateFailurePolicy(spec: Loose<JobSpec>, path: string): Findings {
  const rules = spec.podFailurePolicy?.rules ?? []
  if (rules.length > maxRules) yield tooMany(`${path}.rules`, rules.length, maxRules)
  const pods = spec.template?.spec ?? {}
  if (pods.restartPolicy !== "Never")
    yield invalid(
      path.replace(/podFailurePolicy$/, "template.spec.restartPolicy"),
      pods.restartPolicy ?? "",
      'only "Never" is supported when podFailurePolicy is specified'
    )
  const names = new Set([...(pods.containers ?? []), ...(pods.initContainers ?? [])].map(({ name = "" }) => name))
  for (const [i, rule] of rules.entries()) yield* validateFailureRule(rule, `${path}.rules[${i}]`, names, spec)
}

function* validateFailureRule(
  { onExitCodes, onPodConditions, ...rule }: Loose<PodFailurePolicyRule>,
  path: string,
  containers: ReadonlySet<string>,
  spec: Loose<JobSpec>
): Findings {
  const supported = ["Count", "FailIndex", "FailJob", "Ignore"]
  const action: string = rule.action ?? ""
  if (action === "") yield required(`${path}.action`, `valid values: ${supported.map((word) => JSON.stringify(word)).join(", ")}`)
  else if (action === "FailIndex" && spec.backoffLimitPerIndex === undefined)
    yield invalid(`${path}.action`, action, "requires the backoffLimitPerIndex to be set")
  else if (!supported.includes(action)) yield notSupported(`${path}.action`, action, supported)
  if (onExitCodes !== undefined) yield* validateExitCodes(onExitCodes, `${path}.onExitCodes`, containers)
  if (onPodConditions !== undefined && onPodConditions.length > maxPatterns)
    yield tooMany(`${path}.onPodConditions`, onPodConditions.length, maxPatterns)
  for (const [i, { type = "", status = "" }] of (onPodConditions ?? []).entries()) {
    const at = `${path}.onPodConditions[${i}]`
    for (const sentence of isQualifiedName(type)) yield invalid(`${at}.type`, type, sentence)
    const known = ["False", "True", "Unknown"]
    if (status === "") yield required(`${at}.status`, `valid values: ${known.map((word) => JSON.stringify(word)).join(", ")}`)
    else if (!known.includes(status)) yield notSupported(`${at}.status`, status, known)
  }
  if (onExitCodes !== undefined && (onPodConditions ?? []).length > 0)
    yield invalid(path, omitted, "specifying both OnExitCodes and OnPodConditions is not supported")
  if (onExitCodes === undefined && (onPodConditions ?? []).length === 0)
    yield invalid(path, omitted, "specifying one of OnExitCodes and OnPodConditions is required")
}

function* validateExitCodes(
  codes: Loose<NonNullable<PodFailurePolicyRule["onExitCodes"]>>,
  path: string,
  containers: ReadonlySet<string>
): Findings {
  const { operator = "", containerName, values = [] } = codes
  if (operator === "") yield required(`${path}.operator`, 'valid values: "In", "NotIn"')
  else if (operator !== "In" && operator !== "NotIn") yield notSupported(`${path}.operator`, operator, ["In", "NotIn"])
  if (containerName !== undefined && !containers.has(containerName))
    yield invalid(
      `${path}.containerName`,
      containerName,
      "must be one of the container or initContainer names in the pod template"
    )
  if (values.length === 0) yield invalid(`${path}.values`, values, "at least one value is required")
  else if (values.length > maxExitCodes) yield tooMany(`${path}.values`, values.length, maxExitCodes)
  const seen = new Set<number>()
  for (const [i, value] of values.entries()) {
    if (operator === "In" && value === 0) yield invalid(`${path}.values[${i}]`, value, "must not be 0 for the In operator")
    if (seen.has(value)) yield duplicate(`${path}.values[${i}]`, value)
    seen.add(value)
  }
  if (values.some((value, i) => i > 0 && value < (values[i - 1] ?? value)))
    yield invalid(`${path}.values`, values, "must be ordered")
}

function* validateSuccessPolicy(spec: Loose<JobSpec>, path: string): Findings {
  const rules = spec.successPolicy?.rules ?? []
  const { completions = 0 } = spec
  if (spec.completionMode !== "Indexed") {
    yield invalid(path, spec.successPolicy, "requires indexed completion mode")
    return
  }
  if (rules.length === 0)
    yield required(`${path}.rules`, "at least one rules must be specified when the successPolicy is specified")
  if (rules.length > maxRules) yield tooMany(`${path}.rules`, rules.length, maxRules)
  for (const [i, { succeededCount: count, succeededIndexes: indexes }] of rules.entries()) {
    const at = `${path}.rules[${i}]`
    if (count === undefined && indexes === undefined)
      yield required(at, "at least one of succeededCount or succeededIndexes must be specified")
    let total: number | undefined
    if (indexes !== undefined) {
      const parsed = parseIndexes(indexes, completions)
      if (typeof parsed === "string")
        yield invalid(`${at}.succeededIndexes`, indexes, `error parsing succeededIndexes: ${parsed}`)
      else total = parsed
    }
    if (count === undefined) continue
    if (count < 1) yield invalid(`${at}.succeededCount`, count, "must be greater than or equal to 0")
    if (count > completions)
      yield invalid(
        `${at}.succeededCount`,
        count,
        `must be less than or equal to ${completions} (the number of specified completions)`
      )
    if (total !== undefined && count > total)
      yield invalid(
        `${at}.succeededCount`,
        count,
        `must be less than or equal to ${total} (the number of indexes in the specified succeededIndexes field)`
      )
  }
}

/** How many indexes `1,3-5` names, or what is wrong with the text. */
export const parseIndexes = (indexes: string, completions: number): number | string => {
  let total = 0
  let last = -1
  for (const part of indexes === "" ? [] : indexes.split(",")) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part)
    if (match === null) return `cannot convert string to integer for index: ${JSON.stringify(part.split("-")[0])}`
    const first = Number(match[1])
    const end = Number(match[2] ?? match[1])
    if (first >= completions || end >= completions) return `too large index: ${JSON.stringify(String(Math.max(first, end)))}`
    if (first <= last) return `non-increasing order, previous: ${last}, current: ${first}`
    if (match[2] !== undefined && end <= first) return `non-increasing order, previous: ${first}, current: ${end}`
    total += end - first + 1
    last = end
  }
  return total
}
