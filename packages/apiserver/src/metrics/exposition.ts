/** `/metrics`: the meter's numbers under upstream's names, in Prometheus' text format. @module */
import { resources } from "@tsukube/api"
import type { Metric, Registry } from "prom-client"
import { versionInfo } from "../health.ts"
import { folderOf } from "../stored.ts"
import type { WatchCache } from "../watch-cache.ts"
import { type Distribution, durationBounds, type Labels, type Meter, storeBounds, type Tally } from "./meter.ts"

interface Value {
  readonly value: number
  readonly labels: Readonly<Record<string, string | number>>
  readonly metricName: string
}

interface Source {
  readonly name: string
  readonly help: string
  readonly type: "counter" | "gauge" | "histogram"
  readonly values: () => ReadonlyArray<Value>
}

const tallies =
  (name: string, source: ReadonlyMap<string, Tally>): Source["values"] =>
  () =>
    [...source.values()].map(({ labels, value }) => ({ value, labels, metricName: name }))

const distributions =
  (name: string, bounds: ReadonlyArray<number>, source: ReadonlyMap<string, Distribution>): Source["values"] =>
  () =>
    [...source.values()].flatMap(({ labels, buckets, count, sum }) => {
      let below = 0
      const bucketsSoFar = bounds.map((le, i) => {
        below += buckets[i]!
        return { value: below, labels: { le, ...labels }, metricName: `${name}_bucket` }
      })
      return [
        ...bucketsSoFar,
        { value: count, labels: { le: "+Inf", ...labels }, metricName: `${name}_bucket` },
        { value: sum, labels, metricName: `${name}_sum` },
        { value: count, labels, metricName: `${name}_count` }
      ]
    })

const inFlight = (meter: Meter, name: string): ReadonlyArray<Value> =>
  Object.entries(meter.inFlight).map(([kind, value]) => ({ value, labels: { request_kind: kind }, metricName: name }))

const objectCounts = (cache: WatchCache, name: string, labelsOf: (group: string, resource: string) => Labels) => {
  const folders = new Map(resources.map((resource) => [folderOf(resource), resource]))
  return [...folders].map(([folder, { group, plural }]) => ({
    value: cache.bucket(folder).objects.size,
    labels: labelsOf(group, plural),
    metricName: name
  }))
}

const sourcesOf = (meter: Meter, cache: WatchCache): ReadonlyArray<Source> => {
  const source = (type: Source["type"], name: string, help: string, values: (name: string) => ReadonlyArray<Value>): Source => ({
    name,
    help,
    type,
    values: () => values(name)
  })
  const ofTallies = (from: ReadonlyMap<string, Tally>) => (name: string) => tallies(name, from)()
  const ofDistributions = (from: ReadonlyMap<string, Distribution>, bounds: ReadonlyArray<number>) => (name: string) =>
    distributions(name, bounds, from)()
  const { gitVersion = "", major = "", minor = "", platform = "" } = versionInfo
  const build = { git_version: gitVersion, major, minor, platform, compiler: "none", go_version: "none" }
  return [
    source("counter", "apiserver_request_total", "Requests answered, by verb, resource and code.", ofTallies(meter.requests)),
    source(
      "histogram",
      "apiserver_request_duration_seconds",
      "Time from a request to the start of its answer.",
      ofDistributions(meter.durations, durationBounds)
    ),
    source("gauge", "apiserver_current_inflight_requests", "Requests in progress, long ones left out.", (name) =>
      inFlight(meter, name)
    ),
    source("gauge", "apiserver_longrunning_requests", "Watches and connections that are open.", ofTallies(meter.longRunning)),
    source(
      "counter",
      "apiserver_request_terminations_total",
      "Requests ended by a limit of the server.",
      ofTallies(meter.terminations)
    ),
    source(
      "histogram",
      "etcd_request_duration_seconds",
      "Time the store took.",
      ofDistributions(meter.storeDurations, storeBounds)
    ),
    source("counter", "etcd_requests_total", "Requests to the store.", (name) =>
      [...meter.storeDurations.values()].map(({ labels, count }) => ({ value: count, labels, metricName: name }))
    ),
    source("counter", "etcd_request_errors_total", "Requests that the store failed.", ofTallies(meter.storeErrors)),
    source("gauge", "apiserver_storage_objects", "Objects stored, by resource.", (name) =>
      objectCounts(cache, name, (group, resource) => ({ resource: group === "" ? resource : `${resource}.${group}` }))
    ),
    source("gauge", "apiserver_resource_objects", "Objects stored, by group and resource.", (name) =>
      objectCounts(cache, name, (group, resource) => ({ group, resource }))
    ),
    source("gauge", "kubernetes_build_info", "Which release's API this is.", (name) => [
      { value: 1, labels: build, metricName: name }
    ])
  ]
}

/** What writes the text, and its type. */
export interface Exposition {
  readonly contentType: string
  readonly text: () => Promise<string>
}

/** The library is loaded when somebody first asks: counting does without it, and so does the start. */
export const makeExposition = async (meter: Meter, cache: WatchCache): Promise<Exposition> => {
  const { collectDefaultMetrics, Registry } = await import("prom-client")
  const registry: Registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const { values, ...source } of sourcesOf(meter, cache)) {
    // A registry only ever asks a metric for its name and its values.
    const metric = { ...source, get: async () => ({ ...source, aggregator: "sum", values: values() }) }
    registry.registerMetric(metric as unknown as Metric)
  }
  return { contentType: registry.contentType, text: () => registry.metrics() }
}
