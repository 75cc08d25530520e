/** DefaultPreemption the slow and obvious way: every question is asked of the whole cycle anew. The tests compare with it. @module */
import { labelSelectorFrom, matchesLabels } from "@tsukube/api"
import { filterNodes, unavailableMessage } from "../cycle.ts"
import type { NodeState } from "../node-state.ts"
import { definePlugin, type Plugin } from "../plugin.ts"
import type { PodInfo } from "../pod-info.ts"
import type { Snapshot } from "../snapshot.ts"

const priority = ({ pod }: PodInfo): number => pod.spec?.priority ?? 0
const start = ({ pod }: PodInfo): string => pod.status?.startTime ?? ""
const compareTexts = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)
/** More important first. */
const important = (left: PodInfo, right: PodInfo): number =>
  priority(right) - priority(left) || compareTexts(start(left), start(right)) || compareTexts(left.uid, right.uid)

/** Of the pods in this order, those that would be one too many for a budget. */
const breakers = (pods: ReadonlyArray<PodInfo>, snapshot: Snapshot): ReadonlySet<PodInfo> => {
  const found = new Set<PodInfo>()
  for (const { metadata, spec, status } of snapshot.budgets()) {
    const selector = labelSelectorFrom(spec?.selector)
    const meant = pods.filter(({ namespace, labels }) => namespace === metadata?.namespace && matchesLabels(selector, labels))
    for (const pod of meant.slice(status?.disruptionsAllowed ?? 0)) found.add(pod)
  }
  return found
}

interface Candidate {
  readonly node: string
  readonly victims: ReadonlyArray<PodInfo>
  readonly broken: number
}

const without = <A>(pods: ReadonlyArray<PodInfo>, node: string, snapshot: Snapshot, run: () => A): A => {
  for (const { uid } of pods) snapshot.removePod(uid)
  const result = run()
  for (const pod of pods) snapshot.addPod(pod, node)
  return result
}

const victimsOn = (
  pod: PodInfo,
  node: NodeState,
  snapshot: Snapshot,
  plugins: ReadonlyArray<Plugin>
): Candidate | ReadonlyArray<string> => {
  const lower = [...node.pods.values()].filter((other) => priority(other) < priority(pod)).sort(important)
  if (lower.length === 0) return ["No preemption victims found for incoming pod"]
  const refused = (removed: ReadonlyArray<PodInfo>): ReadonlyArray<string> | undefined =>
    without(removed, node.name, snapshot, () => {
      const { overall, refusals } = filterNodes(pod, snapshot, plugins, undefined, [node])
      return (overall ?? refusals.get(node.name))?.reasons
    })
  const reasons = refused(lower)
  if (reasons !== undefined) return reasons
  const breaking = breakers(lower, snapshot)
  let victims: ReadonlyArray<PodInfo> = lower
  // Those that break a budget may stay first, then the others, the most important before the less important.
  for (const other of [...lower.filter((each) => breaking.has(each)), ...lower.filter((each) => !breaking.has(each))]) {
    const fewer = victims.filter((each) => each !== other)
    if (refused(fewer) === undefined) victims = fewer
  }
  return { node: node.name, victims, broken: victims.filter((each) => breaking.has(each)).length }
}

/** What a candidate costs; the smallest is taken, compared from left to right. */
const costOf = ({ victims, broken }: Candidate): ReadonlyArray<number> => [
  broken,
  Math.max(...victims.map(priority)),
  victims.reduce((sum, victim) => sum + priority(victim) + 2 ** 31, 0),
  victims.length
]

/** Of the most important victims the one that started first: the later the better. */
const earliest = ({ victims }: Candidate): string => start([...victims].sort(important)[0]!)

const cheaper = (left: Candidate, right: Candidate): number => {
  const [a, b] = [costOf(left), costOf(right)]
  const place = a.findIndex((cost, index) => cost !== b[index])
  return place >= 0 ? a[place]! - b[place]! : compareTexts(earliest(right), earliest(left))
}

/** What DefaultPreemption must agree with, over the plugins given. */
export const referencePreemption = (plugins: () => ReadonlyArray<Plugin>): Plugin =>
  definePlugin({
    name: "DefaultPreemption",
    postFilter: (pod, snapshot, refusals) => {
      const answers = [...snapshot.nodes.values()].map((node) =>
        refusals.get(node.name)?.resolvable === true
          ? victimsOn(pod, node, snapshot, plugins())
          : ["Preemption is not helpful for scheduling"]
      )
      const candidates = answers.flatMap((answer) => ("victims" in answer ? [answer] : []))
      const best = candidates.find(({ victims }) => victims.length === 0) ?? candidates.sort(cheaper)[0]
      if (best !== undefined) return { nominatedNode: best.node, victims: [...best.victims].sort(important) }
      const reasons = answers.flatMap((answer) => ("victims" in answer ? [] : answer))
      return { message: `preemption: ${unavailableMessage(snapshot.nodes.size, reasons)}` }
    }
  })
