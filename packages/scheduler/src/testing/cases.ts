/** Small objects for tables of cases, and what the scheduler makes of them. @module */
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod } from "@tsukube/api/core-v1"
import { makePlanner, type PlanInput, plan } from "../embed.ts"
import type { Plugin } from "../plugin.ts"

/** What a pod says beside its containers. */
export type Spec = Partial<NonNullable<Pod["spec"]>>
/** Labels, or amounts by name. */
export type Labels = Record<string, string>

/** A node with room for a few pods. */
export const node = (name: string, labels: Labels = {}, allocatable: Labels = {}, spec: Node["spec"] = {}): Node => ({
  metadata: { name, labels: { "kubernetes.io/hostname": name, ...labels } },
  spec,
  status: { allocatable: { cpu: "4", memory: "8Gi", pods: "110", ...allocatable } }
})

/** A pod with one container. */
export const pod = (name: string, spec: Spec = {}, labels: Labels = {}): Pod => ({
  metadata: { name, uid: name, namespace: "default", labels },
  spec: { containers: [{ name: "c" }], ...spec }
})

/** The pod on its node. */
export const on = (nodeName: string, each: Pod): Pod => ({ ...each, spec: { containers: [], ...each.spec, nodeName } })

/** A container that asks for cpu, and perhaps for more. */
export const cpu = (amount: string, more: Labels = {}): Spec => ({
  containers: [{ name: "c", resources: { requests: { cpu: amount, ...more } } }]
})

/** Where the last pod goes, or the first sentence of why nowhere. */
export const outcome = (input: PlanInput, plugins?: ReadonlyArray<Plugin>): string => {
  const { decision } = plan(input, plugins === undefined ? {} : { plugins }).at(-1)!
  return decision.type === "placed"
    ? decision.nodeName
    : (decision.message.split(". ")[0] ?? "").replace(/^.*available: /, "").replace(/\.$/, "")
}

/** The weighted points of one plugin for a pod, by node that fits. */
export const scoresOf = (
  plugin: string,
  input: PlanInput,
  wanted: Pod,
  plugins?: ReadonlyArray<Plugin>
): Readonly<Record<string, number | undefined>> => {
  const { nodes } = makePlanner(input, plugins === undefined ? {} : { plugins }).explain(wanted)
  return Object.fromEntries(nodes.flatMap((each) => (each.fits ? [[each.name, each.scores[plugin]] as const] : [])))
}

/** A claim for a volume; a bound one has been through the cluster. */
export const claim = (
  name: string,
  more: Partial<NonNullable<PersistentVolumeClaim["spec"]>> = {},
  status: "Pending" | "Bound" | "Lost" = "Pending"
): PersistentVolumeClaim => ({
  metadata: {
    name,
    namespace: "default",
    ...(status === "Bound" ? { annotations: { "pv.kubernetes.io/bind-completed": "yes" } } : {})
  },
  spec: { accessModes: ["ReadWriteOnce"], storageClassName: "late", resources: { requests: { storage: "1Gi" } }, ...more },
  status: { phase: status }
})

/** A volume that nobody has. */
export const volume = (
  name: string,
  more: Partial<NonNullable<PersistentVolume["spec"]>> = {},
  labels: Labels = {}
): PersistentVolume => ({
  metadata: { name, labels },
  spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], storageClassName: "late", ...more }
})

/** Reached from one node only. */
export const only = (nodeName: string): Partial<NonNullable<PersistentVolume["spec"]>> => ({
  nodeAffinity: {
    required: {
      nodeSelectorTerms: [{ matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [nodeName] }] }]
    }
  }
})

/** The pod `p` with volumes of these claims. */
export const using = (...names: ReadonlyArray<string>): Pod =>
  pod("p", { volumes: names.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } })) })
