/** Validation of pods and pod templates, new and changed. @module */
import { forbidden, tooLong } from "../field-error.ts"
import { isDns1123Label, isDns1123Subdomain } from "../name.ts"
import type { Pod, PodSpec, PodTemplate, PodTemplateSpec } from "../types/core-v1.ts"
import { validateContainers } from "./container.ts"
import { breaks, type Findings, type Loose, labels, mayBeOneOf, mayHaveForm, needs, needsOneOf, within } from "./findings.ts"
import { isIp } from "./ip.ts"
import { validateAnnotations } from "./metadata.ts"
import { validatePlacement } from "./placement.ts"
import { validateDeviceClaims, validateDns, validateGates, validateWhole } from "./pod-parts.ts"
import { validateEphemeral } from "./pod-update.ts"
import { validatePodSecurity, validateSystem } from "./security.ts"
import { validateVolumes } from "./volume.ts"

const maxInt32 = 2 ** 31 - 1

/** A pod that is about to be created. */
export function* validatePod(pod: Loose<Pod>): Findings {
  yield* validatePodSpec(pod.spec ?? {}, "spec")
  if ((pod.spec?.ephemeralContainers ?? []).length > 0) yield forbidden("spec.ephemeralContainers", "cannot be set on create")
  if ((pod.spec?.schedulingGates ?? []).length > 0 && (pod.spec?.nodeName ?? "") !== "")
    yield forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared")
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

const maxHostname = 64

/** A hostname that has nothing to do with the pod's name. */
function* validateHostname({ hostnameOverride: name, setHostnameAsFQDN, hostNetwork }: Loose<PodSpec>, path: string): Findings {
  if (name === undefined) return
  if (setHostnameAsFQDN === true) yield forbidden(path, "may not be specified when setHostnameAsFQDN is true")
  if (hostNetwork === true) yield forbidden(path, "may not be specified when hostNetwork is true")
  if (name.length > maxHostname) yield tooLong(path, maxHostname)
  yield* breaks(path, name, isDns1123Subdomain(name))
}

/** The spec of a pod or a template. */
export function* validatePodSpec(spec: Loose<PodSpec>, path: string): Findings {
  yield* validateVolumes(spec.volumes ?? [], `${path}.volumes`)
  yield* validateContainers(spec, path)
  yield* validateEphemeral(spec, `${path}.ephemeralContainers`)
  yield* validateWhole(spec, path)
  yield* needsOneOf(`${path}.restartPolicy`, spec.restartPolicy, ["Always", "OnFailure", "Never"])
  yield* needsOneOf(`${path}.dnsPolicy`, spec.dnsPolicy, ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"])
  yield* validateDns(spec.dnsConfig, spec.dnsPolicy, `${path}.dnsConfig`)
  yield* validatePodSecurity(spec, path)
  yield* validateSystem(spec, path)
  yield* validateGates(spec, path)
  yield* validateDeviceClaims(spec, path)
  for (const [i, { name }] of (spec.imagePullSecrets ?? []).entries()) yield* needs(`${path}.imagePullSecrets[${i}].name`, name)
  yield* validatePlacement(spec, path)
  yield* mayHaveForm(`${path}.serviceAccountName`, spec.serviceAccountName, isDns1123Subdomain)
  yield* mayHaveForm(`${path}.nodeName`, spec.nodeName, isDns1123Subdomain)
  yield* mayHaveForm(`${path}.hostname`, spec.hostname, isDns1123Label)
  yield* mayHaveForm(`${path}.subdomain`, spec.subdomain, isDns1123Label)
  yield* validateHostname(spec, `${path}.hostnameOverride`)
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
