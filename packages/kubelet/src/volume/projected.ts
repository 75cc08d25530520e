/** Several sources in one folder: tokens, config maps, secrets and what the pod is told about itself. @module */
import type { Pod, ProjectedVolumeSource } from "@tsukube/api/core-v1"
import { Effect } from "effect"
import type { DownwardFacts } from "../downward.ts"
import { configMapFiles } from "./config-map.ts"
import { downwardFiles } from "./downward-api.ts"
import { VolumeError, type VolumeFile } from "./files.ts"
import { secretFiles } from "./secret.ts"
import type { VolumeObjects } from "./volumes.ts"

const defaultFileMode = 0o644
const encoder = new TextEncoder()

/** The files of all sources, in order; a later source wins where two name the same path. */
export const projectedFiles = (
  pod: Pod,
  source: ProjectedVolumeSource,
  objects: VolumeObjects,
  facts: DownwardFacts
): Effect.Effect<ReadonlyArray<VolumeFile>, VolumeError> =>
  Effect.gen(function* () {
    const mode = source.defaultMode ?? defaultFileMode
    const files = new Map<string, VolumeFile>()
    for (const part of source.sources ?? []) {
      let found: ReadonlyArray<VolumeFile> = []
      if (part.configMap !== undefined)
        found = configMapFiles(part.configMap, yield* objects.configMap(part.configMap.name ?? ""), mode)
      else if (part.secret !== undefined) found = secretFiles(part.secret, yield* objects.secret(part.secret.name ?? ""), mode)
      else if (part.downwardAPI !== undefined) found = downwardFiles(part.downwardAPI.items, facts, mode)
      else if (part.serviceAccountToken !== undefined) {
        const { path, audience, expirationSeconds } = part.serviceAccountToken
        const token = yield* objects.token({ audience: audience ?? "", expirationSeconds: expirationSeconds ?? 3600 })
        found = [{ path, content: encoder.encode(token), mode: tokenMode(pod, mode) }]
      } else return yield* Effect.fail(new VolumeError("this source of a projected volume is not supported yet"))
      for (const file of found) files.set(file.path, file)
    }
    return [...files.values()]
  })

/** A token is for the pod's one user alone, where it has one. */
const tokenMode = (pod: Pod, mode: number): number =>
  onlyUserOf(pod) !== undefined || pod.spec?.securityContext?.fsGroup !== undefined ? 0o600 : mode

/** The user of all containers, when it is the same one. */
export const onlyUserOf = (pod: Pod): number | undefined => {
  const shared = pod.spec?.securityContext?.runAsUser
  const all = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]
  const users = new Set(all.map((container) => container.securityContext?.runAsUser ?? shared))
  return users.size === 1 ? [...users][0] : undefined
}
