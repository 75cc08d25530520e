import { expect, test } from "bun:test"
import { type ConfigMap, configmaps } from "@tsukube/api/core-v1"
import { createAuthority } from "@tsukube/apiserver/certificates"
import { startApiserver } from "@tsukube/apiserver/promise"
import { layerMemory, Store } from "@tsukube/store"
import { eventually } from "@tsukube/testing"
import { Layer, ManagedRuntime } from "effect"
import { openClient } from "./promise.ts"

const namespace = "default"
const labels = { test: "yes" }

test("over TLS with a kubeconfig's certificates: verbs, and an informer that lives through a restart of the server", async () => {
  // One store, so that the server that comes back is the one that went, and another server can write meanwhile.
  const memory = ManagedRuntime.make(layerMemory)
  const store = Layer.succeed(Store, await memory.runPromise(Store))
  const authority = await createAuthority()
  await using other = await startApiserver({ store, authority })
  await using writer = await openClient({ text: other.kubeconfig })
  let server = await startApiserver({ store, authority })
  const { port } = server
  try {
    await using client = await openClient({ text: server.kubeconfig })
    await client.create(configmaps, { metadata: { namespace, name: "a", labels } })
    const informer = await client.informer(configmaps, { namespace, labelSelector: "test" })
    const heard: Array<string> = []
    informer.on(({ type, object }: { type: string; object: ConfigMap }) => void heard.push(`${type} ${object.metadata?.name}`))
    await client.create(configmaps, { metadata: { namespace, name: "b", labels } })
    await eventually(() => heard.length === 2)

    await server.close()
    await expect(client.list(configmaps)).rejects.toMatchObject({ _tag: "TransportError" })
    await writer.create(configmaps, { metadata: { namespace, name: "c", labels } })
    await writer.delete(configmaps, { namespace, name: "a" })
    server = await startApiserver({ store, authority, port })
    await eventually(() => heard.length === 4)
    // The server that comes back may have forgotten the revision: then a list tells, in an order of its own.
    expect(heard.slice(0, 2)).toEqual(["Add a", "Add b"])
    expect(heard.slice(2).sort()).toEqual(["Add c", "Delete a"])

    await using nobody = await openClient({ text: await server.kubeconfigFor({ name: "nobody" }) })
    await expect(nobody.list(configmaps)).rejects.toMatchObject({ _tag: "StatusError", code: 403 })
  } finally {
    await server.close()
    await memory.dispose()
  }
})
