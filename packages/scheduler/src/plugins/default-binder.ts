/** Writes the binding of a pod to its node. @module */
import { type Pod, pods } from "@tsukube/api/core-v1"
import { definePlugin, type Plugin } from "../plugin.ts"

const bindingOf = ({ metadata }: Pod, nodeName: string): unknown => ({
  apiVersion: "v1",
  kind: "Binding",
  metadata: { name: metadata?.name, namespace: metadata?.namespace, uid: metadata?.uid },
  target: { apiVersion: "v1", kind: "Node", name: nodeName }
})

/** Upstream's DefaultBinder. Without a cluster there is nothing to write. */
export const defaultBinder: Plugin = definePlugin({
  name: "DefaultBinder",
  bind: async ({ pod, namespace }, nodeName, { client, run }) => {
    if (client === undefined) return false
    const key = { namespace, name: pod.metadata?.name ?? "" }
    await run(client.createSubresource(pods, key, "binding", bindingOf(pod, nodeName)))
    return true
  }
})
