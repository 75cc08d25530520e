/** A DaemonSet counts its templates in an annotation, which its pods carry as a label: what is left of a field of old versions. @module */
import { isDeepStrictEqual } from "node:util"
import type { DaemonSet } from "@tsukube/api/apps-v1"
import type { Strategy } from "./strategy.ts"

const annotation = "deprecated.daemonset.template.generation"

const countOf = (set: DaemonSet): number => {
  const text = set.metadata?.annotations?.[annotation]
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : 0
}

const withCount = (set: DaemonSet, count: number): DaemonSet => ({
  ...set,
  metadata: { ...set.metadata, annotations: { ...set.metadata?.annotations, [annotation]: String(count) } }
})

export const daemonSets: Strategy<DaemonSet> = {
  generation: true,
  create: (set) => withCount(set, Math.max(1, countOf(set))),
  update: (set, old) => withCount(set, countOf(old) + (isDeepStrictEqual(set.spec?.template, old.spec?.template) ? 0 : 1)),
  updateStatus: (set, old) => (countOf(set) === countOf(old) ? set : withCount(set, countOf(old)))
}
