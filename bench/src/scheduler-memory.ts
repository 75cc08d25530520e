/** Memory of a scheduler that knows 5,000 nodes and 150,000 pods: `bun bench/src/scheduler-memory.ts`. @module */
import { defaultPlugins, Engine, podInfo, snapshotOf } from "@tsukube/scheduler"
import { makeNodes, makePods } from "./scheduler-workloads.ts"

const nodes = 5000
const pods = 150_000
const snapshot = snapshotOf({ nodes: makeNodes(nodes), pods: [] })
const engine = new Engine(snapshot, defaultPlugins)
let placed = 0
for (let batch = 0; batch < 150; batch++) {
  for (const pod of makePods(`batch${batch}`, pods / 150, {}, { app: `app-${batch}` })) {
    const info = podInfo(pod)
    const decision = engine.schedule(info)
    if (decision.type !== "placed") throw new Error(decision.message)
    snapshot.addPod(info, decision.nodeName)
    placed++
  }
}
const { rss, heapUsed } = process.memoryUsage()
console.log(
  JSON.stringify({
    nodes,
    pods: placed,
    rssMiB: Math.round(rss / 2 ** 20),
    heapMiB: Math.round(heapUsed / 2 ** 20),
    limitMiB: 1024
  })
)
