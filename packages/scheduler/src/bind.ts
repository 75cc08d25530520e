/** Everything between the decision and the node: permission, preparation, binding. @module */
import { type Pod, pods } from "@tsukube/api/core-v1"
import type { Client, ClientError } from "@tsukube/client"
import { Data, Effect } from "effect"
import type { Plugin } from "./plugin.ts"
import type { PodInfo } from "./snapshot.ts"

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

const prepare = (plugin: Plugin, pod: PodInfo, nodeName: string): Effect.Effect<void, NotPermitted> =>
  Effect.tryPromise({
    try: async () => plugin.preBind?.(pod, nodeName),
    catch: (error) => new NotPermitted({ plugin: plugin.name, message: String(error) })
  })

const bindByPlugins = (plugins: ReadonlyArray<Plugin>, pod: PodInfo, nodeName: string): Effect.Effect<boolean, NotPermitted> =>
  Effect.gen(function* () {
    for (const plugin of plugins) {
      if (plugin.bind === undefined) continue
      const catchAs = (error: unknown) => new NotPermitted({ plugin: plugin.name, message: String(error) })
      if (yield* Effect.tryPromise({ try: () => plugin.bind!(pod, nodeName), catch: catchAs })) return true
    }
    return false
  })

const bindingOf = ({ metadata }: Pod, nodeName: string): unknown => ({
  apiVersion: "v1",
  kind: "Binding",
  metadata: { name: metadata?.name, namespace: metadata?.namespace, uid: metadata?.uid },
  target: { apiVersion: "v1", kind: "Node", name: nodeName }
})

/** Brings the pod to the node that was chosen for it. */
export const bind = (
  client: Client,
  plugins: ReadonlyArray<Plugin>,
  info: PodInfo,
  nodeName: string
): Effect.Effect<void, ClientError | NotPermitted> =>
  Effect.gen(function* () {
    for (const plugin of plugins) if (plugin.permit !== undefined) yield* ask(plugin, info, nodeName)
    for (const plugin of plugins) if (plugin.preBind !== undefined) yield* prepare(plugin, info, nodeName)
    if (!(yield* bindByPlugins(plugins, info, nodeName))) {
      const key = { namespace: info.namespace, name: info.pod.metadata?.name ?? "" }
      yield* client.createSubresource(pods, key, "binding", bindingOf(info.pod, nodeName))
    }
    for (const plugin of plugins) plugin.postBind?.(info, nodeName)
  })
