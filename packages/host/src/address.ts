/** IPv4 addresses and networks as numbers, as far as laying out networks needs them. @module */

/** An IPv4 network: its first address as an unsigned number, and the length of its prefix. */
export interface Network {
  readonly first: number
  readonly prefixLength: number
}

/** An address in dotted form as an unsigned number; undefined when it is none. */
export const parseIpv4 = (text: string): number | undefined => {
  const parts = text.split(".")
  if (parts.length !== 4) return undefined
  let value = 0
  for (const part of parts) {
    const byte = /^(0|[1-9]\d{0,2})$/.test(part) ? Number(part) : 256
    if (byte > 255) return undefined
    value = value * 256 + byte
  }
  return value
}

/** The dotted form of an address. */
export const formatIpv4 = (address: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".")

/** Parses `10.244.0.0/16`; bits beyond the prefix are cleared; undefined when it is no IPv4 network. */
export const parseNetwork = (text: string): Network | undefined => {
  const [address = "", length = ""] = text.split("/", 2)
  const value = parseIpv4(address)
  const prefixLength = /^\d{1,2}$/.test(length) ? Number(length) : 33
  if (value === undefined || prefixLength > 32) return undefined
  const size = 2 ** (32 - prefixLength)
  return { first: value - (value % size), prefixLength }
}

/** The form `10.244.0.0/16`. */
export const formatNetwork = (network: Network): string => `${formatIpv4(network.first)}/${network.prefixLength}`

/** Whether two networks share an address. */
export const networksOverlap = (a: Network, b: Network): boolean =>
  a.first < b.first + 2 ** (32 - b.prefixLength) && b.first < a.first + 2 ** (32 - a.prefixLength)
