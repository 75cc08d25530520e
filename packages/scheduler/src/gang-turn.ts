/** The turn of a gang: all of its waiting pods are decided about, then all that fit are bound, or none (KEP-4671). @module */
import { podgroups } from "@tsukube/api/scheduling-v1alpha2"
import { Clock, Effect } from "effect"
import type { Refused } from "./cycle.ts"
import { waitingForGang } from "./gang-message.ts"
import type { Gang } from "./plugin.ts"
import { type PodInfo, podInfo } from "./pod-info.ts"
import type { Waiting } from "./queue.ts"
import { bindAssumed, decide, giveBack, type Hands, removeVictims, reserve } from "./turn.ts"

interface Placed {
  readonly waiting: Waiting
  readonly info: PodInfo
  readonly nodeName: string
}

interface Left {
  readonly waiting: Waiting
  readonly info?: PodInfo
  readonly message: string
  /** Empty after an error. */
  readonly refusedBy: ReadonlySet<string>
  readonly refused?: Refused
}

/** How many pods of a gang have a node, those included that are only assumed to. */
export const placedOf = (gang: Gang, { snapshot }: Pick<Hands["state"], "snapshot">): number =>
  snapshot.groups.membersOf(gang.key).filter((key) => snapshot.nodeOf(key) !== undefined).length

const decideOne = (hands: Hands, waiting: Waiting, random: () => number): Effect.Effect<Placed | Left> =>
  Effect.gen(function* () {
    const info = yield* Effect.try({ try: () => podInfo(waiting.pod), catch: String })
    const decision = yield* decide(hands, info, random)
    if (decision.type === "refused") {
      // The pods that follow must not count on the same room.
      if (decision.nominatedNode !== undefined) hands.state.nominated.set(waiting.key, { info, nodeName: decision.nominatedNode })
      return { waiting, info, message: decision.message, refusedBy: decision.plugins, refused: decision }
    }
    const { plugins } = hands.profileOf(waiting.pod)
    const refusal = reserve(plugins, info, decision.nodeName, hands.handle)
    if (refusal !== undefined) return { waiting, info, message: refusal.message, refusedBy: new Set([refusal.plugin]) }
    hands.state.assume(info, decision.nodeName)
    return { waiting, info, nodeName: decision.nodeName }
  }).pipe(Effect.catch((message) => Effect.succeed({ waiting, message, refusedBy: new Set<string>() })))

/** Tells the PodGroup whether it has its nodes, when that is news. */
const reportGroup = ({ client, state }: Hands, { key }: Gang, isScheduled: boolean, message: string): Effect.Effect<void> =>
  Effect.gen(function* () {
    const group = state.snapshot.objects.podGroups.get(key)
    const current = group?.status?.conditions?.find(({ type }) => type === "PodGroupScheduled")
    const status = isScheduled ? "True" : "False"
    if (group === undefined || (current?.status === status && current.message === message)) return
    const lastTransitionTime = `${new Date(yield* Clock.currentTimeMillis).toISOString().slice(0, 19)}Z`
    const condition = {
      type: "PodGroupScheduled",
      status,
      reason: isScheduled ? "Scheduled" : "Unschedulable",
      message,
      lastTransitionTime: current?.status === status ? current.lastTransitionTime : lastTransitionTime,
      ...(group.metadata?.generation === undefined ? {} : { observedGeneration: group.metadata.generation })
    }
    const { namespace = "", name = "" } = group.metadata ?? {}
    const body = { metadata: { uid: group.metadata?.uid }, status: { conditions: [condition] } }
    yield* client.patch(podgroups, { namespace, name }, { type: "strategic", body }, { subresource: "status" })
  }).pipe(Effect.catch((error) => Effect.logWarning(`pod group ${key}: ${error.message}`)))

const carryOutLeft = (hands: Hands, { waiting, message, refusedBy, refused }: Left, mayPreempt: boolean): Effect.Effect<void> => {
  const nominatedNode = mayPreempt ? refused?.nominatedNode : undefined
  if (nominatedNode === undefined && refused?.nominatedNode !== undefined) hands.state.nominated.delete(waiting.key)
  const reason = refusedBy.size === 0 ? "SchedulerError" : "Unschedulable"
  const failure = { reason, message, ...(nominatedNode === undefined ? {} : { nominatedNode }) } as const
  const giving = giveBack(hands, waiting, failure, refusedBy)
  return nominatedNode === undefined
    ? giving
    : Effect.andThen(giving, removeVictims(hands, waiting.pod, nominatedNode, refused?.victims ?? []))
}

const withdraw = (hands: Hands, { waiting, info, nodeName }: Placed): void => {
  for (const plugin of hands.profileOf(waiting.pod).plugins) plugin.unreserve?.(info, nodeName, hands.handle)
  hands.state.withdraw(info)
}

/** Decides about the pods of a gang in the queue's order; what is returned writes it down. */
export const gangTurn = (
  hands: Hands,
  all: ReadonlyArray<Waiting>,
  gang: Gang,
  random: () => number
): Effect.Effect<Effect.Effect<void>> =>
  Effect.map(decideAll(hands, all, gang, random), (writes) => Effect.all(writes, { concurrency: "unbounded", discard: true }))

const decideAll = (
  hands: Hands,
  all: ReadonlyArray<Waiting>,
  gang: Gang,
  random: () => number
): Effect.Effect<ReadonlyArray<Effect.Effect<void>>> =>
  Effect.gen(function* () {
    if (new Set(all.map(({ pod }) => pod.spec?.schedulerName)).size > 1) {
      const failure = { reason: "Unschedulable", message: "all pods of a pod group must name the same scheduler" } as const
      return all.map((waiting) => giveBack(hands, waiting, failure, new Set(["GangScheduling"])))
    }
    const placed: Array<Placed> = []
    const left: Array<Left> = []
    for (const waiting of all) {
      const outcome = yield* decideOne(hands, waiting, random)
      if ("nodeName" in outcome) placed.push(outcome)
      else left.push(outcome)
    }
    const count = placedOf(gang, hands.state)
    if (count >= gang.minCount) {
      return [
        ...placed.map(({ waiting, info, nodeName }) => bindAssumed(hands, waiting, info, nodeName)),
        ...left.map((each) => carryOutLeft(hands, each, true)),
        reportGroup(hands, gang, true, "All required pods have been successfully scheduled")
      ]
    }
    for (const each of placed) withdraw(hands, each)
    // What helps any of them may help all of them.
    const refusedBy = new Set(["GangScheduling", ...left.flatMap((each) => [...each.refusedBy])])
    const promised = left.filter(({ refused }) => refused?.nominatedNode !== undefined).length
    const mayPreempt = count + promised >= gang.minCount
    const message = left.find((each) => each.refusedBy.size > 0)?.message ?? left[0]?.message ?? waitingForGang
    return [
      ...placed.map(({ waiting, info }) => carryOutLeft(hands, { waiting, info, message: waitingForGang, refusedBy }, false)),
      ...left.map((each) => carryOutLeft(hands, each.refusedBy.size === 0 ? each : { ...each, refusedBy }, mayPreempt)),
      reportGroup(hands, gang, false, message)
    ]
  })
