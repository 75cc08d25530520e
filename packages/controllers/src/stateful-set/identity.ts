/** Names, numbers and volumes that a pod of a StatefulSet keeps for life. Pure. @module */
import { type StatefulSet, statefulsets } from "@tsukube/api/apps-v1"
import type { Pod, PodTemplateSpec, Volume } from "@tsukube/api/core-v1"
import { revisionLabel } from "../controller-revision/plan.ts"
import { nameOf } from "../object.ts"
import { podFrom } from "../pod-template.ts"
import { claimName } from "./claims.ts"

const nameLabel = "statefulset.kubernetes.io/pod-name"
const indexLabel = "apps.kubernetes.io/pod-index"

/** The first number, which need not be 0. */
export const startOf = ({ spec }: StatefulSet): number => spec?.ordinals?.start ?? 0

/** How many pods are wanted. */
export const replicasOf = ({ spec }: StatefulSet): number => spec?.replicas ?? 1

/** The number of a pod, or undefined where its name is not one that the set gives. */
export const ordinalOf = (set: StatefulSet, pod: Pod): number | undefined => {
  const prefix = `${nameOf(set)}-`
  const name = nameOf(pod)
  const digits = name.slice(prefix.length)
  return name.startsWith(prefix) && /^(0|[1-9]\d{0,9})$/.test(digits) ? Number(digits) : undefined
}

/** The revision a pod was made of. */
export const revisionOf = ({ metadata }: Pod): string => metadata?.labels?.[revisionLabel] ?? ""

/** The labels that say which pod of the set it is. */
export const identityLabels = (set: StatefulSet, ordinal: number): Readonly<Record<string, string>> => ({
  [nameLabel]: `${nameOf(set)}-${ordinal}`,
  [indexLabel]: String(ordinal)
})

/** True when the pod carries its name in a label, as Services of single pods select it. */
export const hasIdentity = ({ metadata }: Pod): boolean => metadata?.labels?.[nameLabel] === metadata?.name

/** The volumes with those of the set's claims in place of any of the same name. */
export const volumesOf = (set: StatefulSet, ordinal: number, given: ReadonlyArray<Volume>): ReadonlyArray<Volume> => {
  const templates = set.spec?.volumeClaimTemplates ?? []
  const names = new Set(templates.map(nameOf))
  const claimed = templates.map((template) => ({
    name: nameOf(template),
    persistentVolumeClaim: { claimName: claimName(set, template, ordinal) }
  }))
  return [...claimed, ...given.filter(({ name }) => !names.has(name))]
}

/** True when the pod mounts the set's claims under their names. */
export const hasStorage = (set: StatefulSet, ordinal: number, pod: Pod): boolean =>
  (set.spec?.volumeClaimTemplates ?? []).every((template) =>
    (pod.spec?.volumes ?? []).some(
      ({ name, persistentVolumeClaim }) =>
        name === nameOf(template) && persistentVolumeClaim?.claimName === claimName(set, template, ordinal)
    )
  )

/** A template and the name of the revision that keeps it. */
export interface Revised {
  readonly name: string
  readonly template: PodTemplateSpec
}

/** The pod of this number and revision. */
export const podOf = (set: StatefulSet, { name: revision, template }: Revised, ordinal: number): Pod => {
  const pod = podFrom(template, set, statefulsets)
  const name = `${nameOf(set)}-${ordinal}`
  const volumes = volumesOf(set, ordinal, pod.spec?.volumes ?? [])
  const subdomain = set.spec?.serviceName ?? ""
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      name,
      labels: { ...pod.metadata?.labels, ...identityLabels(set, ordinal), [revisionLabel]: revision }
    },
    spec: {
      containers: [],
      ...pod.spec,
      hostname: name,
      ...(subdomain === "" ? {} : { subdomain }),
      ...(volumes.length === 0 ? {} : { volumes })
    }
  }
}
