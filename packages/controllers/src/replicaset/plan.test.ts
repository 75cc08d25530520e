/** Which pods a replica set makes and ends, and what it reports. @module */
import { describe, expect, test } from "bun:test"
import { type ReplicaSet, replicasets } from "@tsukube/api/apps-v1"
import type { Pod } from "@tsukube/api/core-v1"
import { change, podOf, statusOf, untilNextAvailable } from "./plan.ts"
import { inDeletionOrder } from "./rank.ts"

const nowMs = Date.parse("2026-01-01T12:00:00Z")
const ago = (seconds: number): string => new Date(nowMs - seconds * 1000).toISOString()

const set = (replicas: number, minReadySeconds = 0): ReplicaSet => ({
  metadata: { name: "web-1", namespace: "default", uid: "rs", generation: 4 },
  spec: {
    replicas,
    minReadySeconds,
    selector: { matchLabels: { app: "web" } },
    template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "c", image: "nginx" }] } }
  }
})

interface Shape {
  readonly node?: string
  readonly phase?: "Failed" | "Pending" | "Running" | "Succeeded" | "Unknown"
  readonly readySeconds?: number
  readonly cost?: string
  readonly restarts?: number
  readonly ageSeconds?: number
  readonly deleting?: boolean
}

const pod = (name: string, shape: Shape = {}): Pod => ({
  metadata: {
    name,
    uid: name,
    labels: { app: "web" },
    creationTimestamp: ago(shape.ageSeconds ?? 1000),
    ...(shape.cost === undefined ? {} : { annotations: { "controller.kubernetes.io/pod-deletion-cost": shape.cost } }),
    ...(shape.deleting === true ? { deletionTimestamp: ago(0) } : {})
  },
  spec: { containers: [], ...(shape.node === undefined ? {} : { nodeName: shape.node }) },
  status: {
    phase: shape.phase ?? "Running",
    containerStatuses: [{ name: "c", image: "", imageID: "", ready: true, restartCount: shape.restarts ?? 0 }],
    ...(shape.readySeconds === undefined
      ? {}
      : { conditions: [{ type: "Ready", status: "True", lastTransitionTime: ago(shape.readySeconds) }] })
  }
})

const order = (...pods: ReadonlyArray<Pod>): ReadonlyArray<string | undefined> =>
  inDeletionOrder(pods, pods, nowMs).map(({ metadata }) => metadata?.name)

describe("a replica set", () => {
  test("makes what is missing and ends what is too many; pods on their way out do not count", () => {
    expect(change(set(3), [pod("a"), pod("b", { deleting: true }), pod("c", { phase: "Failed" })], [], nowMs).create).toBe(2)
    expect(change(set(1), [pod("a", { node: "n" }), pod("b")], [], nowMs).remove.map(({ metadata }) => metadata?.name)).toEqual([
      "b"
    ])
    expect(change(set(700), [], [], nowMs).create).toBe(500)
  })

  test("gives its pods the template's labels and itself as controller", () => {
    const made = podOf(set(1), replicasets)
    expect(made.metadata).toMatchObject({ generateName: "web-1-", namespace: "default", labels: { app: "web" } })
    expect(made.metadata?.ownerReferences).toEqual([
      { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web-1", uid: "rs", controller: true, blockOwnerDeletion: true }
    ])
  })

  test("counts pods as available only after minReadySeconds, and knows when to look again", () => {
    const pods = [pod("a", { readySeconds: 30 }), pod("b", { readySeconds: 4 }), pod("c"), pod("d", { deleting: true })]
    expect(statusOf(set(3, 10), pods, undefined, nowMs)).toEqual({
      replicas: 3,
      fullyLabeledReplicas: 3,
      readyReplicas: 2,
      availableReplicas: 1,
      terminatingReplicas: 1,
      observedGeneration: 4
    })
    expect(untilNextAvailable(set(3, 10), pods, nowMs)).toBe(6000)
  })

  test("ends first what is missed least", () => {
    const on = (node: string, shape: Shape = {}): Shape => ({ node, readySeconds: 500, ...shape })
    expect(order(pod("placed", on("n")), pod("unplaced", { phase: "Pending" }))).toEqual(["unplaced", "placed"])
    expect(order(pod("running", { node: "n" }), pod("pending", { node: "n", phase: "Pending" }))).toEqual(["pending", "running"])
    expect(order(pod("ready", on("n")), pod("unready", { node: "n" }))).toEqual(["unready", "ready"])
    expect(order(pod("dear", on("n", { cost: "10" })), pod("cheap", on("n", { cost: "-5" })))).toEqual(["cheap", "dear"])
    expect(order(pod("alone", on("m")), pod("b", on("n")), pod("c", on("n")))[2]).toBe("alone")
    expect(order(pod("old", on("n", { readySeconds: 5000 })), pod("new", on("n", { readySeconds: 5 })))).toEqual(["new", "old"])
    expect(order(pod("calm", on("n")), pod("restless", on("n", { restarts: 7 })))).toEqual(["restless", "calm"])
    expect(order(pod("elder", on("n", { ageSeconds: 9000 })), pod("younger", on("n", { ageSeconds: 600 })))).toEqual([
      "younger",
      "elder"
    ])
  })
})
