/** Finds the API server from inside a pod, by what the kubelet puts there. @module */
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { Effect } from "effect"
import type { Connection } from "./connection.ts"
import { KubeconfigError } from "./kubeconfig.ts"
import { messageOf } from "./transport.ts"

/** Where the service account's token is mounted. */
const defaultFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

/** The connection of the pod's own service account; fails outside a pod. */
export const loadInCluster = (folder: string = defaultFolder): Effect.Effect<Connection, KubeconfigError> =>
  Effect.tryPromise({
    try: async () => {
      const host = process.env["KUBERNETES_SERVICE_HOST"]
      const port = process.env["KUBERNETES_SERVICE_PORT"]
      if (!host || !port) throw new Error("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set")
      return {
        server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
        ca: await readFile(join(folder, "ca.crt"), "utf8"),
        tokenFile: join(folder, "token"),
        namespace: (await readFile(join(folder, "namespace"), "utf8").catch(() => "default")).trim()
      }
    },
    catch: (cause) => new KubeconfigError({ message: `not inside a cluster: ${messageOf(cause)}`, cause })
  })
