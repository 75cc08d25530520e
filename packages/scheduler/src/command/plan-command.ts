/** `tsukube-scheduler plan`: where would these pods go? @module */
import { readFileSync } from "node:fs"
import type { KubernetesObject } from "@tsukube/api"
import type { Pod } from "@tsukube/api/core-v1"
import { parse } from "yaml"
import { readConfiguration } from "../configuration.ts"
import { makePlanner, type PlanInput, placeInOrder } from "../embed.ts"
import type { Explanation } from "../explain.ts"
import { type FeatureGates, pluginsFor } from "../feature-gates.ts"
import type { Plugin } from "../plugin.ts"
import { holdsResources } from "../pod-info.ts"
import { readObjects } from "./objects.ts"
import { type OutputFormat, printPlan } from "./print.ts"

/** What the command line says. */
export interface PlanFlags {
  readonly nodes: ReadonlyArray<string>
  readonly pods: ReadonlyArray<string>
  /** Files with anything: claims, volumes, Services, budgets. */
  readonly more: ReadonlyArray<string>
  readonly config?: string
  readonly schedulerName?: string
  readonly output: OutputFormat
  readonly explain: boolean
  /** Says how many more of each pod fit. */
  readonly count: boolean
  readonly featureGates?: FeatureGates
}

const load = (files: ReadonlyArray<string>): ReadonlyArray<KubernetesObject> =>
  files.flatMap((file) => readObjects(readFileSync(file === "-" ? 0 : file, "utf8"), file))

/** Objects by kind, as plans take them. */
export const inputOf = (objects: ReadonlyArray<KubernetesObject>): PlanInput => {
  const of = <T>(kind: string): ReadonlyArray<T> =>
    objects.filter((object) => object.kind === kind) as unknown as ReadonlyArray<T>
  const namespaces = of<KubernetesObject>("Namespace").map(
    ({ metadata }) => [metadata?.name ?? "", metadata?.labels ?? {}] as const
  )
  const priorities = new Map(
    of<{ readonly metadata?: { readonly name?: string }; readonly value: number }>("PriorityClass").map(({ metadata, value }) => [
      metadata?.name,
      value
    ])
  )
  const prioritized = of<Pod>("Pod").map((pod) => {
    const priority = priorities.get(pod.spec?.priorityClassName)
    if (pod.spec === undefined || pod.spec.priority !== undefined || priority === undefined) return pod
    return { ...pod, spec: { ...pod.spec, priority } }
  })
  return {
    nodes: of("Node"),
    pods: prioritized,
    namespaces: Object.fromEntries(namespaces),
    services: of("Service"),
    replicaSets: of("ReplicaSet"),
    statefulSets: of("StatefulSet"),
    replicationControllers: of("ReplicationController"),
    volumeAttachments: of("VolumeAttachment"),
    budgets: of("PodDisruptionBudget"),
    persistentVolumes: of("PersistentVolume"),
    persistentVolumeClaims: of("PersistentVolumeClaim"),
    storageClasses: of("StorageClass"),
    csiNodes: of("CSINode"),
    csiDrivers: of("CSIDriver"),
    capacities: of("CSIStorageCapacity"),
    resourceClaims: of("ResourceClaim"),
    resourceSlices: of("ResourceSlice"),
    deviceClasses: of("DeviceClass"),
    podGroups: of("PodGroup")
  }
}

const pluginsOf = ({ config, schedulerName, featureGates = {} }: PlanFlags): ReadonlyArray<Plugin> => {
  if (config === undefined) return pluginsFor(featureGates)
  // A plan asks no extenders.
  const { profiles } = readConfiguration(parse(readFileSync(config, "utf8")), { featureGates, fetchWith: () => fetch })
  const profile = schedulerName === undefined ? profiles[0] : profiles.find((each) => each.schedulerName === schedulerName)
  if (profile === undefined) throw new Error(`${config}: there is no profile ${schedulerName}`)
  return profile.plugins
}

/** The text to print, and whether every pod has found a node. */
export const planCommand = (flags: PlanFlags): { readonly text: string; readonly allPlaced: boolean } => {
  const input = inputOf(load([...flags.nodes, ...flags.pods, ...flags.more]))
  const plugins = pluginsOf(flags)
  const planner = makePlanner(input, { plugins })
  const compare = plugins.find((plugin) => plugin.compare !== undefined)?.compare
  const waiting = input.pods.filter((pod) => !pod.spec?.nodeName && holdsResources(pod)).map((pod, sinceMs) => ({ pod, sinceMs }))
  const byPriority = (left: { readonly pod: Pod }, right: { readonly pod: Pod }): number =>
    (right.pod.spec?.priority ?? 0) - (left.pod.spec?.priority ?? 0)
  waiting.sort(compare ?? byPriority)
  const told = new Map<Pod, Explanation>()
  const before = (pod: Pod): void => {
    if (flags.explain && planner.decide(pod).type !== "invalid") told.set(pod, planner.explain(pod))
  }
  const planned = placeInOrder(
    planner,
    plugins,
    waiting.map(({ pod }) => pod),
    before
  )
  const explanations = new Map(planned.flatMap((each) => (told.has(each.pod) ? [[each, told.get(each.pod)!] as const] : [])))
  const counts = flags.count
    ? waiting.map(({ pod }) => `${pod.metadata?.name}: ${planner.howManyMore(pod, 100_000)} more would fit`)
    : []
  const text = [printPlan(planned, flags.output, explanations), ...counts].join("\n")
  return { text, allPlaced: planned.every(({ decision }) => decision.type === "placed") }
}
