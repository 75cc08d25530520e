/** HorizontalPodAutoscalers are stored as autoscaling/v2; autoscaling/v1 shows the CPU target and keeps the rest in annotations. @module */
import type { KubernetesObject } from "@tsukube/api"
import type { HorizontalPodAutoscaler as AutoscalerV1 } from "@tsukube/api/autoscaling-v1"
import type { HorizontalPodAutoscaler, MetricSpec, MetricStatus } from "@tsukube/api/autoscaling-v2"

const metricsKey = "autoscaling.alpha.kubernetes.io/metrics"
const currentMetricsKey = "autoscaling.alpha.kubernetes.io/current-metrics"
const conditionsKey = "autoscaling.alpha.kubernetes.io/conditions"
const behaviorKey = "autoscaling.alpha.kubernetes.io/behavior"

const isCpuTarget = (metric: MetricSpec): boolean =>
  metric.resource?.name === "cpu" && metric.resource.target.averageUtilization !== undefined

const isCpuStatus = (metric: MetricStatus): boolean =>
  metric.resource?.name === "cpu" && metric.resource.current.averageUtilization !== undefined

const read = <T>(text: string | undefined): T | undefined => {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as T
  } catch {
    // A hand-written annotation that is no JSON is dropped, as upstream drops it.
    return undefined
  }
}

/** What autoscaling/v1 shows of a stored autoscaler. */
export const horizontalPodAutoscalerToV1 = (object: KubernetesObject): KubernetesObject => {
  const { metadata, spec, status } = object as HorizontalPodAutoscaler
  const cpu = spec.metrics?.find(isCpuTarget)?.resource?.target.averageUtilization
  const currentCpu = status?.currentMetrics?.find(isCpuStatus)?.resource?.current.averageUtilization
  const otherMetrics = spec.metrics?.filter((metric) => !isCpuTarget(metric)) ?? []
  const otherCurrent = status?.currentMetrics?.filter((metric) => !isCpuStatus(metric)) ?? []
  const annotations = {
    ...metadata?.annotations,
    ...(otherMetrics.length > 0 ? { [metricsKey]: JSON.stringify(otherMetrics) } : {}),
    ...(otherCurrent.length > 0 ? { [currentMetricsKey]: JSON.stringify(otherCurrent) } : {}),
    ...(status?.conditions === undefined ? {} : { [conditionsKey]: JSON.stringify(status.conditions) }),
    ...(spec.behavior === undefined ? {} : { [behaviorKey]: JSON.stringify(spec.behavior) })
  }
  const { metrics: _metrics, behavior: _behavior, ...keptSpec } = spec
  const shown: AutoscalerV1 = {
    kind: "HorizontalPodAutoscaler",
    apiVersion: "autoscaling/v1",
    metadata: { ...metadata, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) },
    spec: { ...keptSpec, ...(cpu === undefined ? {} : { targetCPUUtilizationPercentage: cpu }) },
    ...(status === undefined ? {} : { status: statusToV1(status, currentCpu) })
  }
  return shown
}

const statusToV1 = (
  status: NonNullable<HorizontalPodAutoscaler["status"]>,
  currentCpu: number | undefined
): NonNullable<AutoscalerV1["status"]> => {
  const { conditions: _conditions, currentMetrics: _metrics, ...kept } = status
  return {
    ...kept,
    currentReplicas: status.currentReplicas ?? 0,
    ...(currentCpu === undefined ? {} : { currentCPUUtilizationPercentage: currentCpu })
  }
}

/** An autoscaling/v1 autoscaler as it is stored: the annotations become fields again. */
export const horizontalPodAutoscalerToV2 = (object: KubernetesObject): KubernetesObject => {
  const { metadata, spec, status } = object as AutoscalerV1
  const annotations = { ...metadata?.annotations }
  const take = <T>(key: string): T | undefined => {
    const value = read<T>(annotations[key])
    delete annotations[key]
    return value
  }
  const metrics = take<ReadonlyArray<MetricSpec>>(metricsKey) ?? []
  const currentMetrics = take<ReadonlyArray<MetricStatus>>(currentMetricsKey) ?? []
  const conditions = take<NonNullable<NonNullable<HorizontalPodAutoscaler["status"]>["conditions"]>>(conditionsKey)
  const behavior = take<NonNullable<HorizontalPodAutoscaler["spec"]["behavior"]>>(behaviorKey)
  const { targetCPUUtilizationPercentage: cpu, ...keptSpec } = spec ?? { maxReplicas: 0, scaleTargetRef: { kind: "", name: "" } }
  const { annotations: _annotations, ...keptMetadata } = metadata ?? {}
  const cpuMetric: ReadonlyArray<MetricSpec> =
    cpu === undefined
      ? []
      : [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: cpu } } }]
  const allMetrics = [...metrics, ...cpuMetric]
  const taken: HorizontalPodAutoscaler = {
    kind: "HorizontalPodAutoscaler",
    apiVersion: "autoscaling/v2",
    metadata: { ...keptMetadata, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) },
    spec: {
      ...keptSpec,
      ...(allMetrics.length > 0 ? { metrics: allMetrics } : {}),
      ...(behavior === undefined ? {} : { behavior })
    },
    ...(status === undefined
      ? {}
      : {
          status: {
            currentReplicas: status.currentReplicas,
            desiredReplicas: status.desiredReplicas,
            ...(status.lastScaleTime === undefined ? {} : { lastScaleTime: status.lastScaleTime }),
            ...(status.observedGeneration === undefined ? {} : { observedGeneration: status.observedGeneration }),
            ...(conditions === undefined ? {} : { conditions }),
            ...(currentMetrics.length === 0 && status.currentCPUUtilizationPercentage === undefined
              ? {}
              : { currentMetrics: [...currentMetrics, ...cpuStatus(status.currentCPUUtilizationPercentage)] })
          }
        })
  }
  return taken
}

const cpuStatus = (averageUtilization: number | undefined): ReadonlyArray<MetricStatus> =>
  averageUtilization === undefined ? [] : [{ type: "Resource", resource: { name: "cpu", current: { averageUtilization } } }]
