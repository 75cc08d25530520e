/** Subnets of a pod network, numbered. @module */

/** A network that is cut into equal subnets. */
export interface SubnetRange {
  readonly family: 4 | 6
  readonly first: bigint
  readonly maskSize: number
  readonly count: bigint
}

const parseIpv4 = (text: string): bigint | undefined => {
  const parts = text.split(".")
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined
  return parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n)
}

const parseIpv6 = (text: string): bigint | undefined => {
  const [head = "", tail, more] = text.split("::")
  if (more !== undefined) return undefined
  const groups = (part: string): ReadonlyArray<string> => (part === "" ? [] : part.split(":"))
  const left = groups(head)
  const right = tail === undefined ? [] : groups(tail)
  const missing = 8 - left.length - right.length
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined
  const all = [...left, ...Array.from({ length: missing }, () => "0"), ...right]
  if (!all.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined
  return all.reduce((sum, group) => (sum << 16n) + BigInt(`0x${group}`), 0n)
}

const formatIpv4 = (address: bigint): string => [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 255n).join(".")

const formatIpv6 = (address: bigint): string => {
  const groups = Array.from({ length: 8 }, (_, index) => ((address >> BigInt(112 - 16 * index)) & 0xffffn).toString(16))
  const text = groups.join(":")
  // The longest row of zeros becomes "::", as RFC 5952 asks.
  const rows = [...text.matchAll(/(?<![0-9a-f])0(?::0)+(?![0-9a-f])/g)].sort((one, other) => other[0].length - one[0].length)
  const longest = rows[0]
  if (longest === undefined) return text
  const before = text.slice(0, longest.index).replace(/:$/, "")
  const after = text.slice(longest.index + longest[0].length).replace(/^:/, "")
  return `${before}::${after}`
}

/** Cuts a network (`10.244.0.0/16`) into subnets of `maskSize`; throws on nonsense, naming it. */
export const parseSubnetRange = (cidr: string, maskSizes: { readonly ipv4: number; readonly ipv6: number }): SubnetRange => {
  const [text = "", length = ""] = cidr.split("/")
  const family = text.includes(":") ? 6 : 4
  const bits = family === 4 ? 32 : 128
  const maskSize = family === 4 ? maskSizes.ipv4 : maskSizes.ipv6
  const address = family === 4 ? parseIpv4(text) : parseIpv6(text)
  const prefix = Number(length)
  if (address === undefined || !/^\d+$/.test(length) || prefix > bits) throw new Error(`not a network: ${JSON.stringify(cidr)}`)
  if (maskSize < prefix || maskSize > bits) throw new Error(`${cidr} cannot be cut into subnets of /${maskSize}`)
  const host = BigInt(bits - prefix)
  return { family, first: (address >> host) << host, maskSize, count: 1n << BigInt(maskSize - prefix) }
}

/** The subnet with this number. */
export const subnetAt = ({ family, first, maskSize }: SubnetRange, index: bigint): string => {
  const address = first + (index << BigInt((family === 4 ? 32 : 128) - maskSize))
  return `${family === 4 ? formatIpv4(address) : formatIpv6(address)}/${maskSize}`
}

/** The first subnet that is not taken; undefined when all are. */
export const freeSubnet = (range: SubnetRange, taken: ReadonlySet<string>): string | undefined => {
  for (let index = 0n; index < range.count; index++) {
    const subnet = subnetAt(range, index)
    if (!taken.has(subnet)) return subnet
  }
  return undefined
}
