import { expect, test } from "bun:test"
import { configmaps } from "@tsukube/api/core-v1"
import { Apiserver, layer as layerApiserver } from "@tsukube/apiserver"
import { layerMemory } from "@tsukube/store"
import { eventually } from "@tsukube/testing"
import { Context, Layer, ManagedRuntime } from "effect"
import { openClient } from "./promise.ts"

test("the promise face does what the effects do: verbs, errors, watches, informers, giving up", async () => {
  const runtime = ManagedRuntime.make(layerApiserver().pipe(Layer.provide(layerMemory)))
  try {
    const apiserver = Context.get(await runtime.context(), Apiserver)
    await using client = await openClient({ fetch: apiserver.fetchAs({ name: "admin", groups: ["system:masters"] }) })
    const key = { namespace: "default", name: "a" }

    await client.create(configmaps, { metadata: key, data: { n: "1" } })
    await expect(client.get(configmaps, { ...key, name: "b" })).rejects.toMatchObject({ _tag: "StatusError", code: 404 })

    const informer = await client.informer(configmaps, { namespace: "default", fieldSelector: "metadata.name=a" })
    expect(informer.get("default/a")?.data).toEqual({ n: "1" })

    const seen: Array<string> = []
    const fieldSelector = "metadata.name=a"
    for await (const { type } of client.watch(configmaps, { namespace: "default", fieldSelector })) {
      seen.push(type)
      if (seen.length === 1) await client.patch(configmaps, key, { type: "merge", body: { data: { n: "2" } } })
      if (seen.length === 2) break
    }
    expect(seen).toEqual(["ADDED", "MODIFIED"])
    await eventually(() => informer.get("default/a")?.data?.["n"] === "2")

    for await (const event of client.follow(configmaps, { namespace: "default", fieldSelector })) {
      expect(event).toMatchObject({ type: "Listed", objects: [{ kind: "ConfigMap", data: { n: "2" } }] })
      break
    }
    await expect(client.list(configmaps, { signal: AbortSignal.abort() })).rejects.toThrow()
  } finally {
    await runtime.dispose()
  }
})

test("a kubeconfig that is not there rejects with what is wrong", async () => {
  await expect(openClient({ file: "/nowhere/config" })).rejects.toMatchObject({ _tag: "KubeconfigError" })
})
