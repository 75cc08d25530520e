/** Our own client against the cluster of the kubeconfig: writes, reads, watches; prints `ok`. Runs on Bun, Node and Deno alike. @module */
import process from "node:process"
import { configmaps } from "@tsukube/api/core-v1"
import { openClient } from "@tsukube/client/promise"

const client = await openClient({ file: process.argv[2] ?? "" })
const name = `own-${process.pid}`
const { metadata } = await client.list(configmaps, { namespace: "default" })
const watched = (async () => {
  const options = { namespace: "default", resourceVersion: metadata?.resourceVersion ?? "" }
  for await (const { type, object } of client.watch(configmaps, options)) {
    if (object.metadata?.name === name) return type
  }
  return undefined
})()
await client.create(configmaps, { metadata: { name, namespace: "default" }, data: { a: "ü" } })
const read = await client.get(configmaps, { namespace: "default", name })
if (read.data?.["a"] !== "ü" || (await watched) !== "ADDED") throw new Error("not what was written")
await client[Symbol.asyncDispose]()
console.log("ok")
process.exit(0)
