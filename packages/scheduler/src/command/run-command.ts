/** `tsukube-scheduler run`: schedules the pods of a cluster, beside the scheduler that it has. @module */
import { readFileSync } from "node:fs"
import { connect, loadKubeconfig, makeClient, makeInformers } from "@tsukube/client"
import { leaderElection } from "@tsukube/reconciler"
import { Effect } from "effect"
import { parse } from "yaml"
import { readConfiguration, type SchedulerConfiguration } from "../configuration.ts"
import { type FeatureGates, pluginsFor } from "../feature-gates.ts"
import { runScheduler, type SchedulerOptions } from "../scheduler.ts"

/** What the command line says. */
export interface RunFlags {
  readonly kubeconfig?: string
  readonly context?: string
  readonly config?: string
  readonly schedulerName: string
  readonly leaderElect: boolean
  readonly featureGates: FeatureGates
}

const optionsOf = (flags: RunFlags, configuration: SchedulerConfiguration | undefined): SchedulerOptions =>
  configuration === undefined
    ? { schedulerName: flags.schedulerName, plugins: pluginsFor(flags.featureGates) }
    : {
        profiles: configuration.profiles,
        extenders: configuration.extenders,
        initialBackoffMs: configuration.initialBackoffMs,
        maxBackoffMs: configuration.maxBackoffMs
      }

/** Runs until it is interrupted. */
export const runCommand = (flags: RunFlags): Effect.Effect<void, unknown> =>
  Effect.scoped(
    Effect.gen(function* () {
      const configuration =
        flags.config === undefined
          ? undefined
          : yield* Effect.try(() =>
              readConfiguration(parse(readFileSync(flags.config ?? "", "utf8")), { featureGates: flags.featureGates })
            )
      const source = {
        ...(flags.kubeconfig === undefined ? {} : { file: flags.kubeconfig }),
        ...(flags.context === undefined ? {} : { context: flags.context })
      }
      const client = makeClient(yield* connect(yield* loadKubeconfig(source)))
      const options = optionsOf(flags, configuration)
      const names = options.profiles?.map(({ schedulerName }) => schedulerName) ?? [flags.schedulerName]
      const work = Effect.gen(function* () {
        yield* runScheduler(client, yield* makeInformers(client), options)
        yield* Effect.log(`scheduling pods with schedulerName ${names.join(", ")}`)
        return yield* Effect.never
      })
      if (!flags.leaderElect) return yield* work
      const lease = { namespace: configuration?.leaderElection.namespace ?? "kube-system", name: names[0] ?? "tsukube-scheduler" }
      return yield* Effect.scoped(work).pipe(leaderElection({ client, lease, identity: `${lease.name}-${crypto.randomUUID()}` }))
    })
  )
