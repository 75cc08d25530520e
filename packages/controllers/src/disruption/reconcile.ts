/** Keeps the status of every PodDisruptionBudget, which evictions go by. @module */
import { formatLabelSelector, labelSelectorFrom, matchesLabels } from "@tsukube/api"
import { type Pod, pods } from "@tsukube/api/core-v1"
import { type PodDisruptionBudget, type PodDisruptionBudgetStatus, poddisruptionbudgets } from "@tsukube/api/policy-v1"
import { runController } from "@tsukube/reconciler"
import { Clock, Effect } from "effect"
import { sameMeaning } from "../canonical.ts"
import { allSynced, type Controller, type ControllerContext, listen, withKind } from "../controller.ts"
import { unlessGone } from "../failure.ts"
import { nameOf, namespaceOf, queueKeyOf } from "../object.ts"
import { demandOf, failedStatus, needsScale, plan, untilStale, withoutDisruption } from "./plan.ts"
import { makeScales } from "./scale.ts"

const podsByNamespace = { namespace: (pod: Pod): ReadonlyArray<string> => [namespaceOf(pod)] }

const unmanagedMessage = (budget: PodDisruptionBudget): string =>
  `Pods selected by this PodDisruptionBudget (selector: ${formatLabelSelector(labelSelectorFrom(budget.spec?.selector))}) were found ` +
  "to be unmanaged. As a result, the status of the PodDisruptionBudget cannot be calculated correctly, which may result in " +
  'undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PodDisruptionBudget to an ' +
  "integer value."

const run = (context: ControllerContext) =>
  Effect.gen(function* () {
    const { client, informers } = context
    const budgets = informers.of(poddisruptionbudgets)
    const podCache = informers.of(pods, { indexes: podsByNamespace })
    const scales = makeScales(client, informers)
    const recorder = yield* context.recorder("controllermanager")

    const writeStatus = (budget: PodDisruptionBudget, status: PodDisruptionBudgetStatus) =>
      sameMeaning(budget.status ?? {}, status)
        ? Effect.void
        : Effect.asVoid(unlessGone(client.updateStatus(poddisruptionbudgets, { ...budget, status })))

    const matching = (pod: Pod): ReadonlyArray<PodDisruptionBudget> =>
      budgets
        .list()
        .filter(
          (budget) =>
            namespaceOf(budget) === namespaceOf(pod) &&
            matchesLabels(labelSelectorFrom(budget.spec?.selector), pod.metadata?.labels)
        )

    const demand = (budget: PodDisruptionBudget, selected: ReadonlyArray<Pod>) =>
      Effect.gen(function* () {
        if (!needsScale(budget)) return demandOf(budget, selected.length, 0)
        const { total, unmanaged } = yield* scales.expected(selected)
        if (unmanaged.length > 0) {
          recorder.event(withKind(budget, poddisruptionbudgets), "Warning", "UnmanagedPods", unmanagedMessage(budget))
        }
        return demandOf(budget, selected.length, total)
      })

    const reconcile = (key: string) =>
      Effect.gen(function* () {
        const budget = budgets.get(key)
        if (budget === undefined) return undefined
        const subject = withKind(budget, poddisruptionbudgets)
        const selector = labelSelectorFrom(budget.spec?.selector)
        const selected = podCache
          .byIndex("namespace", namespaceOf(budget))
          .filter(({ metadata }) => matchesLabels(selector, metadata?.labels))
        if (selected.length === 0) recorder.event(subject, "Normal", "NoPods", "No matching pods found")
        const wanted = yield* Effect.result(demand(budget, selected))
        const nowMs = yield* Clock.currentTimeMillis
        if (wanted._tag === "Failure") {
          const { message } = wanted.failure
          const said = `Failed to calculate the number of expected pods: ${message}`
          recorder.event(subject, "Warning", "CalculateExpectedPodCountFailed", said)
          yield* writeStatus(budget, failedStatus(budget, message, nowMs))
          // The owners' kinds stay what they are; a server that did not answer may answer next time.
          if (wanted.failure._tag === "TransportError") return yield* wanted.failure
          return undefined
        }
        const { status, notDeleted, afterMs } = plan(budget, selected, wanted.success, nowMs)
        for (const pod of notDeleted) {
          const said = `Pod was expected by PDB ${key} to be deleted but it wasn't`
          recorder.event(withKind(pod, pods), "Warning", "NotDeleted", said)
        }
        yield* writeStatus(budget, status)
        return afterMs === undefined ? undefined : { afterMs }
      })

    yield* runController({
      name: "disruption-controller",
      ready: Effect.andThen(allSynced(budgets, podCache), scales.synced),
      reconcile,
      triggers: (enqueue) =>
        listen(
          () => budgets.on(({ type, object }) => (type === "Delete" ? undefined : enqueue(queueKeyOf(object)))),
          () =>
            podCache.on((event) => {
              const found = matching(event.object)
              for (const budget of found) enqueue(queueKeyOf(budget))
              const relabelled =
                event.type === "Update" && !sameMeaning(event.previous.metadata?.labels, event.object.metadata?.labels)
              if (relabelled) for (const budget of matching(event.previous)) enqueue(queueKeyOf(budget))
              if (found.length < 2 || !(relabelled || event.type === "Add")) return
              const where = `${JSON.stringify(namespaceOf(event.object))}/${JSON.stringify(nameOf(event.object))}`
              const chosen = JSON.stringify(nameOf(found[0] ?? {}))
              const said = `Pod ${where} matches multiple PodDisruptionBudgets.  Chose ${chosen} arbitrarily.`
              recorder.event(withKind(event.object, pods), "Warning", "MultiplePodDisruptionBudgets", said)
            })
        )
    })

    yield* runController({
      name: "disruption-controller (stale disruptions)",
      ready: allSynced(podCache),
      reconcile: (key) =>
        Effect.gen(function* () {
          const pod = podCache.get(key)
          const nowMs = yield* Clock.currentTimeMillis
          const afterMs = pod === undefined ? undefined : untilStale(pod, nowMs)
          if (pod === undefined || afterMs === undefined) return undefined
          if (afterMs > 0) return { afterMs }
          yield* unlessGone(client.updateStatus(pods, withoutDisruption(pod, nowMs)))
          return undefined
        }),
      triggers: (enqueue) =>
        listen(() =>
          podCache.on(({ type, object }) => {
            if (type !== "Delete" && untilStale(object, 0) !== undefined) enqueue(queueKeyOf(object))
          })
        )
    })
  })

/** Upstream's disruption-controller. */
export const disruptionController: Controller = { name: "disruption-controller", run }
