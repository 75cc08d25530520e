/** `KubeSchedulerConfiguration` v1: read, checked with upstream's words, and turned into profiles. @module */
import { type FieldError, fieldError, formatFieldError, isList, isObject } from "@tsukube/api"
import { Data } from "effect"
import { type Extender, type ExtenderSettings, httpExtender } from "./extender.ts"
import { checkFeatureGates, type FeatureGates, gatedPlugins } from "./feature-gates.ts"
import type { Plugin } from "./plugin.ts"
import { checkPluginArgs } from "./plugin-args.ts"
import { defaultPluginNames, type PluginFactory, pluginFactories } from "./plugin-registry.ts"

const { duplicate, forbidden, invalid, notFound, notSupported, required, typeInvalid } = fieldError

/** A configuration that cannot be used; every finding has the path of its field. */
export class ConfigurationError extends Data.Error<{ readonly message: string; readonly errors: ReadonlyArray<FieldError> }> {
  readonly _tag = "ConfigurationError"
}

/** One scheduler of a process: pods that name it are placed by its plugins. */
export interface Profile {
  readonly schedulerName: string
  readonly plugins: ReadonlyArray<Plugin>
  /** Stops looking for nodes once so many percent of them fit; all nodes are looked at when absent or 0. */
  readonly percentageOfNodesToScore?: number
}

/** What a configuration says. */
export interface SchedulerConfiguration {
  readonly profiles: ReadonlyArray<Profile>
  readonly extenders: ReadonlyArray<Extender>
  readonly initialBackoffMs: number
  readonly maxBackoffMs: number
  readonly leaderElection: { readonly leaderElect: boolean; readonly name: string; readonly namespace: string }
}

type Json = Readonly<Record<string, unknown>>

const apiVersion = "kubescheduler.config.k8s.io/v1"

/** Extension points by the name that a configuration uses, with the members of a plugin that they stand for. */
const points: Readonly<Record<string, ReadonlyArray<keyof Plugin>>> = {
  preEnqueue: ["preEnqueue"],
  queueSort: ["compare"],
  preFilter: ["preFilter", "addPod", "removePod"],
  filter: ["filter", "filterMany"],
  postFilter: ["postFilter"],
  preScore: ["preScore", "preScoreMany"],
  score: ["score", "scoreMany", "scale", "normalize"],
  reserve: ["reserve", "unreserve"],
  permit: ["permit"],
  preBind: ["preBind"],
  bind: ["bind"],
  postBind: ["postBind"]
}

interface Named {
  readonly name: string
  readonly weight?: number
}

interface PluginSet {
  readonly enabled: ReadonlyArray<Named>
  readonly disabled: ReadonlyArray<Named>
}

/** Collects findings while a configuration is read. */
class Reader {
  readonly errors: Array<FieldError> = []

  object(value: unknown, path: string): Json {
    if (value === undefined || value === null) return {}
    if (isObject(value)) return value
    this.errors.push(typeInvalid(path, value, "must be an object"))
    return {}
  }

  list(value: unknown, path: string): ReadonlyArray<unknown> {
    if (value === undefined || value === null) return []
    if (isList(value)) return value
    this.errors.push(typeInvalid(path, value, "must be a list"))
    return []
  }

  text(value: unknown, path: string): string | undefined {
    if (value === undefined || typeof value === "string") return value
    this.errors.push(typeInvalid(path, value, "must be a string"))
    return undefined
  }

  integer(value: unknown, path: string): number | undefined {
    if (value === undefined || value === null) return undefined
    if (typeof value === "number" && Number.isSafeInteger(value)) return value
    this.errors.push(typeInvalid(path, value, "must be an integer"))
    return undefined
  }

  flag(value: unknown, path: string): boolean | undefined {
    if (value === undefined || typeof value === "boolean") return value
    this.errors.push(typeInvalid(path, value, "must be a boolean"))
    return undefined
  }

  known(value: Json, path: string, names: ReadonlyArray<string>): void {
    for (const name of Object.keys(value)) {
      if (!names.includes(name))
        this.errors.push(forbidden(path === "" ? name : `${path}.${name}`, "unknown or unsupported field"))
    }
  }
}

const readPluginSet = (reader: Reader, value: unknown, path: string, known: ReadonlySet<string>): PluginSet => {
  const set = reader.object(value, path)
  reader.known(set, path, ["enabled", "disabled"])
  const read = (which: "enabled" | "disabled"): ReadonlyArray<Named> =>
    reader.list(set[which], `${path}.${which}`).flatMap((item, index) => {
      const at = `${path}.${which}[${index}]`
      const entry = reader.object(item, at)
      reader.known(entry, at, ["name", "weight"])
      const name = reader.text(entry["name"], `${at}.name`)
      const weight = reader.integer(entry["weight"], `${at}.weight`)
      if (name === undefined || name === "") {
        reader.errors.push(required(`${at}.name`))
        return []
      }
      if (!known.has(name) && !(which === "disabled" && name === "*")) reader.errors.push(notFound(`${at}.name`, name))
      if (weight !== undefined && (weight < 0 || weight > 100))
        reader.errors.push(invalid(`${at}.weight`, weight, "must be between 0 and 100"))
      return [weight === undefined || weight === 0 ? { name } : { name, weight }]
    })
  return { enabled: read("enabled"), disabled: read("disabled") }
}

const isDisabled = ({ disabled }: PluginSet, name: string): boolean =>
  disabled.some((entry) => entry.name === "*" || entry.name === name)

/** A plugin with only some of its extension points. */
const restrictedTo = (plugin: Plugin, kept: ReadonlySet<keyof Plugin>): Plugin => {
  const all = new Set(Object.values(points).flat())
  // What it signs must be what it reads: without a filter or score of its own there is nothing to share.
  const entries = Object.entries(plugin).filter(([key]) => !all.has(key as keyof Plugin) || kept.has(key as keyof Plugin))
  return Object.fromEntries(entries) as unknown as Plugin
}

const pluginsOf = (
  reader: Reader,
  value: unknown,
  path: string,
  make: (name: string) => Plugin | undefined,
  known: ReadonlySet<string>,
  defaults: ReadonlyArray<string>
): ReadonlyArray<Plugin> => {
  const sets = reader.object(value, path)
  reader.known(sets, path, ["multiPoint", ...Object.keys(points)])
  const setOf = (point: string): PluginSet => readPluginSet(reader, sets[point], `${path}.${point}`, known)
  const multi = setOf("multiPoint")
  const byPoint = new Map(Object.keys(points).map((point) => [point, setOf(point)] as const))
  const base: Array<Named> = defaults
    .filter((name) => !isDisabled(multi, name) && !multi.enabled.some((entry) => entry.name === name))
    .map((name) => ({ name }))
  base.push(...multi.enabled)
  const names = [...base.map(({ name }) => name)]
  for (const { enabled } of byPoint.values()) for (const { name } of enabled) if (!names.includes(name)) names.push(name)
  return names.flatMap((name): ReadonlyArray<Plugin> => {
    const plugin = make(name)
    if (plugin === undefined) return []
    const kept = new Set<keyof Plugin>()
    const general = base.find((entry) => entry.name === name)
    for (const [point, set] of byPoint) {
      const isOn = set.enabled.some((entry) => entry.name === name) || (general !== undefined && !isDisabled(set, name))
      if (isOn) for (const member of points[point]!) kept.add(member)
    }
    const weight = byPoint.get("score")?.enabled.find((entry) => entry.name === name)?.weight ?? general?.weight
    return [{ ...restrictedTo(plugin, kept), ...(weight === undefined ? {} : { weight }) }]
  })
}

const readArgs = (reader: Reader, value: unknown, path: string, known: ReadonlySet<string>): ReadonlyMap<string, Json> => {
  const args = new Map<string, Json>()
  for (const [index, item] of reader.list(value, path).entries()) {
    const at = `${path}[${index}]`
    const entry = reader.object(item, at)
    reader.known(entry, at, ["name", "args"])
    const name = reader.text(entry["name"], `${at}.name`) ?? ""
    const given = reader.object(entry["args"], `${at}.args`)
    if (args.has(name)) reader.errors.push(duplicate(at, name))
    else if (!known.has(name)) reader.errors.push(notFound(`${at}.name`, name))
    reader.errors.push(...checkPluginArgs(name, given, `${at}.args`))
    args.set(name, given)
  }
  return args
}

const readExtender = (reader: Reader, value: unknown, path: string): ExtenderSettings => {
  const entry = reader.object(value, path)
  const text = (name: string): string | undefined => reader.text(entry[name], `${path}.${name}`) || undefined
  reader.known(entry, path, [
    "urlPrefix",
    "filterVerb",
    "prioritizeVerb",
    "bindVerb",
    "weight",
    "enableHTTPS",
    "httpTimeout",
    "nodeCacheCapable",
    "managedResources",
    "ignorable"
  ])
  const urlPrefix = text("urlPrefix") ?? ""
  if (urlPrefix === "" || !URL.canParse(urlPrefix))
    reader.errors.push(invalid(`${path}.urlPrefix`, urlPrefix, "must be a valid URL"))
  const weight = reader.integer(entry["weight"], `${path}.weight`)
  const prioritizeVerb = text("prioritizeVerb")
  if (prioritizeVerb !== undefined && (weight ?? 0) <= 0)
    reader.errors.push(invalid(`${path}.weight`, weight ?? 0, "must have a positive weight applied to it"))
  const timeout = entry["httpTimeout"] === undefined ? undefined : durationMs(reader, entry["httpTimeout"], `${path}.httpTimeout`)
  const managedResources = reader.list(entry["managedResources"], `${path}.managedResources`).flatMap((item, index) => {
    const at = `${path}.managedResources[${index}]`
    const name = reader.text(reader.object(item, at)["name"], `${at}.name`)
    if (name === undefined || name === "") reader.errors.push(required(`${at}.name`))
    return name === undefined ? [] : [name]
  })
  if (entry["enableHTTPS"] === true && !urlPrefix.startsWith("https:"))
    reader.errors.push(invalid(`${path}.urlPrefix`, urlPrefix, "must use https when enableHTTPS is set"))
  const filterVerb = text("filterVerb")
  const bindVerb = text("bindVerb")
  return {
    urlPrefix,
    managedResources,
    ...(filterVerb === undefined ? {} : { filterVerb }),
    ...(prioritizeVerb === undefined ? {} : { prioritizeVerb }),
    ...(bindVerb === undefined ? {} : { bindVerb }),
    ...(weight === undefined ? {} : { weight }),
    ...(timeout === undefined ? {} : { httpTimeoutMs: timeout }),
    nodeCacheCapable: reader.flag(entry["nodeCacheCapable"], `${path}.nodeCacheCapable`) ?? false,
    ignorable: reader.flag(entry["ignorable"], `${path}.ignorable`) ?? false
  }
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** Reads `1m30s` as milliseconds. */
const durationMs = (reader: Reader, value: unknown, path: string): number | undefined => {
  const parts = typeof value === "string" ? [...value.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)] : []
  if (typeof value === "string" && parts.length > 0 && parts.map(([part]) => part).join("") === value)
    return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * units[unit ?? "s"]!, 0)
  reader.errors.push(invalid(path, value, "must be a duration such as 5s"))
  return undefined
}

/** Options of reading. */
export interface ConfigurationOptions {
  /** Plugins of your own by name, beside those of upstream; they are off until a profile enables them. */
  readonly plugins?: Readonly<Record<string, PluginFactory>>
  /** Features that are off until they are asked for; their plugins join every profile's default ones. */
  readonly featureGates?: FeatureGates
}

const percentage = (reader: Reader, value: unknown, path: string): number | undefined => {
  const percent = reader.integer(value, path)
  if (percent !== undefined && (percent < 0 || percent > 100))
    reader.errors.push(invalid(path, percent, "not in valid range [0-100]"))
  return percent
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
    "clientConnection"
  ])
  if (root["apiVersion"] !== apiVersion) reader.errors.push(notSupported("apiVersion", root["apiVersion"], [apiVersion]))
  if (root["kind"] !== "KubeSchedulerConfiguration")
    reader.errors.push(notSupported("kind", root["kind"], ["KubeSchedulerConfiguration"]))
  const parallelism = reader.integer(root["parallelism"], "parallelism")
  if (parallelism !== undefined && parallelism <= 0)
    reader.errors.push(invalid("parallelism", parallelism, "should be an integer value greater than zero"))
  const percent = percentage(reader, root["percentageOfNodesToScore"], "percentageOfNodesToScore")
  const initial = reader.integer(root["podInitialBackoffSeconds"], "podInitialBackoffSeconds") ?? 1
  const most = reader.integer(root["podMaxBackoffSeconds"], "podMaxBackoffSeconds") ?? 10
  if (initial <= 0) reader.errors.push(invalid("podInitialBackoffSeconds", initial, "must be greater than 0"))
  if (most < initial)
    reader.errors.push(invalid("podMaxBackoffSeconds", most, "must be greater than or equal to PodInitialBackoffSeconds"))

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
    const make = (name: string): Plugin | undefined => (before > 0 ? undefined : factories[name]?.(args.get(name) ?? {}))
    const plugins = pluginsOf(reader, entry["plugins"], `${path}.plugins`, make, known, defaults)
    const own = percentage(reader, entry["percentageOfNodesToScore"], `${path}.percentageOfNodesToScore`) ?? percent ?? 0
    const schedulerName = named ?? "default-scheduler"
    return own === 0 ? { schedulerName, plugins } : { schedulerName, plugins, percentageOfNodesToScore: own }
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
  const settings = reader
    .list(root["extenders"], "extenders")
    .map((item, index) => readExtender(reader, item, `extenders[${index}]`))
  if (settings.filter(({ bindVerb }) => bindVerb !== undefined).length > 1)
    reader.errors.push(
      invalid("extenders", `found ${settings.length} extenders implementing bind`, "only one extender can implement bind")
    )
  const election = reader.object(root["leaderElection"], "leaderElection")
  if (reader.errors.length > 0)
    throw new ConfigurationError({ message: reader.errors.map(formatFieldError).join("\n"), errors: reader.errors })
  return {
    profiles,
    extenders: settings.map(httpExtender),
    initialBackoffMs: initial * 1000,
    maxBackoffMs: most * 1000,
    leaderElection: {
      leaderElect: election["leaderElect"] !== false,
      name: typeof election["resourceName"] === "string" ? election["resourceName"] : "kube-scheduler",
      namespace: typeof election["resourceNamespace"] === "string" ? election["resourceNamespace"] : "kube-system"
    }
  }
}
