/** The rights of a pod's sandbox and containers, from their security contexts. @module */
import { join } from "node:path"
import type { Container, Pod, SeccompProfile as Profile } from "@tsukube/api/core-v1"
import type { ContainerSecurity, RuntimeImage, SeccompProfile } from "./runtime.ts"

/** A seccomp profile; none is Unconfined, as upstream's default. Files of the node are below `profiles`. */
export const seccompOf = (profile: Profile | undefined, profiles: string): SeccompProfile => {
  if (profile?.type === "RuntimeDefault") return { type: "RuntimeDefault" }
  if (profile?.type === "Localhost") return { type: "Localhost", path: join(profiles, profile.localhostProfile ?? "") }
  return { type: "Unconfined" }
}

/** The groups every process of the pod belongs to besides its own. */
export const supplementalGroupsOf = (pod: Pod): ReadonlyArray<number> => {
  const { fsGroup, supplementalGroups } = pod.spec?.securityContext ?? {}
  return [...(supplementalGroups ?? []), ...(fsGroup === undefined ? [] : [fsGroup])]
}

/** A container's rights: its own security context first, then the pod's. */
export const securityOf = (pod: Pod, container: Container, profiles: string): ContainerSecurity => {
  const own = container.securityContext ?? {}
  const shared = pod.spec?.securityContext ?? {}
  const runAsUser = own.runAsUser ?? shared.runAsUser
  const runAsGroup = own.runAsGroup ?? shared.runAsGroup
  const privileged = own.privileged === true
  return {
    privileged,
    capabilities: { add: own.capabilities?.add ?? [], drop: own.capabilities?.drop ?? [] },
    ...(runAsUser === undefined ? {} : { runAsUser }),
    ...(runAsGroup === undefined ? {} : { runAsGroup }),
    supplementalGroups: supplementalGroupsOf(pod),
    readOnlyRootFilesystem: own.readOnlyRootFilesystem === true,
    noNewPrivileges: own.allowPrivilegeEscalation === false,
    seccomp: privileged ? { type: "Unconfined" } : seccompOf(own.seccompProfile ?? shared.seccompProfile, profiles),
    unmaskedProc: own.procMount === "Unmasked"
  }
}

/** Why a container that must not run as root would; undefined when it does not. The words are upstream's. */
export const rootProblem = (pod: Pod, container: Container, image: RuntimeImage | undefined): string | undefined => {
  const own = container.securityContext ?? {}
  const shared = pod.spec?.securityContext ?? {}
  if ((own.runAsNonRoot ?? shared.runAsNonRoot) !== true) return undefined
  const where = `(pod: "${pod.metadata?.name}_${pod.metadata?.namespace}(${pod.metadata?.uid})", container: ${container.name})`
  const user = own.runAsUser ?? shared.runAsUser
  if (user !== undefined) return user === 0 ? `container's runAsUser breaks non-root policy ${where}` : undefined
  if (image?.username !== undefined)
    return `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root ${where}`
  if (image?.uid === undefined || image.uid === 0) return `container has runAsNonRoot and image will run as root ${where}`
  return undefined
}
