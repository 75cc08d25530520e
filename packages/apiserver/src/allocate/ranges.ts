/** The ranges that cluster IPs come from: the server's own, and those of every ServiceCIDR that is ready. @module */
import { findCondition } from "@tsukube/api"
import { type ServiceCIDR, servicecidrs } from "@tsukube/api/networking-v1"
import type { ApiserverOptions } from "../options.ts"
import type { Serving } from "../serving.ts"
import { type AddressRange, parseRange } from "./cidr.ts"

/** Upstream's default. */
export const defaultServiceCidr = "10.96.0.0/12"

/** The ranges a server is started with; two of different families make the cluster dual-stack. */
export const serviceRanges = ({ serviceCidr = defaultServiceCidr }: ApiserverOptions): ReadonlyArray<AddressRange> =>
  serviceCidr.split(",").map(parseRange)

const isReady = ({ metadata, status }: ServiceCIDR): boolean =>
  metadata?.deletionTimestamp === undefined && findCondition(status?.conditions, "Ready")?.status === "True"

/** What addresses may be claimed from now, the server's own ranges first (KEP-1880). */
export const allocatableRanges = (serving: Serving): ReadonlyArray<AddressRange> => {
  const own = serviceRanges(serving.options)
  const known = new Set(own.map(({ cidr }) => cidr))
  const added = serving.registry
    .list(servicecidrs)
    .filter(isReady)
    .flatMap(({ spec }) => (spec?.cidrs ?? []).map(parseRange))
    .filter(({ cidr }) => !known.has(cidr))
  return [...own, ...added]
}
