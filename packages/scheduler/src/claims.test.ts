/** Claims for devices and volumes in a running scheduler, against a real API server. @module */
import { describe, expect, test } from "bun:test"
import { type Pod, persistentvolumeclaims, persistentvolumes, pods } from "@tsukube/api/core-v1"
import { deviceclasses, resourceclaims, resourceslices } from "@tsukube/api/resource-v1"
import { storageclasses } from "@tsukube/api/storage-v1"
import { live } from "@tsukube/testing"
import { Effect } from "effect"
import { runScheduler } from "./scheduler.ts"
import { addNode, eventually, nodeOf, refusalOf, startCluster } from "./testing/cluster.ts"

const namespace = "default"
const pod = (name: string, spec: Partial<NonNullable<Pod["spec"]>>): Pod => ({
  metadata: { name, namespace },
  spec: { containers: [{ name: "c", image: "i" }], ...spec }
})
const quick = { initialBackoffMs: 10, maxBackoffMs: 20 }

describe("a pod with claims", () => {
  test(
    "gets its device written into the claim before it is bound; the next one waits for a device",
    live(() =>
      Effect.gen(function* () {
        const { client, informers } = yield* startCluster
        for (const name of ["a", "b"]) yield* addNode(client, name)
        yield* client.create(deviceclasses, { metadata: { name: "gpu" }, spec: {} })
        const slice = (name: string) => ({
          metadata: { name },
          spec: {
            driver: "gpu.example.com",
            nodeName: "b",
            pool: { name, generation: 1, resourceSliceCount: 1 },
            devices: [{ name: "g0" }]
          }
        })
        yield* client.create(resourceslices, slice("first"))
        const requests = [{ name: "gpu", exactly: { deviceClassName: "gpu" } }]
        for (const name of ["x", "y"])
          yield* client.create(resourceclaims, { metadata: { name, namespace }, spec: { devices: { requests } } })
        yield* runScheduler(client, informers, quick)
        const wants = (claim: string) => pod(claim, { resourceClaims: [{ name: "r", resourceClaimName: claim }] })
        yield* client.create(pods, wants("x"))
        yield* eventually("x", nodeOf(client, "x"), (name) => name === "b")
        const { status } = yield* client.get(resourceclaims, { namespace, name: "x" })
        expect(status?.allocation?.devices?.results).toMatchObject([{ request: "gpu", pool: "first", device: "g0" }])
        expect(status?.reservedFor).toMatchObject([{ resource: "pods", name: "x" }])
        yield* client.create(pods, wants("y"))
        const refused = yield* eventually("y waits", refusalOf(client, "y"), (each) => each?.reason === "Unschedulable")
        expect(refused?.message).toStartWith("0/2 nodes are available: 2 cannot allocate all claims.")
        yield* client.create(resourceslices, slice("second"))
        yield* eventually("y", nodeOf(client, "y"), (name) => name === "b")
      })
    ),
    20_000
  )

  test(
    "reserves its volume for the claim, and is bound when the cluster has bound the two",
    live(() =>
      Effect.gen(function* () {
        const { client, informers } = yield* startCluster
        for (const name of ["a", "b"]) yield* addNode(client, name)
        const storageClassName = "late"
        yield* client.create(storageclasses, {
          metadata: { name: storageClassName },
          provisioner: "kubernetes.io/no-provisioner",
          volumeBindingMode: "WaitForFirstConsumer"
        })
        const storage = "1Gi"
        const accessModes = ["ReadWriteOnce"] as const
        const matchExpressions = [{ key: "kubernetes.io/hostname", operator: "In" as const, values: ["b"] }]
        const volume = yield* client.create(persistentvolumes, {
          metadata: { name: "v" },
          spec: {
            capacity: { storage },
            accessModes,
            storageClassName,
            hostPath: { path: "/v" },
            nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions }] } }
          }
        })
        yield* client.updateStatus(persistentvolumes, { ...volume, status: { phase: "Available" } })
        yield* client.create(persistentvolumeclaims, {
          metadata: { name: "x", namespace },
          spec: { accessModes, storageClassName, resources: { requests: { storage } } }
        })
        yield* runScheduler(client, informers, quick)
        yield* client.create(pods, pod("p", { volumes: [{ name: "v", persistentVolumeClaim: { claimName: "x" } }] }))
        const claimed = Effect.map(client.get(persistentvolumes, { name: "v" }), ({ spec }) => spec?.claimRef?.name)
        yield* eventually("reserved", claimed, (name) => name === "x")
        expect(yield* nodeOf(client, "p")).toBeUndefined()
        // What the volume controller does.
        const metadata = { annotations: { "pv.kubernetes.io/bind-completed": "yes" } }
        const body = { metadata, spec: { volumeName: "v" } }
        yield* client.patch(persistentvolumeclaims, { namespace, name: "x" }, { type: "merge", body })
        yield* eventually("bound", nodeOf(client, "p"), (name) => name === "b")
      })
    ),
    20_000
  )
})
