/** The pod of a DaemonSet for one node: placed by its affinity, so that the scheduler still has the last word. Pure. @module */
import { type DaemonSet, daemonsets } from "@tsukube/api/apps-v1"
import type { Affinity, Pod, Toleration } from "@tsukube/api/core-v1"
import { revisionLabel } from "../controller-revision/plan.ts"
import { annotationOf, nameOf } from "../object.ts"
import { podFrom } from "../pod-template.ts"

const generationAnnotation = "deprecated.daemonset.template.generation"
const generationLabel = "pod-template-generation"

const exists = (name: string, effect: "NoExecute" | "NoSchedule"): Toleration => ({
  key: `node.kubernetes.io/${name}`,
  operator: "Exists",
  effect
})

/** Daemons look after nodes: they stay on ones that are ill, and come to ones that take no other pods. */
const automatic: ReadonlyArray<Toleration> = [
  exists("not-ready", "NoExecute"),
  exists("unreachable", "NoExecute"),
  exists("disk-pressure", "NoSchedule"),
  exists("memory-pressure", "NoSchedule"),
  exists("pid-pressure", "NoSchedule"),
  exists("unschedulable", "NoSchedule")
]

const isSame = (left: Toleration, right: Toleration): boolean =>
  left.key === right.key &&
  left.effect === right.effect &&
  left.operator === right.operator &&
  (left.value ?? "") === (right.value ?? "")

/** The template's tolerations, and those of every daemon. */
export const tolerationsOf = (daemonSet: DaemonSet): ReadonlyArray<Toleration> => {
  const { tolerations = [], hostNetwork } = daemonSet.spec?.template.spec ?? {}
  const more = hostNetwork === true ? [...automatic, exists("network-unavailable", "NoSchedule")] : automatic
  const given = tolerations.filter((one) => !more.some((other) => isSame(one, other)))
  return [...given, ...more]
}

const nameTerm = (node: string) => ({ matchFields: [{ key: "metadata.name", operator: "In" as const, values: [node] }] })

/** Nothing else may be required: the node was chosen by what the template requires. */
const boundTo = (affinity: Affinity | undefined, node: string): Affinity => ({
  ...affinity,
  nodeAffinity: {
    ...affinity?.nodeAffinity,
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [nameTerm(node)] }
  }
})

/** The node a daemon pod is on or is meant for; undefined when it is meant for none. */
export const nodeOf = ({ spec }: Pod): string | undefined => {
  if (spec?.nodeName) return spec.nodeName
  const terms = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  const field = terms.flatMap(({ matchFields = [] }) => matchFields).find(({ key }) => key === "metadata.name")
  return field?.operator === "In" && field.values?.length === 1 ? field.values[0] : undefined
}

/** True for pods of the current template: by their revision, or by its number in pods of older controllers. */
export const isUpdated = (daemonSet: DaemonSet, hashes: ReadonlySet<string>, { metadata }: Pod): boolean => {
  const generation = annotationOf(daemonSet, generationAnnotation)
  return (
    hashes.has(metadata?.labels?.[revisionLabel] ?? "") ||
    (generation !== undefined && metadata?.labels?.[generationLabel] === generation)
  )
}

/** The pod for a node. */
export const podOf = (daemonSet: DaemonSet, node: string, hash: string): Pod => {
  const pod = podFrom(daemonSet.spec?.template, daemonSet, daemonsets)
  const generation = annotationOf(daemonSet, generationAnnotation)
  const labels = {
    ...pod.metadata?.labels,
    [revisionLabel]: hash,
    ...(generation === undefined ? {} : { [generationLabel]: generation })
  }
  return {
    ...pod,
    metadata: { ...pod.metadata, generateName: `${nameOf(daemonSet)}-`, labels },
    spec: { containers: [], ...pod.spec, tolerations: tolerationsOf(daemonSet), affinity: boundTo(pod.spec?.affinity, node) }
  }
}
