/** A pod's volumes on the node: made before its containers, refreshed while it runs, taken away after. @module */
import { existsSync, mkdirSync, readdirSync, realpathSync, rmSync } from "node:fs"
import { join } from "node:path"
import type { ConfigMap, Pod, Secret, Volume } from "@tsukube/api/core-v1"
import { Clock, Effect } from "effect"
import type { DownwardFacts } from "../downward.ts"
import { type Owner, writeFiles } from "./atomic-writer.ts"
import { configMapFiles } from "./config-map.ts"
import { downwardFiles } from "./downward-api.ts"
import { makeEmptyDir } from "./empty-dir.ts"
import { VolumeError, type VolumeFile } from "./files.ts"
import { hostPathOf } from "./host-path.ts"
import { type MountPlace, unmountAll } from "./mounts.ts"
import { boundVolume, type ClaimObjects, claimNameOf, persistentPathOf } from "./persistent.ts"
import { onlyUserOf, projectedFiles } from "./projected.ts"
import { secretFiles } from "./secret.ts"

/** What volumes are filled with. */
export interface VolumeObjects extends ClaimObjects {
  readonly configMap: (name: string) => Effect.Effect<ConfigMap | undefined, VolumeError>
  readonly secret: (name: string) => Effect.Effect<Secret | undefined, VolumeError>
  readonly token: (request: {
    readonly audience: string
    readonly expirationSeconds: number
  }) => Effect.Effect<string, VolumeError>
}

/** Where a pod's things are on the node. */
export const podFolder = (rootDir: string, uid: string): string => join(rootDir, "pods", uid)

/** A volume that could not be made, and why. */
export interface FailedVolume {
  readonly name: string
  readonly message: string
}

/** The made volumes by name, as paths on the node, and those that failed. */
export interface MountedVolumes {
  readonly paths: ReadonlyMap<string, string>
  readonly failed: ReadonlyArray<FailedVolume>
}

/** Makes or refreshes all volumes of a pod. With `write` false they are only looked up, for nodes on which nothing runs. */
export const mountVolumes = (
  pod: Pod,
  options: MountPlace & {
    readonly rootDir: string
    readonly objects: VolumeObjects
    readonly facts: DownwardFacts
    readonly write: boolean
  }
): Effect.Effect<MountedVolumes> =>
  Effect.gen(function* () {
    const paths = new Map<string, string>()
    const failed: Array<FailedVolume> = []
    for (const volume of pod.spec?.volumes ?? []) {
      const made = yield* makeVolume(pod, volume, options).pipe(Effect.result)
      if (made._tag === "Success") paths.set(volume.name, made.success)
      else failed.push({ name: volume.name, message: made.failure.message })
    }
    return { paths, failed }
  })

type Options = Parameters<typeof mountVolumes>[1]

const pluginOf = (volume: Volume): string => {
  if (volume.emptyDir !== undefined) return "kubernetes.io~empty-dir"
  if (volume.configMap !== undefined) return "kubernetes.io~configmap"
  if (volume.secret !== undefined) return "kubernetes.io~secret"
  if (volume.projected !== undefined) return "kubernetes.io~projected"
  return "kubernetes.io~downward-api"
}

const makeVolume = (pod: Pod, volume: Volume, options: Options): Effect.Effect<string, VolumeError> =>
  Effect.gen(function* () {
    const dir = join(podFolder(options.rootDir, pod.metadata?.uid ?? ""), "volumes", pluginOf(volume), volume.name)
    const fsGroup = pod.spec?.securityContext?.fsGroup
    if (volume.hostPath !== undefined) {
      const source = volume.hostPath
      return options.write ? yield* attempt(() => hostPathOf(source)) : source.path
    }
    if (volume.emptyDir !== undefined) {
      if (options.write) yield* makeEmptyDir(dir, volume.emptyDir, fsGroup, options)
      return dir
    }
    const claimName = claimNameOf(pod, volume)
    if (claimName !== undefined) {
      const source = yield* boundVolume(claimName, options.objects)
      return options.write ? yield* attempt(() => persistentPathOf(source)) : dir
    }
    const files = yield* filesOf(pod, volume, options)
    if (!options.write) return dir
    const uid = volume.projected === undefined ? undefined : onlyUserOf(pod)
    const owner: Owner = { ...(uid === undefined ? {} : { uid }), ...(fsGroup === undefined ? {} : { gid: fsGroup }) }
    const now = yield* Clock.currentTimeMillis
    yield* attempt(() => writeFiles(dir, files, owner, now))
    return dir
  })

/** Turns what a plain function throws into the reason why a volume failed. */
const attempt = <A>(body: () => A): Effect.Effect<A, VolumeError> =>
  Effect.try({ try: body, catch: (cause) => (cause instanceof VolumeError ? cause : new VolumeError(String(cause))) })

const defaultFileMode = 0o644

const filesOf = (pod: Pod, volume: Volume, options: Options): Effect.Effect<ReadonlyArray<VolumeFile>, VolumeError> =>
  Effect.gen(function* () {
    const { configMap, secret, downwardAPI, projected } = volume
    if (configMap !== undefined) {
      const object = yield* options.objects.configMap(configMap.name ?? "")
      return yield* attempt(() => configMapFiles(configMap, object, configMap.defaultMode ?? defaultFileMode))
    }
    if (secret !== undefined) {
      const { secretName: name = "", ...rest } = secret
      const object = yield* options.objects.secret(name)
      return yield* attempt(() => secretFiles({ ...rest, name }, object, secret.defaultMode ?? defaultFileMode))
    }
    if (downwardAPI !== undefined)
      return yield* attempt(() => downwardFiles(downwardAPI.items, options.facts, downwardAPI.defaultMode ?? defaultFileMode))
    if (projected !== undefined)
      return options.write ? yield* attemptEffect(projectedFiles(pod, projected, options.objects, options.facts)) : []
    const kind = Object.keys(volume).find((key) => key !== "name") ?? "unknown"
    return yield* Effect.fail(new VolumeError(`volumes of type ${kind} are not supported yet`))
  })

/** Generators run plain functions that throw; their errors are expected ones here. */
const attemptEffect = <A>(effect: Effect.Effect<A, VolumeError>): Effect.Effect<A, VolumeError> =>
  effect.pipe(
    Effect.catchDefect((defect) =>
      defect instanceof VolumeError ? Effect.fail(defect) : Effect.fail(new VolumeError(String(defect)))
    )
  )

/** The path on the node behind a volume mount with a subPath; made when it is not there, and never outside the volume. */
export const subPathOf = (volumePath: string, subPath: string): string => {
  if (subPath.startsWith("/") || subPath.split("/").includes(".."))
    throw new VolumeError(`subPath "${subPath}" must stay in the volume`)
  const path = join(volumePath, subPath)
  if (!existsSync(path)) mkdirSync(path, { recursive: true, mode: 0o755 })
  const real = realpathSync(path)
  const root = realpathSync(volumePath)
  if (real !== root && !real.startsWith(`${root}/`)) throw new VolumeError(`subPath "${subPath}" leads out of the volume`)
  return real
}

/** Unmounts and deletes everything of a pod on the node. */
export const removePodFolder = (rootDir: string, uid: string, place: MountPlace): Effect.Effect<void> =>
  Effect.gen(function* () {
    const folder = podFolder(rootDir, uid)
    if (!existsSync(folder)) return
    yield* unmountAll(folder, place)
    // Not across mounts: what could not be unmounted is somebody's data.
    yield* Effect.ignore(Effect.try(() => rmSync(folder, { recursive: true, force: true })))
  })

/** The uids of the pods that have a folder on the node. */
export const podFolders = (rootDir: string): ReadonlyArray<string> => {
  try {
    return readdirSync(join(rootDir, "pods"))
  } catch {
    return []
  }
}
