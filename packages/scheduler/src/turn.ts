/** One pod's turn in a running scheduler: decide, take it to heart, and return what is left to write. @module */
import type { Pod } from "@tsukube/api/core-v1"
import type { Client, ClientError } from "@tsukube/client"
import type { EventRecorder } from "@tsukube/reconciler"
import { Clock, Effect } from "effect"
import { type BindFailed, bind, type NotPermitted } from "./bind.ts"
import type { Decision, Sampling } from "./cycle.ts"
import type { Engine } from "./engine.ts"
import { scheduleExtended } from "./extended-cycle.ts"
import type { Extender } from "./extender.ts"
import type { Handle, Plugin } from "./plugin.ts"
import { type PodInfo, podInfo } from "./pod-info.ts"
import type { Waiting } from "./queue.ts"
import { type Failure, preempt, reportFailure, reportPlacement } from "./report.ts"
import type { State } from "./state.ts"

/** What a turn works with. */
export interface Hands {
  readonly client: Client
  readonly recorder: EventRecorder
  readonly state: State
  readonly handle: Handle
  readonly extenders: ReadonlyArray<Extender>
  readonly profileOf: (pod: Pod) => Running
}

/** A profile with what it needs to decide. */
export interface Running {
  readonly plugins: ReadonlyArray<Plugin>
  readonly engine: Engine
  readonly sampling: Sampling | undefined
}

const isGone = (error: ClientError | NotPermitted | BindFailed): boolean => error._tag === "StatusError" && error.code === 404

/** Puts the pod back into the queue and says why. */
export const giveBack = (
  { client, recorder, state }: Hands,
  { key, pod }: Waiting,
  failure: Failure,
  refusedBy: ReadonlySet<string>
): Effect.Effect<void> =>
  Effect.gen(function* () {
    const nowMs = yield* Clock.currentTimeMillis
    state.queue.putAside(key, refusedBy, nowMs)
    const now = `${new Date(nowMs).toISOString().slice(0, 19)}Z`
    yield* reportFailure(client, recorder, pod, failure, now)
  }).pipe(Effect.catch((error) => (isGone(error) ? Effect.void : Effect.logWarning(`pod ${key}: ${error.message}`))))

/** Binds a pod that was assumed to be on its node, and takes everything back when that fails. */
export const bindAssumed = (hands: Hands, waiting: Waiting, info: PodInfo, nodeName: string): Effect.Effect<void> => {
  const { plugins } = hands.profileOf(info.pod)
  const binder = hands.extenders.find((extender) => extender.bind !== undefined && extender.isInterested(info))
  return bind(plugins, info, nodeName, hands.handle, binder).pipe(
    Effect.andThen(
      Effect.sync(() => {
        hands.state.queue.remove(waiting.key)
        reportPlacement(hands.recorder, info.pod, nodeName)
      })
    ),
    Effect.catch((error) =>
      Effect.suspend(() => {
        for (const plugin of plugins) plugin.unreserve?.(info, nodeName, hands.handle)
        hands.state.revoke(info)
        if (isGone(error)) {
          hands.state.queue.remove(waiting.key)
          return Effect.void
        }
        const refused = error._tag === "NotPermitted"
        const failure: Failure = { reason: refused ? "Unschedulable" : "SchedulerError", message: error.message }
        return giveBack(hands, waiting, failure, refused ? new Set([error.plugin]) : new Set())
      })
    )
  )
}

/** Deletes pods for a more important one, which is tried again when they are gone. */
export const removeVictims = (
  { client, recorder }: Hands,
  preemptor: Pod,
  nodeName: string,
  victims: ReadonlyArray<PodInfo>
): Effect.Effect<void> =>
  Effect.gen(function* () {
    const now = `${new Date(yield* Clock.currentTimeMillis).toISOString().slice(0, 19)}Z`
    for (const { pod, uid } of victims) {
      yield* preempt(client, recorder, pod, preemptor, nodeName, now).pipe(
        Effect.catch((error) => (isGone(error) ? Effect.void : Effect.logWarning(`preempting ${uid}: ${error.message}`)))
      )
    }
  })

/** Reserves with every plugin; what was reserved is given back when one says no. */
export const reserve = (
  plugins: ReadonlyArray<Plugin>,
  info: PodInfo,
  nodeName: string,
  handle: Handle
): { readonly plugin: string; readonly message: string } | undefined => {
  for (const [index, plugin] of plugins.entries()) {
    const message = plugin.reserve?.(info, nodeName, handle)
    if (message === undefined) continue
    for (const earlier of plugins.slice(0, index + 1).reverse()) earlier.unreserve?.(info, nodeName, handle)
    return { plugin: plugin.name, message }
  }
  return undefined
}

/** Decides about one pod; the error of a pod that cannot be read, or of an extender, is its own. */
export const decide = (hands: Hands, info: PodInfo, random: () => number): Effect.Effect<Decision, string> => {
  const { state, extenders } = hands
  const { plugins, engine, sampling } = hands.profileOf(info.pod)
  const nominated = state.nominated.size === 0 ? [] : [...state.nominated.values()]
  if (!extenders.some((extender) => extender.isInterested(info)))
    return Effect.try({ try: () => engine.schedule(info, random, nominated), catch: String })
  return Effect.tryPromise({
    try: () => scheduleExtended(info, state.snapshot, plugins, extenders, random, nominated, sampling),
    catch: String
  })
}

/** Takes a decision to heart and returns what is left to write. */
export const carryOut = (hands: Hands, waiting: Waiting, info: PodInfo, decision: Decision): Effect.Effect<void> => {
  const { state } = hands
  const { plugins } = hands.profileOf(waiting.pod)
  if (decision.type === "refused") {
    const { message, nominatedNode, victims = [], plugins: refusedBy } = decision
    if (nominatedNode !== undefined) state.nominated.set(waiting.key, { info, nodeName: nominatedNode })
    const failure: Failure = { reason: "Unschedulable", message, ...(nominatedNode === undefined ? {} : { nominatedNode }) }
    // Without any node no plugin refused; whatever comes first may help.
    const giving = giveBack(hands, waiting, failure, refusedBy.size > 0 ? refusedBy : new Set(plugins.map(({ name }) => name)))
    return nominatedNode === undefined
      ? giving
      : Effect.andThen(giving, removeVictims(hands, waiting.pod, nominatedNode, victims))
  }
  const refusal = reserve(plugins, info, decision.nodeName, hands.handle)
  if (refusal !== undefined) {
    return giveBack(hands, waiting, { reason: "Unschedulable", message: refusal.message }, new Set([refusal.plugin]))
  }
  state.assume(info, decision.nodeName)
  return bindAssumed(hands, waiting, info, decision.nodeName)
}

/** Decides about one pod; what is returned writes it down. Whatever goes wrong is the pod's own affair and stops no other. */
export const singleTurn = (hands: Hands, waiting: Waiting, random: () => number): Effect.Effect<Effect.Effect<void>> =>
  Effect.gen(function* () {
    const info = yield* Effect.try({ try: () => podInfo(waiting.pod), catch: String })
    const decision = yield* decide(hands, info, random)
    return yield* Effect.try({ try: () => carryOut(hands, waiting, info, decision), catch: String })
  }).pipe(Effect.catch((message) => Effect.succeed(giveBack(hands, waiting, { reason: "SchedulerError", message }, new Set()))))
