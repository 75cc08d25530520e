/** `tsukube-scheduler run`: schedules the pods of a cluster, beside the scheduler that it has. @module */
import { readFileSync } from "node:fs"
import { type Connection, connect, type Fetch, loadKubeconfig, makeClient, makeInformers } from "@tsukube/client"
import { leaderElection } from "@tsukube/reconciler"
import { Effect, type Scope } from "effect"
import { parse } from "yaml"
import type { ExtenderTls } from "../configuration/extenders.ts"
import { readConfiguration, type SchedulerConfiguration } from "../configuration.ts"
import { type FeatureGates, pluginsFor } from "../feature-gates.ts"
import { runScheduler, type SchedulerOptions } from "../scheduler.ts"

/** What the command line says. */
export interface RunFlags {
  readonly kubeconfig?: string
  readonly context?: string
  readonly config?: string
  readonly schedulerName: string
  /** As the configuration says when absent; without one, false. */
  readonly leaderElect?: boolean
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

const connectionOf = (tls: ExtenderTls, server: string): Connection => {
  const read = (data: string | undefined, file: string | undefined): string | undefined =>
    data ?? (file === undefined ? undefined : readFileSync(file, "utf8"))
  const [ca, cert, key] = [read(tls.caData, tls.caFile), read(tls.certData, tls.certFile), read(tls.keyData, tls.keyFile)]
  return {
    server,
    namespace: "default",
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(tls.serverName === undefined ? {} : { tlsServerName: tls.serverName }),
    ...(tls.insecure === true ? { insecureSkipTlsVerify: true } : {})
  }
}

/** Runs until it is interrupted. */
export const runCommand = (flags: RunFlags): Effect.Effect<void, unknown> =>
  Effect.scoped(
    Effect.gen(function* () {
      const services = yield* Effect.context<Scope.Scope>()
      const fetchWith = (tls: ExtenderTls, url: string): Fetch => Effect.runSyncWith(services)(connect(connectionOf(tls, url)))
      const configuration =
        flags.config === undefined
          ? undefined
          : yield* Effect.try(() =>
              readConfiguration(parse(readFileSync(flags.config ?? "", "utf8")), { featureGates: flags.featureGates, fetchWith })
            )
      for (const warning of configuration?.warnings ?? []) yield* Effect.logWarning(warning)
      const file = flags.kubeconfig ?? configuration?.kubeconfig
      const source = {
        ...(file === undefined ? {} : { file }),
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
      if (!(flags.leaderElect ?? configuration?.leaderElection.leaderElect ?? false)) return yield* work
      const {
        name,
        namespace,
        leaderElect: _,
        ...patience
      } = configuration?.leaderElection ?? {
        name: flags.schedulerName,
        namespace: "kube-system",
        leaderElect: true
      }
      const identity = `${name}-${crypto.randomUUID()}`
      return yield* Effect.scoped(work).pipe(leaderElection({ client, lease: { namespace, name }, identity, ...patience }))
    })
  )
