/** Which old pods a rolling update ends next, and where it makes new ones before that. Pure. @module */
import type { Pod } from "@tsukube/api/core-v1"
import { isDeleting } from "../object.ts"
import { desiredOf, limitsOf } from "./limits.ts"
import { isAvailable, isCurrent, type Situation } from "./situation.ts"

/** The next step. */
export interface Step {
  /** Nodes that get a new pod beside the old one. */
  readonly create: ReadonlyArray<string>
  readonly remove: ReadonlyArray<Pod>
}

/** The pods of a node that stay: at most one of each kind, or else undefined until the others are gone. */
interface Pair {
  readonly node: string
  readonly shouldRun: boolean
  readonly old: Pod | undefined
  readonly new: Pod | undefined
}

const pairOn = (situation: Situation, node: string, shouldRun: boolean): Pair | undefined => {
  const pods = (situation.podsByNode.get(node) ?? []).filter((pod) => !isDeleting(pod))
  const current = pods.filter((pod) => isCurrent(situation, pod))
  const old = pods.filter((pod) => !isCurrent(situation, pod))
  return current.length > 1 || old.length > 1 ? undefined : { node, shouldRun, old: old[0], new: current[0] }
}

/** Every node that should have a pod or has one. */
const pairsOf = (situation: Situation): ReadonlyArray<Pair | undefined> => {
  const wanted = new Map(situation.nodes.map(({ node, shouldRun }) => [node, shouldRun]))
  const names = new Set([...situation.podsByNode.keys(), ...[...wanted].flatMap(([node, should]) => (should ? [node] : []))])
  return [...names].map((node) => pairOn(situation, node, wanted.get(node) === true))
}

/** Old pods go first and new ones follow: no more than so many nodes are without. */
const replace = (situation: Situation, maxUnavailable: number): Step => {
  const broken: Array<Pod> = []
  const candidates: Array<Pod> = []
  let unavailable = 0
  for (const pair of pairsOf(situation)) {
    if (pair === undefined || (pair.old === undefined) === (pair.new === undefined)) unavailable++
    else if (pair.old === undefined) unavailable += pair.new !== undefined && isAvailable(situation, pair.new) ? 0 : 1
    else if (isAvailable(situation, pair.old)) candidates.push(pair.old)
    else {
      // Nothing is lost by ending what does not work.
      broken.push(pair.old)
      unavailable++
    }
  }
  return { create: [], remove: [...broken, ...candidates.slice(0, Math.max(0, maxUnavailable - unavailable))] }
}

/** New pods come first, and old ones go when those are available. */
const surge = (situation: Situation, maxSurge: number): Step => {
  const remove: Array<Pod> = []
  const leaving: Array<Pod> = []
  const create: Array<string> = []
  const candidates: Array<string> = []
  let surging = 0
  let available = 0
  for (const pair of pairsOf(situation)) {
    if (pair === undefined) {
      surging++
      continue
    }
    const counts = pair.old ?? pair.new
    if (counts !== undefined && isAvailable(situation, counts)) available++
    if (pair.old === undefined) continue
    if (pair.new !== undefined) {
      if (isAvailable(situation, pair.new)) remove.push(pair.old)
      else surging++
    } else if (isAvailable(situation, pair.old)) {
      if (pair.shouldRun) candidates.push(pair.node)
      else leaving.push(pair.old)
    } else if (pair.shouldRun) create.push(pair.node)
    else remove.push(pair.old)
  }
  // Where no pod should be any more, one goes only when there are enough elsewhere.
  const spare = Math.max(0, available - desiredOf(situation))
  return {
    create: [...create, ...candidates.slice(0, Math.max(0, maxSurge - surging))],
    remove: [...remove, ...leaving.slice(0, spare)]
  }
}

/** The next step of an update; nothing where pods are only updated when somebody deletes them. */
export const nextStep = (situation: Situation): Step => {
  if (situation.daemonSet.spec?.updateStrategy?.type === "OnDelete") return { create: [], remove: [] }
  const limits = limitsOf(situation)
  return limits.surge > 0 ? surge(situation, limits.surge) : replace(situation, limits.unavailable)
}
