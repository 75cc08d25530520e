/** Counts what a server does, in plain numbers: cheap enough for every request. They become text only when somebody asks for them. @module */

import type { Resource } from "@tsukube/api"
import type { RequestInfo } from "../request.ts"
import { findServed } from "../served.ts"

/** Upper bounds in seconds of the request histogram, as upstream's are. */
export const durationBounds: ReadonlyArray<number> = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60
]
/** The same for the store. */
export const storeBounds: ReadonlyArray<number> = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60
]

export type Labels = Readonly<Record<string, string>>

/** Observations of one series. `buckets[i]` counts those at most `bounds[i]` and above the bound before. */
export interface Distribution {
  readonly labels: Labels
  readonly buckets: Array<number>
  count: number
  sum: number
}

/** One number of one series. */
export interface Tally {
  readonly labels: Labels
  value: number
}

/** What kind of request takes a place among those in flight. */
export type RequestKind = "readOnly" | "mutating"

/** The counts of one server. */
export interface Meter {
  readonly inFlight: Record<RequestKind, number>
  readonly requests: ReadonlyMap<string, Tally>
  readonly durations: ReadonlyMap<string, Distribution>
  readonly longRunning: ReadonlyMap<string, Tally>
  readonly terminations: ReadonlyMap<string, Tally>
  readonly storeDurations: ReadonlyMap<string, Distribution>
  readonly storeErrors: ReadonlyMap<string, Tally>
  /** A request was answered. */
  readonly answered: (described: Described, code: number, seconds: number) => void
  /** A long request began; call what it gives when it is over. */
  readonly began: (described: Described) => () => void
  /** A request was cut off by a limit. */
  readonly terminated: (described: Described, code: number) => void
  /** The store did something. */
  readonly stored: (operation: string, type: string, seconds: number, failed: boolean) => void
}

/** A request as the labels of its series, worked out once. */
export interface Described {
  readonly key: string
  readonly verb: string
  readonly dryRun: string
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly subresource: string
  readonly scope: string
}

const resourceVerbs: Readonly<Record<string, string>> = {
  get: "GET",
  list: "LIST",
  watch: "WATCH",
  create: "POST",
  update: "PUT",
  patch: "PATCH",
  delete: "DELETE",
  deletecollection: "DELETECOLLECTION"
}
const plainVerbs = new Set(["get", "head", "post", "put", "patch", "delete", "options", "connect"])
const connected = new Set(["exec", "attach", "portforward", "proxy"])

/** Names that are not served are left out: nobody may make the server keep a series for every word he thinks of. */
export const describe = (info: RequestInfo, parameters: URLSearchParams, contentType: string | null): Described => {
  if (!info.isResource) {
    const verb = plainVerbs.has(info.verb) ? info.verb.toUpperCase() : "OTHER"
    return describedAs(verb, nothing, "", "", "")
  }
  const known = findServed(info.group, info.version, info.resource)?.resource
  const asked = info.subresource
  const subresource = asked !== "" && known?.subresources.some(({ name }) => name === asked) === true ? asked : ""
  const apply = info.verb === "patch" && contentType?.startsWith("application/apply-patch") === true
  const verb = connected.has(subresource) ? "CONNECT" : apply ? "APPLY" : (resourceVerbs[info.verb] ?? "OTHER")
  const named = info.name !== "" && info.verb !== "list" && info.verb !== "watch"
  const scope = named || info.verb === "create" ? "resource" : info.namespace === "" ? "cluster" : "namespace"
  const dryRun = parameters.has("dryRun") ? "All" : ""
  return describedAs(verb, known ?? nothing, subresource, scope, dryRun)
}

type DescribedResource = Pick<Resource, "group" | "version" | "plural">

/** What is not served, and plain paths. */
const nothing: DescribedResource = { group: "", version: "", plural: "" }

/** The descriptions of a resource's requests. There are few, and making one takes longer than finding it. */
const described = new WeakMap<DescribedResource, Array<Described>>()

const describedAs = (verb: string, of: DescribedResource, subresource: string, scope: string, dryRun: string): Described => {
  const all = described.get(of) ?? []
  for (const one of all) {
    if (one.verb === verb && one.scope === scope && one.subresource === subresource && one.dryRun === dryRun) return one
  }
  const { group, version, plural: resource } = of
  const key = scope === "" ? verb : `${verb} ${group} ${version} ${resource} ${subresource} ${scope} ${dryRun}`
  const made = { key, verb, dryRun, group, version, resource, subresource, scope }
  described.set(of, [...all, made])
  return made
}

const observe = (distribution: Distribution, bounds: ReadonlyArray<number>, seconds: number): void => {
  distribution.count++
  distribution.sum += seconds
  for (let i = 0; i < bounds.length; i++) {
    if (seconds > bounds[i]!) continue
    distribution.buckets[i]!++
    return
  }
}

const labelsOf = ({ verb, dryRun, group, version, resource, subresource, scope }: Described): Labels => ({
  verb,
  dry_run: dryRun,
  group,
  version,
  resource,
  subresource,
  scope,
  component: "apiserver"
})

/** The same without what is only known of writes. */
const withoutDryRun = (described: Described): Labels => {
  const { dry_run: _, ...labels } = labelsOf(described)
  return labels
}

const tallyOf = (tallies: Map<string, Tally>, key: string, labels: () => Labels): Tally => {
  const known = tallies.get(key)
  if (known !== undefined) return known
  const made = { labels: labels(), value: 0 }
  tallies.set(key, made)
  return made
}

const distributionOf = (
  distributions: Map<string, Distribution>,
  key: string,
  bounds: ReadonlyArray<number>,
  labels: () => Labels
): Distribution => {
  const known = distributions.get(key)
  if (known !== undefined) return known
  const made = { labels: labels(), buckets: bounds.map(() => 0), count: 0, sum: 0 }
  distributions.set(key, made)
  return made
}

/** The series of one kind of request, found without making their keys anew. */
interface Series {
  readonly codes: Map<number, Tally>
  readonly duration: Distribution
}

/** A server's meter, at zero. */
export const makeMeter = (): Meter => {
  const requests = new Map<string, Tally>()
  const durations = new Map<string, Distribution>()
  const longRunning = new Map<string, Tally>()
  const terminations = new Map<string, Tally>()
  const storeDurations = new Map<string, Distribution>()
  const storeErrors = new Map<string, Tally>()
  const series = new Map<Described, Series>()
  return {
    inFlight: { readOnly: 0, mutating: 0 },
    requests,
    durations,
    longRunning,
    terminations,
    storeDurations,
    storeErrors,
    answered: (described, code, seconds) => {
      let { codes, duration } = series.get(described) ?? {}
      if (codes === undefined || duration === undefined) {
        codes = new Map()
        duration = distributionOf(durations, described.key, durationBounds, () => labelsOf(described))
        series.set(described, { codes, duration })
      }
      const tally =
        codes.get(code) ?? tallyOf(requests, `${described.key} ${code}`, () => ({ ...labelsOf(described), code: String(code) }))
      codes.set(code, tally)
      tally.value++
      observe(duration, durationBounds, seconds)
    },
    began: (described) => {
      const tally = tallyOf(longRunning, described.key, () => withoutDryRun(described))
      tally.value++
      let over = false
      return () => {
        if (!over) tally.value--
        over = true
      }
    },
    terminated: (described, code) => {
      const labels = () => ({ ...withoutDryRun(described), code: String(code) })
      tallyOf(terminations, `${described.key} ${code}`, labels).value++
    },
    stored: (operation, type, seconds, failed) => {
      const key = `${operation} ${type}`
      observe(
        distributionOf(storeDurations, key, storeBounds, () => ({ operation, type })),
        storeBounds,
        seconds
      )
      if (failed) tallyOf(storeErrors, key, () => ({ operation, type })).value++
    }
  }
}
