/** `KubeSchedulerConfiguration` v1: read, checked with upstream's words, and turned into profiles. @module */
import { type FieldError, fieldError, formatFieldError } from "@tsukube/api"
import type { Fetch } from "@tsukube/client"
import { Data } from "effect"
import { type ExtenderTls, readExtender } from "./configuration/extenders.ts"
import {
  type LeaderElectionSettings,
  readClientConnection,
  readIdleSettings,
  readLeaderElection
} from "./configuration/leader-election.ts"
import { pluginsOf, readArgs } from "./configuration/plugin-sets.ts"
import { type Json, Reader } from "./configuration/reader.ts"
import { type Extender, httpExtender } from "./extender.ts"
import { checkFeatureGates, type FeatureGates, gatedPlugins } from "./feature-gates.ts"
import type { Plugin } from "./plugin.ts"
import { defaultPluginNames, type PluginFactory, pluginFactories } from "./plugin-registry.ts"

const { duplicate, forbidden, invalid, notSupported, required } = fieldError

const apiVersion = "kubescheduler.config.k8s.io/v1"

/** A configuration that cannot be used; every finding has the path of its field. */
export class ConfigurationError extends Data.Error<{ readonly message: string; readonly errors: ReadonlyArray<FieldError> }> {
  readonly _tag = "ConfigurationError"
}

/** One scheduler of a process: pods that name it are placed by its plugins. */
export interface Profile {
  readonly schedulerName: string
  readonly plugins: ReadonlyArray<Plugin>
  /** Stops looking for nodes once so many percent of them fit; 0: by the size of the cluster; all are ranked when absent. */
  readonly percentageOfNodesToScore?: number
}

/** What a configuration says. */
export interface SchedulerConfiguration {
  readonly profiles: ReadonlyArray<Profile>
  readonly extenders: ReadonlyArray<Extender>
  readonly initialBackoffMs: number
  readonly maxBackoffMs: number
  readonly leaderElection: LeaderElectionSettings
  /** The file to connect by, if it names one. */
  readonly kubeconfig?: string
  /** What it says that has no effect here, and why. */
  readonly warnings: ReadonlyArray<string>
}

/** Options of reading. */
export interface ConfigurationOptions {
  /** Plugins of your own by name, beside those of upstream; they are off until a profile enables them. */
  readonly plugins?: Readonly<Record<string, PluginFactory>>
  /** Features that are off until they are asked for; their plugins join every profile's default ones. */
  readonly featureGates?: FeatureGates
  /** Makes connections with certificates; without it an extender with a `tlsConfig` is refused. */
  readonly fetchWith?: (tls: ExtenderTls, url: string) => Fetch
}

const percentage = (reader: Reader, value: unknown, path: string): number | undefined => {
  const percent = reader.integer(value, path)
  if (percent !== undefined && (percent < 0 || percent > 100))
    reader.errors.push(invalid(path, percent, "not in valid range [0-100]"))
  return percent
}

/** Resources that an extender looks after are none of the plugin's business. */
const withIgnored = (plugin: string, args: Json, ignored: ReadonlyArray<string>): Json => {
  if (plugin !== "NodeResourcesFit" || ignored.length === 0) return args
  const own = (args["ignoredResources"] ?? []) as ReadonlyArray<string>
  return { ...args, ignoredResources: [...own, ...ignored] }
}

/** Turns a configuration object into profiles; throws `ConfigurationError` with all that is wrong. */
export const readConfiguration = (input: unknown, options: ConfigurationOptions = {}): SchedulerConfiguration => {
  const reader = new Reader()
  const root = reader.object(input, "configuration")
  reader.known(root, "", [
    "apiVersion",
    "kind",
    "profiles",
    "extenders",
    "percentageOfNodesToScore",
    "podInitialBackoffSeconds",
    "podMaxBackoffSeconds",
    "parallelism",
    "leaderElection",
    "clientConnection",
    "enableProfiling",
    "enableContentionProfiling",
    "delayCacheUntilActive"
  ])
  if (root["apiVersion"] !== apiVersion) reader.errors.push(notSupported("apiVersion", root["apiVersion"], [apiVersion]))
  if (root["kind"] !== "KubeSchedulerConfiguration")
    reader.errors.push(notSupported("kind", root["kind"], ["KubeSchedulerConfiguration"]))
  readIdleSettings(reader, root)
  const percent = percentage(reader, root["percentageOfNodesToScore"], "percentageOfNodesToScore")
  const initial = reader.integer(root["podInitialBackoffSeconds"], "podInitialBackoffSeconds") ?? 1
  const most = reader.integer(root["podMaxBackoffSeconds"], "podMaxBackoffSeconds") ?? 10
  if (initial <= 0) reader.errors.push(invalid("podInitialBackoffSeconds", initial, "must be greater than 0"))
  if (most < initial)
    reader.errors.push(invalid("podMaxBackoffSeconds", most, "must be greater than or equal to PodInitialBackoffSeconds"))

  const read = reader.list(root["extenders"], "extenders").map((item, index) => readExtender(reader, item, `extenders[${index}]`))
  if (read.filter(({ settings }) => settings.bindVerb !== undefined).length > 1)
    reader.errors.push(
      invalid("extenders", `found ${read.length} extenders implementing bind`, "only one extender can implement bind")
    )
  for (const [index, { tls }] of read.entries())
    if (tls !== undefined && options.fetchWith === undefined)
      reader.errors.push(forbidden(`extenders[${index}].tlsConfig`, "needs a fetchWith that makes such connections"))
  const ignored = read.flatMap((each) => each.ignored)
  const gates = options.featureGates ?? {}
  reader.errors.push(...checkFeatureGates(gates).map((message) => invalid("featureGates", gates, message)))
  const gated = gatedPlugins(gates)
  const defaults = [...defaultPluginNames, ...gated.map(({ name }) => name)]
  const own = Object.fromEntries(gated.map((plugin) => [plugin.name, () => plugin] as const))
  const factories: Readonly<Record<string, PluginFactory>> = { ...pluginFactories, ...own, ...options.plugins }
  const known = new Set(Object.keys(factories))
  const given = root["profiles"] === undefined ? [{}] : reader.list(root["profiles"], "profiles")
  if (given.length === 0) reader.errors.push(required("profiles"))
  const profiles = given.map((item, index): Profile => {
    const path = `profiles[${index}]`
    const entry = reader.object(item, path)
    reader.known(entry, path, ["schedulerName", "plugins", "pluginConfig", "percentageOfNodesToScore"])
    const named = reader.text(entry["schedulerName"], `${path}.schedulerName`)
    if (named === "" || (named === undefined && given.length > 1)) reader.errors.push(required(`${path}.schedulerName`))
    const args = readArgs(reader, entry["pluginConfig"], `${path}.pluginConfig`, known)
    const before = reader.errors.length
    const make = (name: string): Plugin | undefined =>
      before > 0 ? undefined : factories[name]?.(withIgnored(name, args.get(name) ?? {}, ignored))
    const plugins = pluginsOf(reader, entry["plugins"], `${path}.plugins`, make, known, defaults)
    const own = percentage(reader, entry["percentageOfNodesToScore"], `${path}.percentageOfNodesToScore`) ?? percent
    const schedulerName = named ?? "default-scheduler"
    if (own === 0)
      reader.warnings.push(
        `${path}: percentageOfNodesToScore: 0 samples nodes as upstream does; without it all are ranked, which is faster`
      )
    return own === undefined ? { schedulerName, plugins } : { schedulerName, plugins, percentageOfNodesToScore: own }
  })
  for (const [index, { schedulerName }] of profiles.entries()) {
    if (profiles.findIndex((other) => other.schedulerName === schedulerName) < index)
      reader.errors.push(duplicate(`profiles[${index}].schedulerName`, schedulerName))
  }
  const sortOf = ({ plugins }: Profile): string | undefined => plugins.find(({ compare }) => compare !== undefined)?.name
  for (const [index, profile] of profiles.entries()) {
    if (reader.errors.length === 0 && sortOf(profile) !== sortOf(profiles[0]!))
      reader.errors.push(invalid(`profiles[${index}].plugins.queueSort`, sortOf(profile), "has to match for all profiles"))
  }
  const election = readLeaderElection(reader, root["leaderElection"])
  const kubeconfig = readClientConnection(reader, root["clientConnection"])
  if (reader.errors.length > 0)
    throw new ConfigurationError({ message: reader.errors.map(formatFieldError).join("\n"), errors: reader.errors })
  return {
    profiles,
    extenders: read.map(({ settings, tls }) =>
      httpExtender(settings, tls === undefined ? undefined : options.fetchWith?.(tls, settings.urlPrefix))
    ),
    initialBackoffMs: initial * 1000,
    maxBackoffMs: most * 1000,
    leaderElection: election,
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    warnings: reader.warnings
  }
}
