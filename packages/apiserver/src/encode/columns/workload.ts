/** How the kinds that make pods are shown. @module */
import { isConditionTrue } from "@tsukube/api"
import type { ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet } from "@tsukube/api/apps-v1"
import type { HorizontalPodAutoscaler as HorizontalPodAutoscalerV1 } from "@tsukube/api/autoscaling-v1"
import type {
  HorizontalPodAutoscaler,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus
} from "@tsukube/api/autoscaling-v2"
import type { CronJob, Job } from "@tsukube/api/batch-v1"
import type { PodTemplate, ReplicationController } from "@tsukube/api/core-v1"
import type { PodDisruptionBudget } from "@tsukube/api/policy-v1"
import {
  ageColumn,
  containerColumns,
  flag,
  formatLabels,
  formatSelector,
  nameColumn,
  none,
  number,
  orNone,
  type Printer,
  printer,
  text,
  wide
} from "../column.ts"
import { humanDuration, since } from "../duration.ts"

export const deploymentPrinter: Printer = printer<Deployment>([
  nameColumn,
  text("Ready", ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`),
  text("Up-to-date", ({ status }) => status?.updatedReplicas ?? 0),
  text("Available", ({ status }) => status?.availableReplicas ?? 0),
  ageColumn,
  ...containerColumns<Deployment>(({ spec }) => spec),
  wide(text("Selector", ({ spec }) => formatSelector(spec?.selector)))
])

export const replicaSetPrinter: Printer = printer<ReplicaSet>([
  nameColumn,
  number("Desired", ({ spec }) => spec?.replicas ?? 0),
  number("Current", ({ status }) => status?.replicas ?? 0),
  number("Ready", ({ status }) => status?.readyReplicas ?? 0),
  ageColumn,
  ...containerColumns<ReplicaSet>(({ spec }) => spec),
  wide(text("Selector", ({ spec }) => formatSelector(spec?.selector)))
])

export const replicationControllerPrinter: Printer = printer<ReplicationController>([
  nameColumn,
  number("Desired", ({ spec }) => spec?.replicas ?? 0),
  number("Current", ({ status }) => status?.replicas ?? 0),
  number("Ready", ({ status }) => status?.readyReplicas ?? 0),
  ageColumn,
  ...containerColumns<ReplicationController>(({ spec }) => spec),
  wide(text("Selector", ({ spec }) => formatLabels(spec?.selector)))
])

export const statefulSetPrinter: Printer = printer<StatefulSet>([
  nameColumn,
  text("Ready", ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`),
  ageColumn,
  ...containerColumns<StatefulSet>(({ spec }) => spec)
])

export const daemonSetPrinter: Printer = printer<DaemonSet>([
  nameColumn,
  number("Desired", ({ status }) => status?.desiredNumberScheduled ?? 0),
  number("Current", ({ status }) => status?.currentNumberScheduled ?? 0),
  number("Ready", ({ status }) => status?.numberReady ?? 0),
  number("Up-to-date", ({ status }) => status?.updatedNumberScheduled ?? 0),
  number("Available", ({ status }) => status?.numberAvailable ?? 0),
  text("Node Selector", ({ spec }) => formatLabels(spec?.template.spec?.nodeSelector)),
  ageColumn,
  ...containerColumns<DaemonSet>(({ spec }) => spec),
  wide(text("Selector", ({ spec }) => formatSelector(spec?.selector)))
])

export const controllerRevisionPrinter: Printer = printer<ControllerRevision>([
  nameColumn,
  text("Controller", ({ metadata }) => {
    const owner = metadata?.ownerReferences?.find(({ controller }) => controller === true)
    if (owner === undefined) return none
    const group = owner.apiVersion.includes("/") ? `.${owner.apiVersion.split("/")[0]}` : ""
    return `${owner.kind.toLowerCase()}${group}/${owner.name}`
  }),
  text("Revision", ({ revision }) => revision),
  ageColumn
])

const jobStatus = ({ metadata, status }: Job): string => {
  const is = (type: string) => isConditionTrue(status?.conditions, type)
  if (is("Complete")) return "Complete"
  if (is("Failed")) return "Failed"
  if (metadata?.deletionTimestamp !== undefined) return "Terminating"
  for (const type of ["Suspended", "FailureTarget", "SuccessCriteriaMet"]) if (is(type)) return type
  return "Running"
}

const completions = ({ spec, status }: Job): string => {
  const done = status?.succeeded ?? 0
  if (spec?.completions !== undefined) return `${done}/${spec.completions}`
  const parallel = spec?.parallelism ?? 0
  return parallel > 1 ? `${done}/1 of ${parallel}` : `${done}/1`
}

const jobDuration = ({ status }: Job, now: number): string => {
  if (status?.startTime === undefined) return ""
  const end = status.completionTime === undefined ? now : Date.parse(status.completionTime)
  return humanDuration(end - Date.parse(status.startTime))
}

export const jobPrinter: Printer = printer<Job>([
  nameColumn,
  text("Status", jobStatus),
  text("Completions", completions),
  text("Duration", jobDuration),
  ageColumn,
  ...containerColumns<Job>(({ spec }) => spec),
  wide(text("Selector", ({ spec }) => formatSelector(spec?.selector)))
])

export const cronJobPrinter: Printer = printer<CronJob>([
  nameColumn,
  text("Schedule", ({ spec }) => spec?.schedule ?? ""),
  text("Timezone", ({ spec }) => orNone(spec?.timeZone)),
  flag("Suspend", ({ spec }) => (spec?.suspend === true ? "True" : spec?.suspend === false ? "False" : "<unset>")),
  number("Active", ({ status }) => status?.active?.length ?? 0),
  text("Last Schedule", ({ status }, now) =>
    status?.lastScheduleTime === undefined ? none : since(status.lastScheduleTime, now)
  ),
  ageColumn,
  ...containerColumns<CronJob>(({ spec }) => spec?.jobTemplate.spec),
  wide(text("Selector", ({ spec }) => formatSelector(spec?.jobTemplate.spec?.selector)))
])

export const podTemplatePrinter: Printer = printer<PodTemplate>([
  nameColumn,
  text("Containers", ({ template }) => (template?.spec?.containers ?? []).map(({ name }) => name).join(",")),
  text("Images", ({ template }) => (template?.spec?.containers ?? []).map(({ image }) => image ?? "").join(",")),
  text("Pod Labels", ({ template }) => formatLabels(template?.metadata?.labels))
])

export const podDisruptionBudgetPrinter: Printer = printer<PodDisruptionBudget>([
  nameColumn,
  text("Min Available", ({ spec }) => String(spec?.minAvailable ?? "N/A")),
  text("Max Unavailable", ({ spec }) => String(spec?.maxUnavailable ?? "N/A")),
  number("Allowed Disruptions", ({ status }) => status?.disruptionsAllowed ?? 0),
  ageColumn
])

const targetText = (target: MetricTarget | undefined, current: MetricValueStatus | undefined): string => {
  if (target?.averageUtilization !== undefined) {
    const now = current?.averageUtilization
    return `${now === undefined ? "<unknown>" : `${now}%`}/${target.averageUtilization}%`
  }
  if (target?.averageValue !== undefined) return `${current?.averageValue ?? "<unknown>"}/${target.averageValue}`
  return `${current?.value ?? "<unknown>"}/${target?.value ?? "<auto>"}`
}

const metricText = (spec: MetricSpec, status: MetricStatus | undefined): string => {
  switch (spec.type) {
    case "Resource":
      return `${spec.resource?.name}: ${targetText(spec.resource?.target, status?.resource?.current)}`
    case "ContainerResource":
      return `${spec.containerResource?.name}: ${targetText(spec.containerResource?.target, status?.containerResource?.current)}`
    case "Pods":
      return targetText(spec.pods?.target, status?.pods?.current)
    case "Object":
      return `${targetText(spec.object?.target, status?.object?.current)}${spec.object?.target.averageValue === undefined ? "" : " (avg)"}`
    case "External":
      return `${targetText(spec.external?.target, status?.external?.current)}${spec.external?.target.averageValue === undefined ? "" : " (avg)"}`
    default:
      return "<unknown type>"
  }
}

const metricsText = ({ spec, status }: HorizontalPodAutoscaler): string => {
  const metrics = spec?.metrics ?? []
  if (metrics.length === 0) return none
  const shown = metrics.slice(0, 2).map((metric, index) => metricText(metric, status?.currentMetrics?.[index]))
  return metrics.length > 2 ? `${shown.join(", ")} + ${metrics.length - 2} more...` : shown.join(", ")
}

export const horizontalPodAutoscalerPrinter: Printer = printer<HorizontalPodAutoscaler>([
  nameColumn,
  text("Reference", ({ spec }) => `${spec?.scaleTargetRef.kind}/${spec?.scaleTargetRef.name}`),
  text("Targets", metricsText),
  text("MinPods", ({ spec }) => String(spec?.minReplicas ?? "<unset>")),
  text("MaxPods", ({ spec }) => spec?.maxReplicas ?? 0),
  text("Replicas", ({ status }) => status?.currentReplicas ?? 0),
  ageColumn
])

export const horizontalPodAutoscalerV1Printer: Printer = printer<HorizontalPodAutoscalerV1>([
  nameColumn,
  text("Reference", ({ spec }) => `${spec?.scaleTargetRef.kind}/${spec?.scaleTargetRef.name}`),
  text("Targets", ({ spec, status }) => {
    const target = spec?.targetCPUUtilizationPercentage
    if (target === undefined) return none
    const current = status?.currentCPUUtilizationPercentage
    return `cpu: ${current === undefined ? "<unknown>" : `${current}%`}/${target}%`
  }),
  text("MinPods", ({ spec }) => String(spec?.minReplicas ?? "<unset>")),
  text("MaxPods", ({ spec }) => spec?.maxReplicas ?? 0),
  text("Replicas", ({ status }) => status?.currentReplicas ?? 0),
  ageColumn
])
