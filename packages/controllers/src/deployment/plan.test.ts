/** A Deployment is driven through its life against a toy replica set controller. @module */
import { describe, expect, test } from "bun:test"
import type { Deployment, ReplicaSet } from "@tsukube/api/apps-v1"
import { conditionOf } from "../condition.ts"
import { revisionOf } from "./annotations.ts"
import { maxSurge, maxUnavailable, wantedReplicas } from "./limits.ts"
import { currentReplicaSet, plan } from "./plan.ts"
import { sizeOf } from "./scale.ts"

const deploymentOf = (spec: Partial<NonNullable<Deployment["spec"]>> = {}): Deployment => ({
  metadata: { name: "web", namespace: "default", uid: "d", generation: 1 },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: "web" } },
    strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } },
    progressDeadlineSeconds: 600,
    revisionHistoryLimit: 2,
    template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "c", image: "nginx:1" }] } },
    ...spec
  }
})

const withImage = (deployment: Deployment, image: string): Deployment => ({
  ...deployment,
  metadata: { ...deployment.metadata, generation: (deployment.metadata?.generation ?? 0) + 1 },
  spec: {
    ...deployment.spec!,
    template: { ...deployment.spec!.template, spec: { containers: [{ name: "c", image }] } }
  }
})

/** A world with one Deployment; `advance` lets pods of replica sets appear, vanish or become ready. */
class World {
  deployment: Deployment
  replicaSets: Array<ReplicaSet> = []
  messages: Array<string> = []
  nowMs = 1_700_000_000_000
  private made = 0

  constructor(deployment: Deployment) {
    this.deployment = deployment
  }

  /** One reconcile; true when it wrote anything. */
  step(): boolean {
    const { deployment, replicaSets, nowMs } = this
    const result = plan({ deployment, replicaSets, pods: [], nowMs })
    for (const { type, replicaSet, message } of result.actions) {
      const name = replicaSet.metadata!.name
      const others = this.replicaSets.filter((each) => each.metadata!.name !== name)
      if (message !== undefined) this.messages.push(message)
      if (type === "delete") this.replicaSets = others
      else {
        const creationTimestamp = replicaSet.metadata?.creationTimestamp ?? new Date(nowMs + this.made * 1000).toISOString()
        if (type === "create") this.made++
        const uid = `rs-${name}`
        this.replicaSets = [...others, { ...replicaSet, metadata: { ...replicaSet.metadata, uid, creationTimestamp } }]
      }
    }
    const before = JSON.stringify(deployment)
    const annotations = {
      ...deployment.metadata?.annotations,
      ...(result.revision === undefined ? {} : { "deployment.kubernetes.io/revision": result.revision })
    }
    this.deployment = { ...deployment, metadata: { ...deployment.metadata, annotations }, status: result.status }
    return result.actions.length > 0 || JSON.stringify(this.deployment) !== before
  }

  /** The toy replica set controller: sizes are met; `ready` of them are available. */
  report(ready: (replicaSet: ReplicaSet) => number): void {
    this.replicaSets = this.replicaSets.map((each) => {
      const available = Math.min(sizeOf(each), ready(each))
      const replicas = sizeOf(each)
      return { ...each, status: { replicas, readyReplicas: available, availableReplicas: available, terminatingReplicas: 0 } }
    })
  }

  settle(): void {
    for (let round = 0; round < 100; round++) {
      const changed = this.step()
      const before = JSON.stringify(this.replicaSets)
      this.report(sizeOf)
      if (!changed && JSON.stringify(this.replicaSets) === before) return
    }
    throw new Error("never quiet")
  }

  get progressing() {
    return conditionOf(this.deployment.status?.conditions, "Progressing")
  }
}

describe("a Deployment", () => {
  test("makes one replica set, reports it, and then rests", () => {
    const world = new World(deploymentOf())
    world.step()
    expect(world.messages).toEqual([`Scaled up replica set ${world.replicaSets[0]!.metadata!.name} from 0 to 3`])
    expect(world.progressing?.reason).toBe("NewReplicaSetCreated")
    world.settle()
    expect(world.progressing?.reason).toBe("NewReplicaSetAvailable")
    expect(world.deployment.status).toMatchObject({ replicas: 3, updatedReplicas: 3, availableReplicas: 3 })
    expect(world.deployment.metadata?.annotations).toEqual({ "deployment.kubernetes.io/revision": "1" })
    const set = world.replicaSets[0]!
    expect(set.spec?.selector.matchLabels?.["pod-template-hash"]).toBe(set.metadata!.labels!["pod-template-hash"]!)
    expect(world.step()).toBe(false)
  })

  test("stays within surge and unavailability all through a rollout, whatever becomes ready when", () => {
    for (const replicas of [1, 2, 3, 4, 7, 10]) {
      for (const [surge, unavailable] of [
        ["25%", "25%"],
        [1, 0],
        [0, 1],
        [0, 0],
        ["100%", "50%"],
        [3, 2]
      ] as const) {
        const rollingUpdate = { maxSurge: surge, maxUnavailable: unavailable }
        const world = new World(deploymentOf({ replicas, strategy: { type: "RollingUpdate", rollingUpdate } }))
        world.settle()
        world.deployment = withImage(world.deployment, "nginx:2")
        const most = wantedReplicas(world.deployment) + maxSurge(world.deployment)
        const least = wantedReplicas(world.deployment) - maxUnavailable(world.deployment)
        for (let round = 0; round < 200; round++) {
          world.step()
          const total = world.replicaSets.reduce((sum, each) => sum + sizeOf(each), 0)
          const up = world.replicaSets.reduce((sum, each) => sum + Math.min(sizeOf(each), each.status?.availableReplicas ?? 0), 0)
          expect(total).toBeLessThanOrEqual(most)
          expect(up).toBeGreaterThanOrEqual(least)
          // One more pod of each replica set gets ready in every round.
          world.report((each) => (each.status?.availableReplicas ?? 0) + 1)
        }
        expect(currentReplicaSet(world.deployment, world.replicaSets)?.status?.availableReplicas).toBe(replicas)
        expect(world.progressing?.reason).toBe("NewReplicaSetAvailable")
        expect(world.step()).toBe(false)
      }
    }
  })

  test("numbers revisions, goes back to an old template under a new number, and forgets the oldest", () => {
    const world = new World(deploymentOf())
    for (const image of ["nginx:1", "nginx:2", "nginx:3", "nginx:1"]) {
      if (image !== "nginx:1" || world.replicaSets.length > 0) world.deployment = withImage(world.deployment, image)
      world.settle()
    }
    expect(world.replicaSets.map(revisionOf).sort()).toEqual([2, 3, 4])
    const back = currentReplicaSet(world.deployment, world.replicaSets)!
    expect(back.metadata?.annotations).toMatchObject({
      "deployment.kubernetes.io/revision": "4",
      "deployment.kubernetes.io/revision-history": "1"
    })
    for (const image of ["nginx:5", "nginx:6"]) {
      world.deployment = withImage(world.deployment, image)
      world.settle()
    }
    expect(world.replicaSets).toHaveLength(3)
    expect(world.replicaSets.map(revisionOf).sort()).toEqual([4, 5, 6])
  })

  test("spreads a change of scale in the middle of a rollout", () => {
    const rollingUpdate = { maxSurge: 3, maxUnavailable: 2 }
    const world = new World(deploymentOf({ replicas: 10, strategy: { type: "RollingUpdate", rollingUpdate } }))
    world.settle()
    world.deployment = withImage(world.deployment, "nginx:bad")
    for (let round = 0; round < 20; round++) {
      world.step()
      world.report((each) => (each.spec?.template?.spec?.containers[0]?.image === "nginx:1" ? 100 : 0))
    }
    expect(world.replicaSets.map(sizeOf).sort((a, b) => a - b)).toEqual([5, 8])
    world.deployment = { ...world.deployment, spec: { ...world.deployment.spec!, replicas: 15 } }
    world.step()
    // The documented example of proportional scaling: 15 wanted and 3 surging give 18, split 11 to 7.
    expect(world.replicaSets.map(sizeOf).sort((a, b) => a - b)).toEqual([7, 11])
  })

  test("does nothing new while paused, but scales", () => {
    const world = new World(deploymentOf())
    world.settle()
    world.deployment = withImage(
      { ...world.deployment, spec: { ...world.deployment.spec!, paused: true, replicas: 5 } },
      "nginx:2"
    )
    world.settle()
    expect(world.replicaSets.map(sizeOf)).toEqual([5])
    expect(world.progressing).toMatchObject({ status: "Unknown", reason: "DeploymentPaused", message: "Deployment is paused" })
    world.deployment = { ...world.deployment, spec: { ...world.deployment.spec!, paused: false } }
    world.settle()
    expect(world.replicaSets.map(sizeOf).sort()).toEqual([0, 5])
    expect(world.progressing?.reason).toBe("NewReplicaSetAvailable")
  })

  test("says when it made no progress for too long, and asks to be looked at then", () => {
    const world = new World(deploymentOf({ progressDeadlineSeconds: 10 }))
    world.step()
    world.report(() => 0)
    world.step()
    const { afterMs } = plan({ deployment: world.deployment, replicaSets: world.replicaSets, pods: [], nowMs: world.nowMs })
    expect(afterMs).toBeLessThanOrEqual(11_000)
    world.nowMs += 12_000
    world.step()
    expect(world.progressing).toMatchObject({ status: "False", reason: "ProgressDeadlineExceeded" })
    expect(world.progressing?.message).toEndWith("has timed out progressing.")
  })

  test("stops all old pods first with Recreate", () => {
    const world = new World(deploymentOf({ strategy: { type: "Recreate" } }))
    world.settle()
    world.deployment = withImage(world.deployment, "nginx:2")
    world.step()
    expect(world.replicaSets.map(sizeOf)).toEqual([0])
    world.settle()
    expect(world.replicaSets.map(sizeOf).sort()).toEqual([0, 3])
  })
})
