/** Addresses and networks in text. @module */

const octet = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)"
const ipv4 = new RegExp(`^${octet}(?:\\.${octet}){3}$`)

/** Whether a text is an IPv4 address. */
export const isIpv4 = (text: string): boolean => ipv4.test(text)

/** Whether a text is an IPv6 address; an IPv4 address may stand for its last two groups. */
export const isIpv6 = (text: string): boolean => {
  const tail = text.slice(text.lastIndexOf(":") + 1)
  const plain = tail.includes(".") && isIpv4(tail) ? `${text.slice(0, -tail.length)}0:0` : text
  const halves = plain.split("::")
  if (halves.length > 2 || !plain.includes(":")) return false
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")))
  const enough = halves.length === 2 ? groups.length < 8 : groups.length === 8
  return enough && groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))
}

/** Upstream's sentence when a text is no address. */
export const isIp = (text: string): ReadonlyArray<string> =>
  isIpv4(text) || isIpv6(text) ? [] : ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]

/** Upstream's sentence when a text is no network. */
export const isCidr = (text: string): ReadonlyArray<string> => {
  const [address = "", bits = ""] = text.split("/")
  const max = isIpv4(address) ? 32 : isIpv6(address) ? 128 : -1
  const good = /^\d{1,3}$/.test(bits) && Number(bits) <= max && text.split("/").length === 2
  return good ? [] : ["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"]
}

/** Whether a network lies inside a larger one. */
export const isWithin = (network: string, larger: string): boolean => {
  const [address = "", bits = ""] = network.split("/")
  const [base = "", baseBits = ""] = larger.split("/")
  const width = address.includes(":") ? 128n : 32n
  if (address.includes(":") !== base.includes(":") || Number(bits) <= Number(baseBits)) return false
  const shift = width - BigInt(baseBits)
  return numberOf(address) >> shift === numberOf(base) >> shift
}

/** The address as a number. */
export const numberOf = (address: string): bigint => {
  if (!address.includes(":")) return address.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0n)
  const tail = address.slice(address.lastIndexOf(":") + 1)
  const low = tail.includes(".") ? numberOf(tail) : 0n
  const plain = tail.includes(".")
    ? `${address.slice(0, -tail.length)}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`
    : address
  const [left = "", right] = plain.split("::")
  const head = left === "" ? [] : left.split(":")
  const end = right === undefined || right === "" ? [] : right.split(":")
  const groups =
    right === undefined ? head : [...head, ...Array.from({ length: 8 - head.length - end.length }, () => "0"), ...end]
  return groups.reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n)
}
