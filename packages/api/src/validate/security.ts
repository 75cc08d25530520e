/** Validation of what a pod and its containers may do on their node. @module */
import { duplicate, forbidden, invalid, notSupported, required } from "../field-error.ts"
import { byteLength, isDns1123Subdomain } from "../name.ts"
import type {
  AppArmorProfile,
  Container,
  EphemeralContainer,
  PodSecurityContext,
  PodSpec,
  SeccompProfile,
  SecurityContext
} from "../types/core-v1.ts"
import { type Findings, type Loose, within } from "./findings.ts"
import { givenText, oneOf } from "./rule.ts"

const maxId = 2 ** 31 - 1
const sysctlName = /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/

/** What a pod may do, and what its flags exclude. */
export function* validatePodSecurity(spec: Loose<PodSpec>, path: string): Findings {
  const context = spec.securityContext ?? {}
  const at = `${path}.securityContext`
  if (spec.shareProcessNamespace === true && spec.hostPID === true)
    yield invalid(`${at}.shareProcessNamespace`, true, "ShareProcessNamespace and HostPID cannot both be enabled")
  yield* within(`${at}.fsGroup`, context.fsGroup, 0, maxId)
  yield* within(`${at}.runAsUser`, context.runAsUser, 0, maxId)
  yield* within(`${at}.runAsGroup`, context.runAsGroup, 0, maxId)
  for (const [i, group] of (context.supplementalGroups ?? []).entries())
    yield* within(`${at}.supplementalGroups[${i}]`, group, 0, maxId)
  yield* validateSysctls(context.sysctls ?? [], `${at}.sysctls`)
  yield* oneOf("Always", "OnRootMismatch")(context.fsGroupChangePolicy, `${at}.fsGroupChangePolicy`)
  yield* validateSeccomp(context.seccompProfile, `${at}.seccompProfile`)
  yield* validateWindows(context.windowsOptions, `${at}.windowsOptions`)
  yield* validateAppArmor(context.appArmorProfile, `${at}.appArmorProfile`)
  yield* oneOf("Merge", "Strict")(context.supplementalGroupsPolicy, `${at}.supplementalGroupsPolicy`)
  // To mount with the label needs a gate that is off (SELinuxMount).
  yield* oneOf("Recursive")(context.seLinuxChangePolicy, `${at}.seLinuxChangePolicy`)
  if (spec.hostUsers === false) {
    for (const flag of ["hostNetwork", "hostPID", "hostIPC"] as const)
      if (spec[flag] === true) yield forbidden(`${path}.${flag}`, "when `hostUsers` is false")
  }
}

function* validateSysctls(sysctls: ReadonlyArray<{ readonly name?: string | undefined }>, path: string): Findings {
  const names = new Set<string>()
  for (const [i, { name = "" }] of sysctls.entries()) {
    const at = `${path}[${i}].name`
    if (name === "") yield required(at)
    else if (byteLength(name) > 253 || !sysctlName.test(name)) {
      const source = "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$"
      yield invalid(at, name, `must have at most 253 characters and match regex ${source}`)
    } else if (names.has(name.replaceAll("/", "."))) yield duplicate(at, name)
    names.add(name.replaceAll("/", "."))
  }
}

function* validateSeccomp(profile: Loose<SeccompProfile> | undefined, path: string): Findings {
  if (profile === undefined) return
  const { type = "", localhostProfile } = profile
  if (type === "Localhost") {
    if (localhostProfile === undefined) yield required(`${path}.localhostProfile`, "must be set when seccomp type is Localhost")
    else if (localhostProfile.startsWith("/"))
      yield invalid(`${path}.localhostProfile`, localhostProfile, "must be a relative path")
    else if (localhostProfile.split("/").includes(".."))
      yield invalid(`${path}.localhostProfile`, localhostProfile, "must not contain '..'")
  } else if (localhostProfile !== undefined)
    yield invalid(`${path}.localhostProfile`, localhostProfile, "can only be set when seccomp type is Localhost")
  yield* profileType(type, `${path}.type`, "type is required when seccompProfile is set")
}

function* validateAppArmor(profile: Loose<AppArmorProfile> | undefined, path: string): Findings {
  if (profile === undefined) return
  const { type = "", localhostProfile } = profile
  if (type === "Localhost") {
    if (localhostProfile === undefined || localhostProfile === "")
      yield required(`${path}.localhostProfile`, "must be set when AppArmor type is Localhost")
    else if (localhostProfile.trim() !== localhostProfile)
      yield invalid(`${path}.localhostProfile`, localhostProfile, "must not be padded with whitespace")
    else if (byteLength(localhostProfile) > 4095)
      yield { type: "FieldValueTooLong", field: `${path}.localhostProfile`, detail: "may not be more than 4095 bytes" }
  } else if (localhostProfile !== undefined)
    yield invalid(`${path}.localhostProfile`, localhostProfile, "can only be set when AppArmor type is Localhost")
  yield* profileType(type, `${path}.type`, "type is required when appArmorProfile is set")
}

function* profileType(type: string, path: string, missing: string): Findings {
  if (type === "") yield required(path, missing)
  else if (!["Localhost", "RuntimeDefault", "Unconfined"].includes(type))
    yield notSupported(path, type, ["Localhost", "RuntimeDefault", "Unconfined"])
}

function* validateWindows(options: Loose<NonNullable<SecurityContext["windowsOptions"]>> | undefined, path: string): Findings {
  if (options === undefined) return
  const { gmsaCredentialSpecName, gmsaCredentialSpec, runAsUserName } = options
  yield* givenText(isDns1123Subdomain)(gmsaCredentialSpecName, `${path}.gmsaCredentialSpecName`)
  if (gmsaCredentialSpec === "") yield invalid(`${path}.gmsaCredentialSpec`, "", "gmsaCredentialSpec cannot be an empty string")
  if (runAsUserName === "") yield invalid(`${path}.runAsUserName`, "", "runAsUserName cannot be an empty string")
  else if (runAsUserName !== undefined && runAsUserName.split("\\").length > 2)
    yield invalid(`${path}.runAsUserName`, runAsUserName, "runAsUserName cannot contain more than one backslash")
}

/** What a container may do. */
export function* validateContainerSecurity(
  context: Loose<SecurityContext> | undefined,
  spec: Loose<PodSpec>,
  path: string
): Findings {
  if (context === undefined) return
  yield* within(`${path}.runAsUser`, context.runAsUser, 0, maxId)
  yield* within(`${path}.runAsGroup`, context.runAsGroup, 0, maxId)
  if (context.procMount === "Unmasked" && spec.hostUsers !== false)
    yield invalid(`${path}.procMount`, context.procMount, "`hostUsers` must be false to use `Unmasked`")
  else yield* oneOf("Default", "Unmasked")(context.procMount, `${path}.procMount`)
  yield* validateSeccomp(context.seccompProfile, `${path}.seccompProfile`)
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged === true)
      yield invalid(path, context, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true")
    if (context.capabilities?.add?.includes("CAP_SYS_ADMIN") === true)
      yield invalid(path, context, "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN")
  }
  yield* validateWindows(context.windowsOptions, `${path}.windowsOptions`)
  yield* validateAppArmor(context.appArmorProfile, `${path}.appArmorProfile`)
}

const linuxOfPod = [
  ...["appArmorProfile", "seLinuxOptions", "seccompProfile", "fsGroup", "fsGroupChangePolicy", "sysctls"],
  ...["runAsUser", "runAsGroup", "supplementalGroups", "supplementalGroupsPolicy"]
] as ReadonlyArray<keyof PodSecurityContext>
const linuxOfContainer = [
  ...["appArmorProfile", "seLinuxOptions", "seccompProfile", "capabilities", "readOnlyRootFilesystem", "privileged"],
  ...["allowPrivilegeEscalation", "procMount", "runAsUser", "runAsGroup"]
] as ReadonlyArray<keyof SecurityContext>

/** What a pod may not say once it says for which system it is. */
export function* validateSystem(spec: Loose<PodSpec>, path: string): Findings {
  const containers = (["containers", "initContainers", "ephemeralContainers"] as const).flatMap((list) =>
    (spec[list] ?? []).map(
      (container: Loose<Container | EphemeralContainer>, i) =>
        [container.securityContext, `${path}.${list}[${i}].securityContext`] as const
    )
  )
  if (spec.os?.name === "linux") {
    const sentence = "windows options cannot be set for a linux pod"
    if (spec.securityContext?.windowsOptions !== undefined) yield forbidden(`${path}.securityContext.windowsOptions`, sentence)
    for (const [context, at] of containers)
      if (context?.windowsOptions !== undefined) yield forbidden(`${at}.windowsOptions`, sentence)
  }
  if (spec.os?.name !== "windows") return
  const sentence = "cannot be set for a windows pod"
  for (const flag of ["hostPID", "hostIPC", "hostUsers", "shareProcessNamespace"] as const)
    if (spec[flag] !== undefined && (flag === "hostUsers" || spec[flag] === true)) yield forbidden(`${path}.${flag}`, sentence)
  for (const key of linuxOfPod)
    if (spec.securityContext?.[key] !== undefined) yield forbidden(`${path}.securityContext.${key}`, sentence)
  for (const [context, at] of containers)
    for (const key of linuxOfContainer) if (context?.[key] !== undefined) yield forbidden(`${at}.${key}`, sentence)
}
