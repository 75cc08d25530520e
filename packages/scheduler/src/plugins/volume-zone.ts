/** A volume with zone labels is reached only from nodes of its zones. @module */
import type { PersistentVolume } from "@tsukube/api/core-v1"
import { definePlugin, type Plugin, type Refusal } from "../plugin.ts"
import { claimsOf, hasClaims, volumeOf } from "../pod-claims.ts"

const refusal: Refusal = { reasons: ["node(s) had no available volume zone"], resolvable: false }

/** Today's labels and their former names. */
const aliases: Readonly<Record<string, string>> = {
  "topology.kubernetes.io/zone": "failure-domain.beta.kubernetes.io/zone",
  "topology.kubernetes.io/region": "failure-domain.beta.kubernetes.io/region"
}

interface Wanted {
  readonly key: string
  readonly values: ReadonlySet<string>
}

const wantedBy = ({ metadata }: PersistentVolume): ReadonlyArray<Wanted> =>
  Object.entries(aliases).flatMap(([key, old]) => {
    const value = metadata?.labels?.[key] ?? metadata?.labels?.[old]
    // Several zones are written `a__b`.
    return value === undefined ? [] : [{ key, values: new Set(value.split("__")) }]
  })

/** Upstream's VolumeZone. */
export const volumeZone: Plugin = definePlugin<ReadonlyArray<Wanted>, undefined>({
  name: "VolumeZone",
  events: ["StorageClassChanged", "ClaimChanged", "VolumeChanged", "NodeAdded", "NodeLabelsChanged"],
  preFilter: (pod, { objects }) => {
    if (!hasClaims(pod.pod)) return { skip: true }
    const volumes = claimsOf(pod).flatMap(({ key }) => volumeOf(key, objects) ?? [])
    const state = volumes.flatMap(wantedBy)
    return state.length === 0 ? { skip: true } : { state }
  },
  filter: (_, { labels }, state) => {
    const hasZones = Object.entries(aliases).some(([key, old]) => labels[key] !== undefined || labels[old] !== undefined)
    if (!hasZones) return undefined
    const isThere = ({ key, values }: Wanted): boolean => values.has(labels[key] ?? labels[aliases[key]!] ?? "")
    return state.every(isThere) ? undefined : refusal
  }
})
