/** Everything between the decision and the node: permission, preparation, binding. @module */
import type { ClientError } from "@tsukube/client"
import { Data, Effect } from "effect"
import type { Extender } from "./extender.ts"
import type { Handle, Plugin } from "./plugin.ts"
import type { PodInfo } from "./pod-info.ts"

/** The pod could not be brought to its node; it may work the next time. */
export class BindFailed extends Data.Error<{ readonly message: string }> {
  readonly _tag = "BindFailed"
}

/** A plugin said no after a node had been chosen. */
export class NotPermitted extends Data.Error<{ readonly plugin: string; readonly message: string }> {
  readonly _tag = "NotPermitted"
}

const ask = (plugin: Plugin, pod: PodInfo, nodeName: string): Effect.Effect<void, NotPermitted> =>
  Effect.gen(function* () {
    const permission = plugin.permit?.(pod, nodeName)
    if (permission === undefined || "allow" in permission) return
    const refuse = (message: string) => new NotPermitted({ plugin: plugin.name, message })
    if ("deny" in permission) return yield* refuse(permission.deny)
    const { wait, timeoutMs } = permission
    const answer = yield* Effect.tryPromise({ try: () => wait, catch: (error) => refuse(String(error)) }).pipe(
      Effect.timeoutOrElse({
        duration: timeoutMs,
        orElse: () => Effect.fail(refuse(`rejected due to timeout after waiting ${timeoutMs}ms`))
      })
    )
    if (!answer) return yield* refuse("rejected while waiting for permission")
  })

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const prepare = (plugin: Plugin, pod: PodInfo, nodeName: string, handle: Handle): Effect.Effect<void, BindFailed> =>
  Effect.tryPromise({
    try: async () => plugin.preBind?.(pod, nodeName, handle),
    catch: (error) => new BindFailed({ message: `running PreBind plugin ${JSON.stringify(plugin.name)}: ${messageOf(error)}` })
  })

const isClientError = (error: unknown): error is ClientError =>
  typeof error === "object" &&
  error !== null &&
  "_tag" in error &&
  (error._tag === "StatusError" || error._tag === "TransportError")

const bindByPlugins = (
  plugins: ReadonlyArray<Plugin>,
  pod: PodInfo,
  nodeName: string,
  handle: Handle
): Effect.Effect<void, ClientError | BindFailed> =>
  Effect.gen(function* () {
    for (const plugin of plugins) {
      if (plugin.bind === undefined) continue
      const catchAs = (error: unknown): ClientError | BindFailed =>
        isClientError(error)
          ? error
          : new BindFailed({ message: `running Bind plugin ${JSON.stringify(plugin.name)}: ${messageOf(error)}` })
      if (yield* Effect.tryPromise({ try: () => plugin.bind!(pod, nodeName, handle), catch: catchAs })) return
    }
    return yield* new BindFailed({ message: "no plugin bound the pod" })
  })

/** Brings the pod to the node that was chosen for it. */
export const bind = (
  plugins: ReadonlyArray<Plugin>,
  info: PodInfo,
  nodeName: string,
  handle: Handle,
  extender?: Extender
): Effect.Effect<void, ClientError | NotPermitted | BindFailed> =>
  Effect.gen(function* () {
    for (const plugin of plugins) if (plugin.permit !== undefined) yield* ask(plugin, info, nodeName)
    for (const plugin of plugins) if (plugin.preBind !== undefined) yield* prepare(plugin, info, nodeName, handle)
    if (extender?.bind !== undefined) {
      const catchAs = (error: unknown) => new BindFailed({ message: messageOf(error) })
      yield* Effect.tryPromise({ try: () => extender.bind!(info.pod, nodeName), catch: catchAs })
    } else yield* bindByPlugins(plugins, info, nodeName, handle)
    for (const plugin of plugins) plugin.postBind?.(info, nodeName)
  })
