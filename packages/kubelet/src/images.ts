/** Sees to it that an image is on the node before a container needs it: pull policy, back-off, logins. @module */
import type { Container, Pod, Secret } from "@tsukube/api/core-v1"
import { Clock, Effect, Semaphore } from "effect"
import type { BackOff } from "./back-off.ts"
import { NotStarted } from "./not-started.ts"
import type { ContainerRuntime, RegistryLogin, RuntimeImage } from "./runtime.ts"

/** What pulling tells the world. */
export interface ImageEvents {
  readonly normal: (reason: string, message: string) => void
  readonly warning: (reason: string, message: string) => void
}

/** Images of one node; at most five are pulled at once. */
export interface Images {
  readonly ensure: (
    pod: Pod,
    container: Container,
    logins: ReadonlyArray<RegistryLogin>,
    events: ImageEvents
  ) => Effect.Effect<RuntimeImage | undefined, NotStarted>
  /** Forgets what failed for a pod. */
  readonly forget: (podUid: string) => void
}

const pullLimit = 5

/** Always for `:latest` and for no tag, else IfNotPresent; the API server usually has filled it in. */
const policyOf = ({ image = "", imagePullPolicy }: Container): string => {
  if (imagePullPolicy !== undefined) return imagePullPolicy
  const last = image.split("/").at(-1) ?? ""
  return last.includes("@") || (last.includes(":") && !last.endsWith(":latest")) ? "IfNotPresent" : "Always"
}

/** Pulls through this runtime; the back-off is by pod and image. */
export const makeImages = (runtime: ContainerRuntime, backOff: BackOff): Images => {
  const pulls = Semaphore.makeUnsafe(pullLimit)
  const failedAt = new Map<string, { readonly at: number; readonly message: string }>()
  return {
    forget: (podUid) => {
      backOff.forget(`${podUid}/`)
      for (const key of failedAt.keys()) if (key.startsWith(`${podUid}/`)) failedAt.delete(key)
    },
    ensure: (pod, container, logins, events) =>
      Effect.gen(function* () {
        const image = container.image ?? ""
        const policy = policyOf(container)
        const present = yield* runtime
          .image(image)
          .pipe(
            Effect.mapError(
              ({ message }) => new NotStarted("ImageInspectError", `Failed to inspect image "${image}": ${message}`, 1000)
            )
          )
        if (present !== undefined && policy !== "Always") {
          events.normal("Pulled", `Container image "${image}" already present on machine and can be accessed by the pod`)
          return present
        }
        if (policy === "Never") {
          const message = `Container image "${image}" is not present with pull policy of Never`
          events.warning("ErrImageNeverPull", message)
          return yield* Effect.fail(new NotStarted("ErrImageNeverPull", message, 10_000))
        }
        const key = `${pod.metadata?.uid}/${image}`
        const failure = failedAt.get(key)
        const now = yield* Clock.currentTimeMillis
        const left = failure === undefined ? 0 : backOff.remaining(key, failure.at, now)
        if (left > 0) {
          events.normal("BackOff", `Back-off pulling image "${image}"`)
          events.warning("Failed", "Error: ImagePullBackOff")
          const message = `Back-off pulling image "${image}": ErrImagePull: ${failure?.message}`
          return yield* Effect.fail(new NotStarted("ImagePullBackOff", message, left))
        }
        events.normal("Pulling", `Pulling image "${image}"`)
        const pulled = yield* pulls
          .withPermits(1)(pullWith(runtime, image, logins))
          .pipe(Effect.timed, Effect.result)
        const ended = yield* Clock.currentTimeMillis
        if (pulled._tag === "Failure") {
          const { message } = pulled.failure
          failedAt.set(key, { at: ended, message })
          backOff.next(key, ended, ended)
          events.warning("Failed", `Failed to pull image "${image}": ${message}`)
          events.warning("Failed", "Error: ErrImagePull")
          return yield* Effect.fail(new NotStarted("ErrImagePull", message, errorShownMs))
        }
        failedAt.delete(key)
        const size = yield* runtime.image(image).pipe(Effect.orElseSucceed(() => undefined))
        const seconds = ((ended - now) / 1000).toFixed(3)
        const bytes = size?.sizeBytes ?? 0
        events.normal(
          "Pulled",
          `Successfully pulled image "${image}" in ${seconds}s (${seconds}s including waiting). Image size: ${bytes} bytes.`
        )
        return size
      })
  }
}

/** The error itself is shown for a moment before the status turns to the back-off. */
const errorShownMs = 2000

/** Without a login first would be a waste where there is one: they are tried in order, the last error counts. */
const pullWith = (runtime: ContainerRuntime, image: string, logins: ReadonlyArray<RegistryLogin>) => {
  const matching = logins.filter(({ server }) => matchesServer(image, server))
  if (matching.length === 0) return runtime.pullImage(image)
  return matching
    .map((login) => runtime.pullImage(image, login))
    .reduce((first, second) => first.pipe(Effect.catch(() => second)))
}

const hostOf = (text: string): string => text.replace(/^https?:\/\//, "").split("/")[0] ?? ""

const matchesServer = (image: string, server: string): boolean => {
  const first = image.split("/")[0] ?? ""
  const host = first.includes(".") || first.includes(":") || first === "localhost" ? first : "docker.io"
  const wanted = hostOf(server)
  return wanted === host || (host === "docker.io" && wanted.endsWith("docker.io"))
}

/** The logins in a pull secret, of either kind. */
export const loginsOf = (secret: Secret): ReadonlyArray<RegistryLogin> => {
  const parse = (key: string): Readonly<Record<string, LoginEntry>> => {
    const data = secret.data?.[key]
    if (data === undefined) return {}
    try {
      const parsed = JSON.parse(Buffer.from(data, "base64").toString("utf8"))
      return key === ".dockerconfigjson" ? (parsed.auths ?? {}) : parsed
    } catch {
      return {}
    }
  }
  return Object.entries({ ...parse(".dockercfg"), ...parse(".dockerconfigjson") }).map(([server, entry]) => {
    const [user, ...rest] = Buffer.from(entry.auth ?? "", "base64")
      .toString("utf8")
      .split(":")
    const username = entry.username ?? user
    const password = entry.password ?? rest.join(":")
    return {
      server,
      ...(username === undefined ? {} : { username }),
      ...(password === "" ? {} : { password }),
      ...(entry.identitytoken === undefined ? {} : { identityToken: entry.identitytoken })
    }
  })
}

interface LoginEntry {
  readonly username?: string
  readonly password?: string
  readonly auth?: string
  readonly identitytoken?: string
}
