/** An operator in one file: every Namespace's `team` label is copied to the ConfigMaps in it. @module */
import { configmaps, namespaces } from "@tsukube/api/core-v1"
import { type Client, keyOf, makeInformers, parseKey } from "@tsukube/client"
import { makeRecorder, runController } from "@tsukube/reconciler"
import { Effect, type Scope } from "effect"

/** Runs the operator until the scope ends. */
export const runLabelCopier = (client: Client): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const informers = yield* makeInformers(client)
    const owners = informers.of(namespaces)
    const targets = informers.of(configmaps, { indexes: { namespace: ({ metadata }) => [metadata?.namespace ?? ""] } })
    const recorder = yield* makeRecorder(client, { component: "label-copier" })

    yield* runController({
      name: "label-copier",
      triggers: (enqueue) =>
        Effect.sync(() => {
          targets.on(({ object }) => enqueue(keyOf(object)))
          // A changed namespace concerns everything in it.
          owners.on(({ object }) => {
            for (const target of targets.byIndex("namespace", object.metadata?.name ?? "")) enqueue(keyOf(target))
          })
        }),
      ready: Effect.andThen(owners.synced, targets.synced),
      reconcile: (key) =>
        Effect.gen(function* () {
          const target = targets.get(key)
          const wanted = owners.get(target?.metadata?.namespace ?? "")?.metadata?.labels?.["team"]
          if (target === undefined || target.metadata?.labels?.["team"] === wanted) return
          const body = { metadata: { labels: { team: wanted ?? null } } }
          yield* client.patch(configmaps, parseKey(key), { type: "merge", body })
          recorder.event(target, "Normal", "Labelled", `team is now ${wanted ?? "nobody"}`)
        })
    })
  })
