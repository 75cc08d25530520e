/** SchedulingBasic through our API server on PostgreSQL, all bindings acknowledged: `bun bench/src/scheduler-end-to-end.ts [nodes] [pods]`. @module */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { nodes, pods, serviceaccounts } from "@tsukube/api/core-v1"
import { Apiserver, layer } from "@tsukube/apiserver"
import { makeClient, makeInformers } from "@tsukube/client"
import { runScheduler } from "@tsukube/scheduler"
import { layerEmbedded } from "@tsukube/store/embedded"
import { Context, Effect, Layer } from "effect"
import { makeNodes, makePods } from "./scheduler-workloads.ts"

const [nodeCount = 5000, podCount = 10_000] = process.argv.slice(2).map(Number)
const threshold = 680
const dataDir = mkdtempSync(join(tmpdir(), "tsukube-scheduler-"))

const program = Effect.gen(function* () {
  const context = yield* Layer.build(layer().pipe(Layer.provide(layerEmbedded({ dataDir }))))
  const client = makeClient(Context.get(context, Apiserver).fetchAs({ name: "system:admin", groups: ["system:masters"] }))
  yield* client.create(serviceaccounts, { metadata: { name: "default", namespace: "default" } })
  yield* Effect.forEach(
    makeNodes(nodeCount),
    (node) =>
      Effect.gen(function* () {
        const made = yield* client.create(nodes, node)
        yield* client.updateStatus(nodes, { ...made, status: node.status ?? {} })
        yield* client.patch(nodes, { name: made.metadata?.name ?? "" }, { type: "merge", body: { spec: { taints: null } } })
      }),
    { concurrency: 64, discard: true }
  )
  const waiting = makePods("pod", podCount).map(({ metadata, ...pod }) => ({
    ...pod,
    metadata: { name: metadata?.name ?? "", namespace: "default" }
  }))
  // The clock runs from the first pod created to the last binding seen, as upstream's does.
  const informers = yield* makeInformers(client)
  yield* runScheduler(client, informers)
  const watch = informers.of(pods)
  yield* watch.synced
  let bound = 0
  const counted = new Set<string>()
  watch.on(({ type, object }) => {
    const uid = object.metadata?.uid ?? ""
    if (type === "Delete" || !object.spec?.nodeName || counted.has(uid)) return
    counted.add(uid)
    bound++
  })
  const started = performance.now()
  yield* Effect.forEach(waiting, (pod) => client.create(pods, pod), { concurrency: 128, discard: true })
  while (bound < podCount) yield* Effect.sleep("20 millis")
  const rate = podCount / ((performance.now() - started) / 1000)
  console.log(
    JSON.stringify({
      nodes: nodeCount,
      pods: podCount,
      podsPerSecond: Math.round(rate),
      threshold,
      ratio: Number((rate / threshold).toFixed(2))
    })
  )
})

try {
  await Effect.runPromise(Effect.scoped(program))
} finally {
  rmSync(dataDir, { recursive: true, force: true })
}
