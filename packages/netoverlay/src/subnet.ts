/** The few questions that leases and backends ask about IPv4 networks. @module */
import { formatIpv4, networksOverlap, parseNetwork } from "@tsukube/host"

/** The first address of a network, which no pod gets: `10.244.1.0` of `10.244.1.0/24`. */
export const firstAddress = (network: string): string => {
  const parsed = parseNetwork(network)
  if (parsed === undefined) throw new Error(`${network} is not an IPv4 network`)
  return formatIpv4(parsed.first)
}

/** Whether a network is part of another. */
export const isInside = (network: string, whole: string): boolean => {
  const part = parseNetwork(network.includes("/") ? network : `${network}/32`)
  const container = parseNetwork(whole)
  if (part === undefined || container === undefined) return false
  return part.prefixLength >= container.prefixLength && networksOverlap(part, container)
}
