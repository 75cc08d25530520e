import { expect, test } from "bun:test"
import { leases } from "@tsukube/api/coordination-v1"
import { configmaps, events, nodes, type Pod, pods } from "@tsukube/api/core-v1"
import type { Client } from "@tsukube/client"
import { eventually, live } from "@tsukube/testing"
import { Effect, Exit, Scope } from "effect"
import { runKubelet } from "./kubelet.ts"
import { makeSimulated } from "./runtimes/simulated.ts"
import { boundPod, startApi } from "./testing/api.ts"

const startNode = (client: Client, nodeName: string) =>
  Effect.gen(function* () {
    const runtime = yield* makeSimulated({ nodeName, podCidr: "10.244.3.0/24" })
    return yield* runKubelet({ client, nodeName, runtime, rootDir: "/nowhere", addresses: ["127.0.0.1"] })
  })

const getPod = (client: Client, name: string): Promise<Pod> => Effect.runPromise(client.get(pods, { namespace: "default", name }))

const phaseIs = (client: Client, name: string, phase: string) => async () => {
  const pod = await getPod(client, name)
  return pod.status?.phase === phase && pod
}

test(
  "a simulated node registers, is ready and holds a lease",
  live(() =>
    Effect.gen(function* () {
      const client = yield* startApi()
      yield* startNode(client, "sim-1")
      const node = yield* client.get(nodes, { name: "sim-1" })
      expect(node.metadata?.labels?.["kubernetes.io/hostname"]).toBe("sim-1")
      expect(node.status?.conditions?.find(({ type }) => type === "Ready")?.status).toBe("True")
      expect(node.status?.nodeInfo?.containerRuntimeVersion).toStartWith("simulated://")
      const lease = yield* client.get(leases, { namespace: "kube-node-lease", name: "sim-1" })
      expect(lease.spec?.holderIdentity).toBe("sim-1")
    })
  )
)

test(
  "a bound pod becomes running and ready, has an address, tells its events, and goes away when it is deleted",
  live(() =>
    Effect.gen(function* () {
      const client = yield* startApi()
      yield* startNode(client, "sim-1")
      yield* client.create(pods, boundPod("web", "sim-1"))
      const pod = yield* Effect.promise(() => eventually(phaseIs(client, "web", "Running"), { what: "web running" }))
      expect(pod.status?.podIP).toStartWith("10.244.3.")
      expect(pod.status?.containerStatuses?.[0]).toMatchObject({ ready: true, started: true, restartCount: 0 })
      expect(pod.status?.containerStatuses?.[0]?.containerID).toStartWith("simulated://")
      const conditions = Object.fromEntries((pod.status?.conditions ?? []).map(({ type, status }) => [type, status]))
      expect(conditions).toMatchObject({
        PodReadyToStartContainers: "True",
        Initialized: "True",
        Ready: "True",
        ContainersReady: "True",
        PodScheduled: "True"
      })
      yield* Effect.promise(() =>
        eventually(async () => {
          const { items } = await Effect.runPromise(client.list(events, { namespace: "default" }))
          const reasons = items.map(({ reason }) => reason)
          return ["Pulling", "Pulled", "Created", "Started"].every((reason) => reasons.includes(reason))
        })
      )
      yield* client.delete(pods, { namespace: "default", name: "web" })
      yield* Effect.promise(() =>
        eventually(async () => (await Effect.runPromise(client.list(pods, { namespace: "default" }))).items.length === 0)
      )
    })
  )
)

test(
  "a pod that does not always restart succeeds after a moment, init containers first",
  live(() =>
    Effect.gen(function* () {
      const client = yield* startApi()
      yield* startNode(client, "sim-1")
      const spec = { restartPolicy: "Never" as const, initContainers: [{ name: "setup", image: "busybox:1" }] }
      yield* client.create(pods, boundPod("job", "sim-1", spec))
      const pod = yield* Effect.promise(() => eventually(phaseIs(client, "job", "Succeeded")))
      expect(pod.status?.initContainerStatuses?.[0]?.state?.terminated?.reason).toBe("Completed")
      expect(pod.status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(0)
      expect(pod.status?.conditions?.find(({ type }) => type === "Ready")).toMatchObject({
        status: "False",
        reason: "PodCompleted"
      })
    })
  )
)

test(
  "a container whose ConfigMap is missing waits and says so, and starts when it is there",
  live(() =>
    Effect.gen(function* () {
      const client = yield* startApi()
      yield* startNode(client, "sim-1")
      const valueFrom = { configMapKeyRef: { name: "settings", key: "mode" } }
      const containers = [{ name: "main", image: "busybox:1", env: [{ name: "MODE", valueFrom }] }]
      yield* client.create(pods, boundPod("web", "sim-1", { containers }))
      const waiting = yield* Effect.promise(() =>
        eventually(async () => (await getPod(client, "web")).status?.containerStatuses?.[0]?.state?.waiting)
      )
      yield* Effect.promise(() =>
        eventually(async () => {
          const state = (await getPod(client, "web")).status?.containerStatuses?.[0]?.state?.waiting
          return state?.reason === "CreateContainerConfigError" && state.message === 'configmap "settings" not found'
        })
      )
      expect(waiting).toBeDefined()
      yield* client.create(configmaps, { metadata: { name: "settings", namespace: "default" }, data: { mode: "on" } })
      yield* Effect.promise(() => eventually(phaseIs(client, "web", "Running")))
    })
  )
)

test(
  "a kubelet that starts again finds its simulated pods as they were",
  live(() =>
    Effect.gen(function* () {
      const client = yield* startApi()
      const first = yield* Scope.make()
      yield* Scope.provide(startNode(client, "sim-1"), first)
      yield* client.create(pods, boundPod("web", "sim-1"))
      const before = yield* Effect.promise(() => eventually(phaseIs(client, "web", "Running")))
      yield* Scope.close(first, Exit.void)
      yield* startNode(client, "sim-1")
      yield* client.create(pods, boundPod("other", "sim-1"))
      const other = yield* Effect.promise(() => eventually(phaseIs(client, "other", "Running")))
      const after = yield* client.get(pods, { namespace: "default", name: "web" })
      expect(after.status?.containerStatuses).toEqual(before.status?.containerStatuses)
      expect(after.status?.podIP).toBe(before.status?.podIP)
      expect(other.status?.podIP).not.toBe(before.status?.podIP)
    })
  )
)

test(
  "a pod past its deadline is failed",
  live(() =>
    Effect.gen(function* () {
      const client = yield* startApi()
      yield* startNode(client, "sim-1")
      yield* client.create(pods, boundPod("late", "sim-1", { activeDeadlineSeconds: 1 }))
      const pod = yield* Effect.promise(() => eventually(phaseIs(client, "late", "Failed")))
      expect(pod.status).toMatchObject({
        reason: "DeadlineExceeded",
        message: "Pod was active on the node longer than the specified deadline"
      })
    })
  )
)
