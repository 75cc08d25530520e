/** Random clusters, pods and events from a seed, small and crowded so that rules meet one another. @module */
import type { Node, Pod, PodAffinityTerm, TopologySpreadConstraint } from "@tsukube/api/core-v1"

/** Numbers from 0 up to 1, the same for the same seed. */
export const seeded = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** Makes things from random numbers. */
export class Maker {
  readonly random: () => number
  #count = 0

  constructor(seed: number) {
    this.random = seeded(seed)
  }

  /** A whole number below the limit. */
  below(limit: number): number {
    return Math.floor(this.random() * limit)
  }

  /** One of several. */
  pick<T>(all: ReadonlyArray<T>): T {
    return all[this.below(all.length)]!
  }

  /** True as often as `share` says. */
  maybe(share: number): boolean {
    return this.random() < share
  }

  /** A node of a name, with random labels, taints, images and room. */
  node(name: string): Node {
    const labels: Record<string, string> = { "kubernetes.io/hostname": name }
    if (this.maybe(0.8)) labels["zone"] = this.pick(["a", "b", "c"])
    if (this.maybe(0.5)) labels["disk"] = this.pick(["ssd", "hdd"])
    const taints = this.maybe(0.3)
      ? [
          {
            key: this.pick(["k", "l"]),
            value: "v",
            effect: this.pick(["NoSchedule", "PreferNoSchedule", "PreferNoSchedule"] as const)
          }
        ]
      : []
    const images = this.maybe(0.3) ? [{ names: [this.pick(["x:latest", "y:latest"])], sizeBytes: 1e8 * (1 + this.below(9)) }] : []
    const allocatable: Record<string, string> = {
      cpu: this.pick(["1", "2", "4"]),
      memory: this.pick(["1Gi", "4Gi"]),
      pods: String(2 + this.below(12))
    }
    if (this.maybe(0.2)) allocatable["example.com/gpu"] = "2"
    return {
      metadata: { name, labels },
      spec: { taints, ...(this.maybe(0.1) ? { unschedulable: true } : {}) },
      status: { allocatable, images }
    }
  }

  #term(): PodAffinityTerm {
    return {
      topologyKey: this.pick(["zone", "kubernetes.io/hostname", "disk"]),
      labelSelector: { matchLabels: { app: this.pick(["web", "db"]) } },
      ...(this.maybe(0.2) ? { namespaces: [this.pick(["default", "other"])] } : {}),
      ...(this.maybe(0.2) ? { namespaceSelector: { matchLabels: { team: this.pick(["red", "blue"]) } } } : {}),
      ...(this.maybe(0.2) ? { matchLabelKeys: ["version"] } : {}),
      ...(this.maybe(0.1) ? { mismatchLabelKeys: ["version"] } : {})
    }
  }

  #podAffinity() {
    return {
      ...(this.maybe(0.5) ? { requiredDuringSchedulingIgnoredDuringExecution: [this.#term()] } : {}),
      ...(this.maybe(0.6)
        ? { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1 + this.below(100), podAffinityTerm: this.#term() }] }
        : {})
    }
  }

  #spread(): TopologySpreadConstraint {
    const whenUnsatisfiable = this.pick(["DoNotSchedule", "ScheduleAnyway"] as const)
    return {
      maxSkew: 1 + this.below(2),
      topologyKey: this.pick(["zone", "kubernetes.io/hostname"]),
      whenUnsatisfiable,
      labelSelector: { matchLabels: { app: this.pick(["web", "db"]) } },
      ...(this.maybe(0.2) && whenUnsatisfiable === "DoNotSchedule" ? { minDomains: 1 + this.below(4) } : {}),
      ...(this.maybe(0.3) ? { nodeAffinityPolicy: this.pick(["Honor", "Ignore"] as const) } : {}),
      ...(this.maybe(0.3) ? { nodeTaintsPolicy: this.pick(["Honor", "Ignore"] as const) } : {}),
      ...(this.maybe(0.2) ? { matchLabelKeys: ["version"] } : {})
    }
  }

  #nodeAffinity() {
    const matchExpressions = [
      { key: this.pick(["zone", "disk"]), operator: this.pick(["In", "NotIn", "Exists"] as const), values: ["a", "ssd"] }
    ]
    return {
      ...(this.maybe(0.4)
        ? { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] } }
        : {}),
      ...(this.maybe(0.7)
        ? { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1 + this.below(100), preference: { matchExpressions } }] }
        : {})
    }
  }

  /** A pod with random wishes. */
  pod(): Pod {
    const name = `p${this.#count++}`
    const requests: Record<string, string> = {}
    if (this.maybe(0.8)) requests["cpu"] = this.pick(["100m", "250m", "1"])
    if (this.maybe(0.6)) requests["memory"] = this.pick(["64Mi", "500Mi"])
    if (this.maybe(0.1)) requests["example.com/gpu"] = "1"
    const ports = this.maybe(0.1) ? [{ containerPort: 80, hostPort: 80 + this.below(2) }] : []
    const affinity = {
      ...(this.maybe(0.25) ? { nodeAffinity: this.#nodeAffinity() } : {}),
      ...(this.maybe(0.3) ? { podAffinity: this.#podAffinity() } : {}),
      ...(this.maybe(0.3) ? { podAntiAffinity: this.#podAffinity() } : {})
    }
    return {
      metadata: {
        name,
        uid: name,
        namespace: this.pick(["default", "default", "other"]),
        labels: { app: this.pick(["web", "db", "none"]), version: this.pick(["1", "2"]) },
        ...(this.maybe(0.05) ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {})
      },
      spec: {
        containers: [{ name: "c", image: this.pick(["x", "y", "z"]), resources: { requests }, ports }],
        priority: this.below(3),
        affinity,
        ...(this.maybe(0.3) ? { topologySpreadConstraints: [this.#spread(), ...(this.maybe(0.4) ? [this.#spread()] : [])] } : {}),
        ...(this.maybe(0.3) ? { tolerations: [{ key: this.pick(["k", "l"]), operator: "Exists" as const }] } : {}),
        ...(this.maybe(0.1) ? { nodeSelector: { disk: "ssd" } } : {})
      },
      status: { startTime: `2026-01-01T0${this.below(4)}:00:00Z` }
    }
  }
}
