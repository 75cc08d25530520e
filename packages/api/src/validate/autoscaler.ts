/** Validation of HorizontalPodAutoscaler, of both versions. @module */
import { type FieldError, forbidden, invalid, notSupported, required } from "../field-error.ts"
import { isDns1123Label, isPathSegment } from "../name.ts"
import { compareQuantity } from "../quantity.ts"
import type { HorizontalPodAutoscaler as AutoscalerV1 } from "../types/autoscaling-v1.ts"
import type {
  HorizontalPodAutoscaler,
  HPAScalingRules,
  MetricIdentifier,
  MetricSpec,
  MetricTarget
} from "../types/autoscaling-v2.ts"
import { type Findings, type Loose, needsForm } from "./findings.ts"
import { validateLabelSelector } from "./label-selector.ts"
import { checkContainerResourceName } from "./resource-name.ts"
import { text } from "./rule.ts"

const maxStabilizationSeconds = 3600
const maxPeriodSeconds = 1800

interface Scaling {
  readonly minReplicas?: number | undefined
  readonly maxReplicas?: number | undefined
  readonly scaleTargetRef?:
    | {
        readonly apiVersion?: string | undefined
        readonly kind?: string | undefined
        readonly name?: string | undefined
      }
    | undefined
}

function* validateScaling({ minReplicas, maxReplicas = 0, scaleTargetRef = {} }: Scaling): Findings {
  // Zero needs a metric from outside and a feature that is off by default.
  if (minReplicas !== undefined && minReplicas < 1)
    yield invalid("spec.minReplicas", minReplicas, "must be greater than or equal to 1")
  if (maxReplicas === 0) yield required("spec.maxReplicas", "must be set and greater than 0")
  else if (maxReplicas < 0) yield invalid("spec.maxReplicas", maxReplicas, "must be greater than 0")
  if (minReplicas !== undefined && maxReplicas < minReplicas)
    yield invalid("spec.maxReplicas", maxReplicas, "must be greater than or equal to `minReplicas`")
  yield* needsForm("spec.scaleTargetRef.kind", scaleTargetRef.kind, isPathSegment)
  yield* needsForm("spec.scaleTargetRef.name", scaleTargetRef.name, isPathSegment)
  const { apiVersion = "", kind } = scaleTargetRef
  if (apiVersion !== "" && !apiVersion.includes("/") && !(apiVersion === "v1" && kind === "ReplicationController"))
    yield invalid("spec.scaleTargetRef.apiVersion", apiVersion, "apiVersion must specify API group")
}

/** A HorizontalPodAutoscaler of v1, new or changed. */
export function* validateAutoscalerV1({ spec = {} }: Loose<AutoscalerV1>): Findings {
  yield* validateScaling(spec as Scaling)
  const { targetCPUUtilizationPercentage: percent } = spec
  if (percent !== undefined && percent < 1)
    // It is stored, and looked at, as the metric of v2 that it stands for.
    yield invalid("spec.metrics[0].resource.target.averageUtilization", percent, "must be greater than 0")
}

/** A HorizontalPodAutoscaler of v2, new or changed. */
export function* validateAutoscaler({ spec = {} }: Loose<HorizontalPodAutoscaler>): Findings {
  yield* validateScaling(spec as Scaling)
  for (const [i, metric] of (spec.metrics ?? []).entries()) yield* validateMetric(metric, `spec.metrics[${i}]`)
  yield* validateScalingRules(spec.behavior?.scaleUp, "spec.behavior.scaleUp")
  yield* validateScalingRules(spec.behavior?.scaleDown, "spec.behavior.scaleDown")
}

const sourceOfType = {
  ContainerResource: "containerResource",
  External: "external",
  Object: "object",
  Pods: "pods",
  Resource: "resource"
} as const

function* validateMetric(metric: Loose<MetricSpec>, path: string): Findings {
  const { type = "" } = metric
  if (type === "") yield required(`${path}.type`, "must specify a metric source type")
  else if (!Object.hasOwn(sourceOfType, type)) yield notSupported(`${path}.type`, type, Object.keys(sourceOfType))
  const given = Object.values(sourceOfType).filter((source) => metric[source] !== undefined)
  for (const extra of given.slice(1)) yield forbidden(`${path}.${extra}`, "may not specify more than one metric source type")
  if (!Object.hasOwn(sourceOfType, type)) return
  const wanted = sourceOfType[type as keyof typeof sourceOfType]
  if (metric[wanted] === undefined) {
    const sentence =
      given.length === 0
        ? "must populate information for the given metric source"
        : `must populate the given metric source when type is ${type}`
    yield required(`${path}.${wanted}`, sentence)
  }
  yield* validateSources(metric, path)
}

function* validateSources({ object, pods, resource, containerResource, external }: Loose<MetricSpec>, path: string): Findings {
  if (object !== undefined) {
    const described: { readonly kind?: string | undefined; readonly name?: string | undefined } = object.describedObject ?? {}
    yield* text(isPathSegment)(described.kind, `${path}.object.describedObject.kind`)
    yield* text(isPathSegment)(described.name, `${path}.object.describedObject.name`)
    yield* validateIdentifier(object.metric, `${path}.object.metric`)
    yield* validateTarget(object.target, `${path}.object.target`)
    yield* needsAmount(object.target, `${path}.object.target`, ["value", "averageValue"])
  }
  if (external !== undefined) {
    yield* validateIdentifier(external.metric, `${path}.external.metric`)
    yield* validateTarget(external.target, `${path}.external.target`)
    yield* needsAmount(external.target, `${path}.external.target`, ["value", "averageValue"])
    if (external.target?.value !== undefined && external.target.averageValue !== undefined)
      yield forbidden(`${path}.external.target.value`, "may not set both a target value for metric and a per-pod target")
  }
  if (pods !== undefined) {
    yield* validateIdentifier(pods.metric, `${path}.pods.metric`)
    yield* validateTarget(pods.target, `${path}.pods.target`)
    if (pods.target?.averageValue === undefined)
      yield required(`${path}.pods.target.averageValue`, "must specify a positive target averageValue")
  }
  for (const [key, source] of Object.entries({ resource, containerResource })) {
    if (source === undefined) continue
    const at = `${path}.${key}`
    if ((source.name ?? "") === "") yield required(`${at}.name`, "must specify a resource name")
    if (key === "containerResource" && (source.name ?? "") !== "")
      yield* checkContainerResourceName(source.name ?? "", `${at}.name`)
    if (key === "containerResource")
      yield* text(isDns1123Label, "must specify a container")(containerResource?.container, `${at}.container`)
    yield* validateTarget(source.target, `${at}.target`)
    if (source.target?.averageUtilization === undefined && source.target?.averageValue === undefined)
      yield required(`${at}.target.averageUtilization`, "must set either a target raw value or a target utilization")
    else if (source.target.averageUtilization !== undefined && source.target.averageValue !== undefined)
      yield forbidden(`${at}.target.averageValue`, "may not set both a target raw value and a target utilization")
  }
}

function* needsAmount(target: Loose<MetricTarget> | undefined, path: string, keys: readonly ["value", "averageValue"]): Findings {
  if (keys.every((key) => target?.[key] === undefined))
    yield required(`${path}.averageValue`, "must set either a target value for metric or a per-pod target")
}

function* validateIdentifier(metric: Loose<MetricIdentifier> | undefined, path: string): Findings {
  yield* text(isPathSegment)(metric?.name, `${path}.name`)
  yield* validateLabelSelector(metric?.selector, `${path}.selector`)
}

function* validateTarget(target: Loose<MetricTarget> | undefined, path: string): Findings {
  const { type = "", averageUtilization, averageValue, value } = target ?? {}
  if (type === "") yield required(`${path}.type`, "must specify a metric target type")
  else if (!["AverageValue", "Utilization", "Value"].includes(type))
    yield invalid(`${path}.type`, type, "must be either Utilization, Value, or AverageValue")
  const positive = (key: string, amount: string | undefined): ReadonlyArray<FieldError> =>
    amount !== undefined && compareQuantity(amount, "0") <= 0 ? [invalid(`${path}.${key}`, amount, "must be positive")] : []
  yield* positive("value", value)
  if (averageUtilization !== undefined && averageUtilization < 1)
    yield invalid(`${path}.averageUtilization`, averageUtilization, "must be greater than 0")
  yield* positive("averageValue", averageValue)
}

function* validateScalingRules(rules: Loose<HPAScalingRules> | undefined, path: string): Findings {
  if (rules === undefined) return
  const { stabilizationWindowSeconds: window, selectPolicy, policies = [], tolerance } = rules
  if (window !== undefined && window < 0)
    yield invalid(`${path}.stabilizationWindowSeconds`, window, "must be greater than or equal to zero")
  if (window !== undefined && window > maxStabilizationSeconds)
    yield invalid(`${path}.stabilizationWindowSeconds`, window, `must be less than or equal to ${maxStabilizationSeconds}`)
  if (selectPolicy !== undefined && !["Disabled", "Max", "Min"].includes(selectPolicy))
    yield notSupported(`${path}.selectPolicy`, selectPolicy, ["Disabled", "Max", "Min"])
  if (policies.length === 0) yield required(`${path}.policies`, "must specify at least one Policy")
  for (const [i, { type = "", value = 0, periodSeconds = 0 }] of policies.entries()) {
    const at = `${path}.policies[${i}]`
    if (type !== "Pods" && type !== "Percent") yield notSupported(`${at}.type`, type, ["Percent", "Pods"])
    if (value <= 0) yield invalid(`${at}.value`, value, "must be greater than zero")
    if (periodSeconds <= 0) yield invalid(`${at}.periodSeconds`, periodSeconds, "must be greater than zero")
    if (periodSeconds > maxPeriodSeconds)
      yield invalid(`${at}.periodSeconds`, periodSeconds, `must be less than or equal to ${maxPeriodSeconds}`)
  }
  if (tolerance?.startsWith("-") === true) yield invalid(`${path}.tolerance`, tolerance, "must be greater or equal to zero")
}
