/** Address ranges as numbers: which addresses they hold, and how those are written. @module */

/** An address family as Services name it. */
export type Family = "IPv4" | "IPv6"

/** The usable addresses of a CIDR, both ends included. */
export interface AddressRange {
  readonly cidr: string
  readonly family: Family
  readonly first: bigint
  readonly last: bigint
}

const groupsOf = (address: string): ReadonlyArray<string> => {
  const [head = "", tail] = address.split("::")
  const left = head === "" ? [] : head.split(":")
  if (tail === undefined) return left
  const right = tail === "" ? [] : tail.split(":")
  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => "0"), ...right]
}

/** An address in its canonical form; undefined when it is none. */
export const canonicalAddress = (address: string): string | undefined => {
  if (familyOf(address) === "IPv4") {
    const parts = address.split(".")
    return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)
      ? address
      : undefined
  }
  if (!/^[0-9a-fA-F:.]+$/.test(address)) return undefined
  try {
    // The URL standard writes IPv6 hosts in the form of RFC 5952.
    return new URL(`http://[${address}]`).hostname.slice(1, -1)
  } catch {
    return undefined
  }
}

/** The family an address is written in. */
export const familyOf = (address: string): Family => (address.includes(":") ? "IPv6" : "IPv4")

/** A canonical address as a number. */
export const addressToNumber = (address: string): bigint =>
  familyOf(address) === "IPv4"
    ? address.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0n)
    : groupsOf(address).reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n)

/** A number as a canonical address. */
export const numberToAddress = (value: bigint, family: Family): string => {
  if (family === "IPv4") return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join(".")
  const groups = Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 65535n).toString(16))
  return canonicalAddress(groups.join(":"))!
}

/** The range of a CIDR without its network address and, for IPv4, its broadcast address. Throws on text that is no CIDR. */
export const parseRange = (cidr: string): AddressRange => {
  const [text = "", length = ""] = cidr.trim().split("/")
  const address = canonicalAddress(text)
  const family = familyOf(text)
  const bits = family === "IPv4" ? 32 : 128
  const prefix = Number(length)
  if (address === undefined || !/^\d{1,3}$/.test(length) || prefix > bits - 2) throw new Error(`${cidr} is not a usable CIDR`)
  const size = 1n << BigInt(bits - prefix)
  const base = (addressToNumber(address) / size) * size
  return {
    cidr: `${numberToAddress(base, family)}/${prefix}`,
    family,
    first: base + 1n,
    last: base + size - (family === "IPv4" ? 2n : 1n)
  }
}
