/** Addresses and networks of kinds younger than upstream's strict rules: one way to write each. @module */
import { isCidr, isIp, isIpv4, numberOf } from "./ip.ts"

const mapped = 0xffffn
const isMapped = (address: string): boolean => !isIpv4(address) && numberOf(address) >> 32n === mapped

/** An address as RFC 5952 writes it: URLs have the same rule. */
const canonical = (address: string): string => (isIpv4(address) ? address : new URL(`http://[${address}]`).hostname.slice(1, -1))

const mustBe = (text: string, form: string): ReadonlyArray<string> =>
  text === form ? [] : [`must be in canonical form ("${form}")`]

/** Upstream's sentence when a text is no address, or not the one way to write it. */
export const isStrictIp = (text: string): ReadonlyArray<string> => {
  const wrong = isIp(text)
  if (wrong.length > 0) return wrong
  return isMapped(text) ? ["must not be an IPv4-mapped IPv6 address"] : mustBe(text, canonical(text))
}

/** Upstream's sentence when a text is no network, names an address inside one, or is not the one way to write it. */
export const isStrictCidr = (text: string): ReadonlyArray<string> => {
  const wrong = isCidr(text)
  if (wrong.length > 0) return wrong
  const [address = "", bits = ""] = text.split("/")
  if (bits !== String(Number(bits))) return ["must not have leading 0s in IP or prefix length"]
  if (isMapped(address)) return ["must not have an IPv4-mapped IPv6 address"]
  const host = (isIpv4(address) ? 32n : 128n) - BigInt(bits)
  if ((numberOf(address) >> host) << host !== numberOf(address)) return ["must not have bits set beyond the prefix length"]
  return mustBe(text, `${canonical(address)}/${bits}`)
}
