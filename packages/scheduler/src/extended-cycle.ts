/** The cycle with extenders: as the plain one, but other programs have a say, so it takes its time. @module */
import {
  chooseBest,
  type Decision,
  filterBesideNominated,
  type Nominated,
  type Refused,
  refuse,
  type Sampling,
  scoreNodes
} from "./cycle.ts"
import type { Extender } from "./extender.ts"
import type { NodeState } from "./node-state.ts"
import type { NodeRefusal, Plugin } from "./plugin.ts"
import type { PodInfo } from "./pod-info.ts"
import { chooseCandidate } from "./preemption.ts"
import type { Snapshot } from "./snapshot.ts"

const refusalsOf = (
  asked: ReadonlyArray<NodeState>,
  { nodeNames, refused, unresolvable }: Awaited<ReturnType<NonNullable<Extender["filter"]>>>,
  plugin: string
): ReadonlyArray<readonly [name: string, refusal: NodeRefusal]> => {
  const kept = new Set(nodeNames)
  return asked
    .filter(({ name }) => !kept.has(name))
    .map(({ name }) => {
      const reason = unresolvable[name] ?? refused[name] ?? "node(s) were refused by an extender"
      return [name, { plugin, reasons: [reason], resolvable: unresolvable[name] === undefined }]
    })
}

/** Asks; an extender that may be ignored counts as having nothing to say when it fails. */
const ask = async <A>({ ignorable }: Extender, question: Promise<A>): Promise<A | undefined> => {
  try {
    return await question
  } catch (error) {
    if (!ignorable) throw error
    return undefined
  }
}

/** The victims that all extenders agree to; none, and no nominated node, when there are none. */
const agreedVictims = async (
  pod: PodInfo,
  snapshot: Snapshot,
  extenders: ReadonlyArray<Extender>,
  refused: Refused
): Promise<Refused> => {
  const { nominatedNode, victims: _, candidates: found = [], ...rest } = refused
  if (nominatedNode === undefined || extenders.every((extender) => extender.preempt === undefined)) return refused
  let candidates = found
  for (const extender of extenders) {
    if (extender.preempt === undefined || candidates.length === 0) continue
    candidates = (await ask(extender, extender.preempt(pod.pod, candidates, snapshot))) ?? candidates
  }
  const chosen = chooseCandidate(candidates)
  return chosen === undefined ? rest : { ...rest, nominatedNode: chosen.nodeName, victims: chosen.victims, candidates }
}

/** Decides where a pod goes; rejects when an extender that must not be ignored fails. */
export const scheduleExtended = async (
  pod: PodInfo,
  snapshot: Snapshot,
  plugins: ReadonlyArray<Plugin>,
  extenders: ReadonlyArray<Extender>,
  random: () => number,
  nominated: ReadonlyArray<Nominated>,
  sampling?: Sampling
): Promise<Decision> => {
  const filtered = filterBesideNominated(pod, snapshot, plugins, nominated, sampling)
  const interested = extenders.filter((extender) => extender.isInterested(pod))
  let feasible = filtered.feasible
  const refusals = new Map(filtered.refusals)
  for (const extender of interested) {
    if (extender.filter === undefined || feasible.length === 0) continue
    const asked = feasible
    const answer = await ask(
      extender,
      extender.filter(
        pod.pod,
        asked.map(({ node }) => node)
      )
    )
    if (answer === undefined) continue
    for (const [name, refusal] of refusalsOf(asked, answer, extender.name)) refusals.set(name, refusal)
    feasible = asked.filter(({ name }) => !refusals.has(name) && snapshot.nodes.has(name))
  }
  if (feasible.length === 0) {
    const refused = refuse(pod, snapshot, plugins, { ...filtered, feasible, refusals })
    return await agreedVictims(pod, snapshot, interested, refused)
  }
  const totals = [...scoreNodes(pod, feasible, snapshot, plugins)]
  for (const extender of interested) {
    if (extender.prioritize === undefined) continue
    const points = await ask(
      extender,
      extender.prioritize(
        pod.pod,
        feasible.map(({ node }) => node)
      )
    )
    for (const [index, { name }] of feasible.entries()) totals[index] = totals[index]! + (points?.get(name) ?? 0)
  }
  return { type: "placed", nodeName: chooseBest(feasible, totals, random).name, feasible: feasible.length }
}
