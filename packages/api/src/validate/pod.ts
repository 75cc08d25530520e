/** Validation of pods and pod templates, new and changed. @module */
import { forbidden, invalid } from "../field-error.ts"
import { equalJson } from "../json.ts"
import { isDns1123Label, isDns1123Subdomain } from "../name.ts"
import type { Container, Pod, PodSecurityContext, PodSpec, PodTemplate, PodTemplateSpec, Toleration } from "../types/core-v1.ts"
import { validateContainers } from "./container.ts"
import { breaks, type Findings, type Loose, labels, mayBeOneOf, mayHaveForm, needs, needsOneOf, within } from "./findings.ts"
import { isIp } from "./ip.ts"
import { validateAnnotations } from "./metadata.ts"
import { validatePlacement } from "./placement.ts"
import { validateResources } from "./resources.ts"
import { validateVolumes } from "./volume.ts"

const maxInt32 = 2 ** 31 - 1

/** A pod that is about to be created. */
export function* validatePod(pod: Loose<Pod>): Findings {
  yield* validatePodSpec(pod.spec ?? {}, "spec")
  if ((pod.spec?.ephemeralContainers ?? []).length > 0) yield forbidden("spec.ephemeralContainers", "cannot be set on create")
}

/** A template; `path` is where it stands, such as `spec.template`. Upstream leaves `metadata` out of these paths. */
export function* validatePodTemplate(template: Loose<PodTemplateSpec>, path: string): Findings {
  yield* labels(`${path}.labels`, template.metadata?.labels)
  yield* validateAnnotations(template.metadata?.annotations, `${path}.annotations`)
  yield* validatePodSpec(template.spec ?? {}, `${path}.spec`)
  if ((template.spec?.ephemeralContainers ?? []).length > 0) {
    yield forbidden(`${path}.spec.ephemeralContainers`, "ephemeral containers not allowed in pod template")
  }
}

/** A PodTemplate, new or changed. */
export function* validatePodTemplateObject({ template = {} }: Loose<PodTemplate>): Findings {
  yield* validatePodTemplate(template, "template")
}

/** The spec of a pod or a template. */
export function* validatePodSpec(spec: Loose<PodSpec>, path: string): Findings {
  yield* validateVolumes(spec.volumes ?? [], `${path}.volumes`)
  yield* validateContainers(spec, path)
  yield* validateResources(spec.resources, `${path}.resources`)
  yield* needsOneOf(`${path}.restartPolicy`, spec.restartPolicy, ["Always", "OnFailure", "Never"])
  yield* needsOneOf(`${path}.dnsPolicy`, spec.dnsPolicy, ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"])
  yield* validateSecurity(spec.securityContext, `${path}.securityContext`)
  for (const [i, { name }] of (spec.imagePullSecrets ?? []).entries()) yield* needs(`${path}.imagePullSecrets[${i}].name`, name)
  yield* validatePlacement(spec, path)
  yield* mayHaveForm(`${path}.serviceAccountName`, spec.serviceAccountName, isDns1123Subdomain)
  yield* mayHaveForm(`${path}.nodeName`, spec.nodeName, isDns1123Subdomain)
  yield* mayHaveForm(`${path}.hostname`, spec.hostname, isDns1123Label)
  yield* mayHaveForm(`${path}.subdomain`, spec.subdomain, isDns1123Label)
  yield* mayHaveForm(`${path}.priorityClassName`, spec.priorityClassName, isDns1123Subdomain)
  yield* mayHaveForm(`${path}.runtimeClassName`, spec.runtimeClassName, isDns1123Subdomain)
  yield* within(`${path}.activeDeadlineSeconds`, spec.activeDeadlineSeconds, 1, maxInt32)
  yield* mayBeOneOf(`${path}.preemptionPolicy`, spec.preemptionPolicy, ["Never", "PreemptLowerPriority"])
  yield* mayBeOneOf(`${path}.os.name`, spec.os?.name, ["linux", "windows"])
  for (const [i, { ip = "", hostnames = [] }] of (spec.hostAliases ?? []).entries()) {
    const at = `${path}.hostAliases[${i}]`
    yield* breaks(`${at}.ip`, ip, isIp(ip))
    for (const [j, hostname] of hostnames.entries())
      yield* breaks(`${at}.hostnames[${j}]`, hostname, isDns1123Subdomain(hostname))
  }
}

function* validateSecurity(context: Loose<PodSecurityContext> | undefined, path: string): Findings {
  yield* within(`${path}.runAsUser`, context?.runAsUser, 0, maxInt32)
  yield* within(`${path}.runAsGroup`, context?.runAsGroup, 0, maxInt32)
  yield* within(`${path}.fsGroup`, context?.fsGroup, 0, maxInt32)
  for (const [i, group] of (context?.supplementalGroups ?? []).entries())
    yield* within(`${path}.supplementalGroups[${i}]`, group, 0, maxInt32)
}

const onlyThese =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"

/** A pod that is about to replace `old`: nearly nothing of its spec may change. */
export function* validatePodUpdate(pod: Loose<Pod>, old: Loose<Pod>): Findings {
  const spec = pod.spec ?? {}
  const oldSpec = old.spec ?? {}
  yield* validatePodSpec(spec, "spec")
  for (const list of ["containers", "initContainers"] as const) {
    if ((spec[list] ?? []).length === (oldSpec[list] ?? []).length) continue
    yield forbidden(`spec.${list}`, "pod updates may not add or remove containers")
    return
  }
  yield* validateDeadline(spec.activeDeadlineSeconds, oldSpec.activeDeadlineSeconds)
  yield* validateTolerations(spec.tolerations ?? [], oldSpec.tolerations ?? [])
  yield* validateGates(spec, oldSpec)
  const allowed = withAllowedChanges(oldSpec, spec)
  if (!equalJson(spec, allowed)) yield forbidden("spec", `${onlyThese}\n${describeChanges(spec, allowed)}`)
}

function* validateDeadline(seconds: number | undefined, old: number | undefined): Findings {
  if (old === undefined) return
  if (seconds === undefined)
    yield invalid("spec.activeDeadlineSeconds", seconds, "must not update from a positive integer to nil value")
  else if (seconds > old) yield invalid("spec.activeDeadlineSeconds", seconds, "must be less than or equal to previous value")
}

function* validateTolerations(tolerations: ReadonlyArray<Loose<Toleration>>, old: ReadonlyArray<Loose<Toleration>>): Findings {
  const bare = ({ tolerationSeconds: _, ...rest }: Loose<Toleration>): object => rest
  const isKept = (toleration: Loose<Toleration>): boolean => tolerations.some((other) => equalJson(bare(other), bare(toleration)))
  if (!old.every(isKept))
    yield forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds")
}

function* validateGates(spec: Loose<PodSpec>, old: Loose<PodSpec>): Findings {
  for (const [i, { name }] of (spec.schedulingGates ?? []).entries()) {
    if ((old.schedulingGates ?? []).some((gate) => gate.name === name)) continue
    yield forbidden(`spec.schedulingGates[${i}]`, `only deletion is allowed, but found new scheduling gate '${name}'`)
  }
}

/** The old spec with what the new one was allowed to change. */
const withAllowedChanges = (old: Loose<PodSpec>, spec: Loose<PodSpec>): Loose<PodSpec> => {
  const images = (containers: ReadonlyArray<Loose<Container>> | undefined, next: ReadonlyArray<Loose<Container>> | undefined) =>
    containers?.map((container, i) => ({ ...container, image: next?.[i]?.image }))
  const mayEnd = (old.terminationGracePeriodSeconds ?? 0) < 0 && spec.terminationGracePeriodSeconds === 1
  return {
    ...old,
    containers: images(old.containers, spec.containers),
    initContainers: images(old.initContainers, spec.initContainers),
    activeDeadlineSeconds: spec.activeDeadlineSeconds,
    tolerations: spec.tolerations,
    schedulingGates: spec.schedulingGates,
    ...(mayEnd ? { terminationGracePeriodSeconds: 1 } : {})
  }
}

const describeChanges = (spec: Loose<PodSpec>, old: Loose<PodSpec>): string =>
  [...new Set([...Object.keys(old), ...Object.keys(spec)])]
    .map((key) => [key, old[key as keyof PodSpec], spec[key as keyof PodSpec]] as const)
    .filter(([, before, after]) => !equalJson(before, after))
    .map(([key, before, after]) => `- ${key}: ${JSON.stringify(before)}\n+ ${key}: ${JSON.stringify(after)}\n`)
    .join("")
