/** Why a pod goes where it goes: what every node says about it. @module */
import { filterNodes, scoreNodes } from "./cycle.ts"
import type { Plugin } from "./plugin.ts"
import type { PodInfo } from "./pod-info.ts"
import type { Snapshot } from "./snapshot.ts"

/** What one node says. */
export type NodeExplanation =
  | { readonly name: string; readonly fits: false; readonly plugin: string; readonly reasons: ReadonlyArray<string> }
  | {
      readonly name: string
      readonly fits: true
      readonly total: number
      /** Weighted points by plugin; plugins that do not rank this pod are left out. */
      readonly scores: Readonly<Record<string, number>>
    }

/** What all nodes say, the best first, the ones that refuse last. */
export interface Explanation {
  /** Set when the pod was refused before any node was looked at. */
  readonly refusal?: { readonly plugin: string; readonly reasons: ReadonlyArray<string> }
  readonly nodes: ReadonlyArray<NodeExplanation>
}

/** Asks every plugin about every node; slower than deciding. */
export const explain = (pod: PodInfo, snapshot: Snapshot, plugins: ReadonlyArray<Plugin>): Explanation => {
  const { feasible, refusals, overall } = filterNodes(pod, snapshot, plugins)
  if (overall !== undefined) return { refusal: { plugin: overall.plugin, reasons: overall.reasons }, nodes: [] }
  const byPlugin: Array<readonly [plugin: string, scores: ReadonlyArray<number>]> = []
  const totals = scoreNodes(pod, feasible, snapshot, plugins, (plugin, weighted) => byPlugin.push([plugin, weighted]))
  const fitting = feasible.map(({ name }, index) => ({
    name,
    fits: true as const,
    total: totals[index]!,
    scores: Object.fromEntries(byPlugin.map(([plugin, scores]) => [plugin, scores[index]!]))
  }))
  fitting.sort((left, right) => right.total - left.total)
  const refusing = [...refusals].map(([name, { plugin, reasons }]) => ({ name, fits: false as const, plugin, reasons }))
  return { nodes: [...fitting, ...refusing] }
}
