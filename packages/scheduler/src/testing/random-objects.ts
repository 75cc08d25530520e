/** Random volumes, devices and disruption budgets around a random cluster, and pods that want them. @module */
import type { Pod } from "@tsukube/api/core-v1"
import type { PodDisruptionBudget } from "@tsukube/api/policy-v1"
import type { Device, DeviceRequest, ResourceClaim } from "@tsukube/api/resource-v1"
import type { Snapshot } from "../snapshot.ts"
import type { Maker } from "./random-cluster.ts"

const driver = "gpu.example.com"
const claimCount = 12
const volumeClaims = Array.from({ length: claimCount }, (_, index) => `volume-${index}`)
const deviceClaims = Array.from({ length: claimCount }, (_, index) => `device-${index}`)

/** Puts objects into a snapshot, and changes them. */
export class ObjectMaker {
  readonly #maker: Maker
  readonly #snapshot: Snapshot

  constructor(maker: Maker, snapshot: Snapshot) {
    this.#maker = maker
    this.#snapshot = snapshot
  }

  /** Volumes, devices and budgets for nodes of these names. */
  fill(nodeNames: ReadonlyArray<string>): void {
    const { objects } = this.#snapshot
    const late = { volumeBindingMode: "WaitForFirstConsumer" as const }
    objects.storageClasses.set({ metadata: { name: "ready" }, provisioner: "kubernetes.io/no-provisioner", ...late })
    objects.storageClasses.set({ metadata: { name: "made" }, provisioner: "csi", ...late })
    objects.csiDrivers.set({ metadata: { name: "csi" }, spec: { storageCapacity: this.#maker.maybe(0.5) } })
    objects.deviceClasses.set({ metadata: { name: "gpu" }, spec: {} })
    for (const name of nodeNames) this.#node(name)
    for (const name of volumeClaims) this.#volumeClaim(name, nodeNames)
    for (const name of deviceClaims) objects.resourceClaims.set(this.#deviceClaim(name))
    const budgets = Array.from({ length: this.#maker.below(3) }, () => this.#budget())
    this.#snapshot.budgets = () => budgets
  }

  /** Something changes. */
  change(nodeNames: ReadonlyArray<string>): void {
    if (this.#maker.maybe(0.5)) this.#node(this.#maker.pick(nodeNames))
    else this.#volumeClaim(this.#maker.pick(volumeClaims), nodeNames)
  }

  /** The pod, perhaps with volumes and devices. */
  adorn(pod: Pod): Pod {
    const { spec, metadata } = pod
    if (spec === undefined || metadata?.namespace !== "default") return pod
    const claimName = this.#maker.pick(volumeClaims)
    const volumes = [
      ...(this.#maker.maybe(0.25) ? [{ name: "claimed", persistentVolumeClaim: { claimName } }] : []),
      ...(this.#maker.maybe(0.1)
        ? [{ name: "disk", gcePersistentDisk: { pdName: "disk", readOnly: this.#maker.maybe(0.5) } }]
        : [])
    ]
    const resourceClaims = Array.from({ length: this.#maker.maybe(0.2) ? 1 + this.#maker.below(2) : 0 }, (_, index) => ({
      name: `r${index}`,
      resourceClaimName: this.#maker.pick(deviceClaims)
    }))
    return {
      ...pod,
      spec: {
        ...spec,
        ...(volumes.length === 0 ? {} : { volumes }),
        ...(resourceClaims.length === 0
          ? {}
          : { resourceClaims: resourceClaims.slice(0, new Set(resourceClaims.map((each) => each.resourceClaimName)).size) })
      }
    }
  }

  #node(name: string): void {
    const { objects } = this.#snapshot
    const maker = this.#maker
    const count = maker.maybe(0.7) ? maker.below(3) : undefined
    objects.csiNodes.set({
      metadata: { name },
      spec: { drivers: [{ name: "csi", nodeID: name, ...(count === undefined ? {} : { allocatable: { count } }) }] }
    })
    objects.capacities.set({
      metadata: { name },
      storageClassName: "made",
      capacity: maker.pick(["1Mi", "5Gi"]),
      nodeTopology: { matchLabels: { "kubernetes.io/hostname": name } }
    })
    if (maker.maybe(0.5)) {
      const source = { persistentVolumeName: `of-${maker.pick(volumeClaims)}` }
      objects.volumeAttachments.set({ metadata: { name }, spec: { attacher: "csi", nodeName: name, source } })
    }
    const pool = { name, generation: 1, resourceSliceCount: 2 }
    const devices = Array.from({ length: 2 + maker.below(2) }, (_, index) => this.#device(`g${index}`))
    const sharedCounters = [{ name: "chip", counters: { memory: { value: "8Gi" } } }]
    objects.resourceSlices.set({ metadata: { name: `${name}-counters` }, spec: { driver, nodeName: name, pool, sharedCounters } })
    objects.resourceSlices.set({ metadata: { name: `${name}-devices` }, spec: { driver, nodeName: name, pool, devices } })
  }

  #device(name: string): Device {
    const memory = { value: this.#maker.pick(["2Gi", "4Gi", "6Gi"]) }
    return {
      name,
      attributes: {
        model: { string: this.#maker.pick(["small", "large"]) },
        ...(this.#maker.maybe(0.8) ? { numa: { int: this.#maker.below(2) } } : {})
      },
      ...(this.#maker.maybe(0.6) ? { consumesCounters: [{ counterSet: "chip", counters: { memory } }] } : {})
    }
  }

  #volumeClaim(name: string, nodeNames: ReadonlyArray<string>): void {
    const { objects } = this.#snapshot
    const maker = this.#maker
    const isBound = maker.maybe(0.4)
    const storageClassName = maker.pick(["ready", "made"])
    const accessModes = [maker.pick(["ReadWriteOnce", "ReadWriteOnce", "ReadWriteOncePod"] as const)]
    const values = [maker.pick(nodeNames), maker.pick(nodeNames)]
    objects.volumes.set({
      metadata: { name: `of-${name}`, labels: maker.maybe(0.3) ? { "topology.kubernetes.io/zone": "a__b" } : {} },
      spec: {
        capacity: { storage: "1Gi" },
        accessModes,
        storageClassName,
        csi: { driver: "csi", volumeHandle: name },
        ...(maker.maybe(0.6)
          ? {
              nodeAffinity: {
                required: {
                  nodeSelectorTerms: [{ matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values }] }]
                }
              }
            }
          : {})
      }
    })
    objects.claims.set({
      metadata: {
        name,
        namespace: "default",
        ...(isBound ? { annotations: { "pv.kubernetes.io/bind-completed": "yes" } } : {})
      },
      spec: {
        accessModes,
        storageClassName,
        resources: { requests: { storage: "1Gi" } },
        ...(isBound ? { volumeName: `of-${name}` } : {})
      }
    })
  }

  #request(name: string): DeviceRequest {
    const maker = this.#maker
    const model = (which: string) => ({
      selectors: [{ cel: { expression: `device.attributes["${driver}"].model == "${which}"` } }]
    })
    if (maker.maybe(0.3)) {
      const models = maker.maybe(0.5) ? ["large", "small"] : ["small", "large"]
      return { name, firstAvailable: models.map((which) => ({ name: which, deviceClassName: "gpu", ...model(which) })) }
    }
    const some = maker.maybe(0.6) ? model(maker.pick(["small", "large"])) : {}
    if (maker.maybe(0.1)) return { name, exactly: { deviceClassName: "gpu", allocationMode: "All", ...some } }
    return { name, exactly: { deviceClassName: "gpu", count: 1 + maker.below(2), ...some } }
  }

  #deviceClaim(name: string): ResourceClaim {
    const maker = this.#maker
    const requests = ["one", "two"].slice(0, 1 + maker.below(2)).map((each) => this.#request(each))
    const attribute = `${driver}/${maker.pick(["numa", "model"])}`
    const kind = maker.pick(["matchAttribute", "distinctAttribute"] as const)
    const constraints = maker.maybe(0.4) ? [{ [kind]: attribute, ...(maker.maybe(0.3) ? { requests: ["one"] } : {}) }] : []
    return { metadata: { name, namespace: "default" }, spec: { devices: { requests, constraints } } }
  }

  #budget(): PodDisruptionBudget {
    return {
      metadata: { name: "budget", namespace: this.#maker.pick(["default", "other"]) },
      spec: { selector: { matchLabels: { app: this.#maker.pick(["web", "db"]) } } },
      status: { disruptionsAllowed: this.#maker.below(2), currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 }
    }
  }
}
