/** Defaults of autoscaling/v2 and v1. @module */
import type { HorizontalPodAutoscaler as HorizontalPodAutoscalerV1 } from "../types/autoscaling-v1.ts"
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerBehavior, MetricSpec } from "../types/autoscaling-v2.ts"
import { change, fill, maybe } from "./fill.ts"
import { type DefaultsTable, kind } from "./table.ts"

const metricsAnnotation = "autoscaling.alpha.kubernetes.io/metrics"
const cpuAt80: MetricSpec = {
  type: "Resource",
  resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } }
}

const defaultAutoscaler = (autoscaler: HorizontalPodAutoscaler): HorizontalPodAutoscaler =>
  change(autoscaler, {
    spec: maybe(autoscaler.spec, (spec) =>
      change(fill(spec, { minReplicas: 1, metrics: [cpuAt80] }), { behavior: maybe(spec.behavior, defaultBehavior) })
    )
  })

/** Only filled in when a part of it is given: an absent behavior is the controller's to choose. */
const defaultBehavior = (behavior: HorizontalPodAutoscalerBehavior): HorizontalPodAutoscalerBehavior =>
  change(behavior, {
    scaleUp: fill(behavior.scaleUp ?? {}, {
      stabilizationWindowSeconds: 0,
      selectPolicy: "Max",
      policies: [
        { type: "Pods", value: 4, periodSeconds: 15 },
        { type: "Percent", value: 100, periodSeconds: 15 }
      ]
    }),
    scaleDown: fill(behavior.scaleDown ?? {}, {
      selectPolicy: "Max",
      policies: [{ type: "Percent", value: 100, periodSeconds: 15 }]
    })
  })

const defaultAutoscalerV1 = (autoscaler: HorizontalPodAutoscalerV1): HorizontalPodAutoscalerV1 =>
  change(autoscaler, {
    spec: maybe(autoscaler.spec, (spec) =>
      fill(spec, {
        minReplicas: 1,
        // Metrics of the newer version travel in an annotation, and then there is a metric already.
        targetCPUUtilizationPercentage: autoscaler.metadata?.annotations?.[metricsAnnotation] === undefined ? 80 : undefined
      })
    )
  })

export const autoscaling: DefaultsTable = { HorizontalPodAutoscaler: kind(defaultAutoscaler) }

export const autoscalingV1: DefaultsTable = { HorizontalPodAutoscaler: kind(defaultAutoscalerV1) }
