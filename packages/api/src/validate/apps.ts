/** Validation of workloads: Deployment, ReplicaSet, StatefulSet, DaemonSet, ReplicationController. @module */
import { forbidden, immutable, invalid, notSupported, required } from "../field-error.ts"
import { equalJson } from "../json.ts"
import { isDns1123Subdomain } from "../name.ts"
import { labelSelectorFrom, labelSelectorFromMap, matchesLabels, type Selector } from "../selector.ts"
import type { DaemonSet, Deployment, DeploymentStrategy, ReplicaSet, StatefulSet } from "../types/apps-v1.ts"
import type { PersistentVolumeClaim, PodTemplateSpec, ReplicationController } from "../types/core-v1.ts"
import type { LabelSelector } from "../types/meta-v1.ts"
import {
  breaks,
  countOrPercent,
  type Findings,
  isZero,
  type Loose,
  labels,
  mayBeOneOf,
  nonNegative,
  percentOf
} from "./findings.ts"
import { validateLabelSelector } from "./label-selector.ts"
import { validatePodTemplate } from "./pod.ts"

/** What the templates of long-running workloads may not do. */
function* validateRunningTemplate(template: Loose<PodTemplateSpec>, path: string, deadlineSentence: string): Findings {
  yield* validatePodTemplate(template, path)
  const { restartPolicy, activeDeadlineSeconds } = template.spec ?? {}
  if (restartPolicy !== undefined && restartPolicy !== "Always")
    yield notSupported(`${path}.spec.restartPolicy`, restartPolicy, ["Always"])
  if (activeDeadlineSeconds !== undefined) yield forbidden(`${path}.spec.activeDeadlineSeconds`, deadlineSentence)
}

/** A selector that is there, selects something, and selects the pods of the template. */
function* validateSelection(
  selector: Loose<LabelSelector> | undefined,
  template: Loose<PodTemplateSpec>,
  word: string
): Findings {
  const noMatch = invalid("spec.template.metadata.labels", template.metadata?.labels, noSelection)
  if (selector === undefined) {
    if (word !== "daemonset") yield required("spec.selector")
    yield noMatch
    return
  }
  const findings = [...validateLabelSelector(selector, "spec.selector")]
  yield* findings
  if (Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length === 0) {
    yield invalid("spec.selector", selector, `empty selector is invalid for ${word}`)
  }
  if (findings.length === 0) yield* validateMatch(labelSelectorFrom(selector as LabelSelector), template)
}

const noSelection = "`selector` does not match template `labels`"

/** The selector has to select the template's pods. */
export function* validateMatch(selector: Selector, template: Loose<PodTemplateSpec>): Findings {
  const given = template.metadata?.labels as Readonly<Record<string, string>> | undefined
  if (!matchesLabels(selector, given)) {
    yield invalid("spec.template.metadata.labels", given, noSelection)
  }
}

/** A Deployment, new or changed. */
export function* validateDeployment({ spec = {} }: Loose<Deployment>): Findings {
  const { template = {} } = spec
  yield* nonNegative("spec.replicas", spec.replicas)
  yield* validateSelection(spec.selector, template, "deployment")
  yield* validateRunningTemplate(template, "spec.template", "activeDeadlineSeconds in ReplicaSet is not Supported")
  yield* validateStrategy(spec.strategy ?? {}, "spec.strategy")
  yield* nonNegative("spec.minReadySeconds", spec.minReadySeconds)
  yield* nonNegative("spec.revisionHistoryLimit", spec.revisionHistoryLimit)
  yield* nonNegative("spec.progressDeadlineSeconds", spec.progressDeadlineSeconds)
  if (spec.progressDeadlineSeconds !== undefined && spec.progressDeadlineSeconds <= (spec.minReadySeconds ?? 0)) {
    yield invalid("spec.progressDeadlineSeconds", spec.progressDeadlineSeconds, "must be greater than minReadySeconds")
  }
}

function* validateStrategy(strategy: Loose<DeploymentStrategy>, path: string): Findings {
  const { type, rollingUpdate } = strategy
  if (type === "Recreate") {
    if (rollingUpdate !== undefined) {
      yield forbidden(`${path}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'")
    }
  } else if (type !== "RollingUpdate") {
    yield notSupported(path, strategy, ["Recreate", "RollingUpdate"])
  } else if (rollingUpdate === undefined) {
    yield required(`${path}.rollingUpdate`, "this should be defaulted and never be nil")
  } else {
    yield* validateRolling(rollingUpdate, `${path}.rollingUpdate`)
  }
}

function* validateRolling(
  { maxUnavailable, maxSurge }: { maxUnavailable?: number | string | undefined; maxSurge?: number | string | undefined },
  path: string
): Findings {
  yield* countOrPercent(`${path}.maxUnavailable`, maxUnavailable)
  yield* countOrPercent(`${path}.maxSurge`, maxSurge)
  if (isZero(maxUnavailable) && isZero(maxSurge)) {
    yield invalid(`${path}.maxUnavailable`, maxUnavailable, "may not be 0 when `maxSurge` is 0")
  }
  if ((percentOf(maxUnavailable) ?? 0) > 100)
    yield invalid(`${path}.maxUnavailable`, maxUnavailable, "must not be greater than 100%")
}

/** Which pods are meant never changes. */
export function* validateSelectorUnchanged(
  object: { readonly spec?: { readonly selector?: unknown } | undefined },
  old: { readonly spec?: { readonly selector?: unknown } | undefined }
): Findings {
  if (!equalJson(object.spec?.selector, old.spec?.selector)) yield immutable("spec.selector", object.spec?.selector)
}

/** A ReplicaSet, new or changed. */
export function* validateReplicaSet({ spec = {} }: Loose<ReplicaSet>): Findings {
  yield* nonNegative("spec.replicas", spec.replicas)
  yield* nonNegative("spec.minReadySeconds", spec.minReadySeconds)
  yield* validateSelection(spec.selector, spec.template ?? {}, "deployment")
  yield* validateRunningTemplate(spec.template ?? {}, "spec.template", "activeDeadlineSeconds in ReplicaSet is not Supported")
}

/** A DaemonSet, new or changed. */
export function* validateDaemonSet({ spec = {} }: Loose<DaemonSet>): Findings {
  yield* validateSelection(spec.selector, spec.template ?? {}, "daemonset")
  yield* validateRunningTemplate(spec.template ?? {}, "spec.template", "activeDeadlineSeconds in DaemonSet is not Supported")
  yield* nonNegative("spec.minReadySeconds", spec.minReadySeconds)
  yield* nonNegative("spec.revisionHistoryLimit", spec.revisionHistoryLimit)
  const { type, rollingUpdate } = spec.updateStrategy ?? {}
  if (type === "RollingUpdate") {
    if (rollingUpdate === undefined) yield required("spec.updateStrategy.rollingUpdate")
    else yield* validateRolling(rollingUpdate, "spec.updateStrategy.rollingUpdate")
  } else if (type !== "OnDelete") {
    yield notSupported("spec.updateStrategy", spec.updateStrategy, ["OnDelete", "RollingUpdate"])
  }
}

/** The template with a volume for every claim, which its containers may mount; a claim comes in place of a volume of its name. */
const withClaims = (
  template: Loose<PodTemplateSpec>,
  claims: ReadonlyArray<Loose<PersistentVolumeClaim>>
): Loose<PodTemplateSpec> => {
  const { volumes = [] } = template.spec ?? {}
  const names = claims.map(({ metadata }) => metadata?.name).filter((name) => !volumes.some((volume) => volume.name === name))
  if (names.length === 0 || template.spec === undefined) return template
  const claimed = names.map((name) => ({ name, persistentVolumeClaim: { claimName: name } }))
  return { ...template, spec: { ...template.spec, volumes: [...volumes, ...claimed] } }
}

/** A StatefulSet, new or changed. */
export function* validateStatefulSet({ spec = {} }: Loose<StatefulSet>): Findings {
  const { podManagementPolicy = "", updateStrategy = {} } = spec
  if (podManagementPolicy === "") yield required("spec.podManagementPolicy")
  else if (podManagementPolicy !== "OrderedReady" && podManagementPolicy !== "Parallel") {
    yield invalid("spec.podManagementPolicy", podManagementPolicy, "must be 'OrderedReady' or 'Parallel'")
  }
  if (updateStrategy.type === "OnDelete" && updateStrategy.rollingUpdate !== undefined) {
    yield invalid(
      "spec.updateStrategy.rollingUpdate",
      updateStrategy.rollingUpdate,
      "only allowed for updateStrategy 'RollingUpdate'"
    )
  } else if (updateStrategy.type === undefined) {
    yield required("spec.updateStrategy")
  } else if (updateStrategy.type !== "OnDelete" && updateStrategy.type !== "RollingUpdate") {
    yield invalid("spec.updateStrategy", updateStrategy, "must be 'RollingUpdate' or 'OnDelete'")
  }
  yield* nonNegative("spec.updateStrategy.rollingUpdate.partition", updateStrategy.rollingUpdate?.partition)
  yield* nonNegative("spec.replicas", spec.replicas)
  yield* nonNegative("spec.minReadySeconds", spec.minReadySeconds)
  yield* nonNegative("spec.ordinals.start", spec.ordinals?.start)
  yield* nonNegative("spec.revisionHistoryLimit", spec.revisionHistoryLimit)
  if (updateStrategy.rollingUpdate?.maxUnavailable !== undefined) {
    const at = "spec.updateStrategy.rollingUpdate.maxUnavailable"
    yield* countOrPercent(at, updateStrategy.rollingUpdate.maxUnavailable)
    if (isZero(updateStrategy.rollingUpdate.maxUnavailable))
      yield invalid(at, updateStrategy.rollingUpdate.maxUnavailable, "cannot be 0")
  }
  for (const key of ["whenDeleted", "whenScaled"] as const)
    yield* mayBeOneOf(`spec.persistentVolumeClaimRetentionPolicy.${key}`, spec.persistentVolumeClaimRetentionPolicy?.[key], [
      "Retain",
      "Delete"
    ])
  if ((spec.serviceName ?? "") !== "")
    yield* breaks("spec.serviceName", spec.serviceName, isDns1123Subdomain(spec.serviceName ?? ""))
  yield* validateSelection(spec.selector, spec.template ?? {}, "statefulset")
  const template = withClaims(spec.template ?? {}, spec.volumeClaimTemplates ?? [])
  yield* validateRunningTemplate(template, "spec.template", "activeDeadlineSeconds in StatefulSet is not Supported")
}

const changeableOfStatefulSet = [
  "replicas",
  "ordinals",
  "template",
  "updateStrategy",
  "revisionHistoryLimit",
  "persistentVolumeClaimRetentionPolicy",
  "minReadySeconds"
]

/** Most of a StatefulSet's spec is for life. */
export function* validateStatefulSetUpdate(set: Loose<StatefulSet>, old: Loose<StatefulSet>): Findings {
  const fixed = (spec: object): object =>
    Object.fromEntries(Object.entries(spec).filter(([key]) => !changeableOfStatefulSet.includes(key)))
  if (equalJson(fixed(set.spec ?? {}), fixed(old.spec ?? {}))) return
  const names = changeableOfStatefulSet.map((name) => `'${name}'`)
  const list = `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`
  yield forbidden("spec", `updates to statefulset spec for fields other than ${list} are forbidden`)
}

/** A ReplicationController, new or changed. */
export function* validateReplicationController({ spec = {} }: Loose<ReplicationController>): Findings {
  const { selector = {}, template } = spec
  yield* nonNegative("spec.minReadySeconds", spec.minReadySeconds)
  yield* labels("spec.selector", selector)
  if (Object.keys(selector).length === 0) yield required("spec.selector")
  yield* nonNegative("spec.replicas", spec.replicas)
  if (template === undefined) {
    yield required("spec.template")
    return
  }
  if (Object.keys(selector).length > 0)
    yield* validateMatch(labelSelectorFromMap(selector as Readonly<Record<string, string>>), template)
  yield* validateRunningTemplate(template, "spec.template", "activeDeadlineSeconds in ReplicationController is not Supported")
}
