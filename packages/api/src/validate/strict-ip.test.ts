import { expect, test } from "bun:test"
import { isStrictCidr, isStrictIp } from "./strict-ip.ts"

test.each([
  ["10.0.0.1", undefined],
  ["2001:db8::1", undefined],
  ["::", undefined],
  ["x", "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"],
  ["2001:DB8::1", 'must be in canonical form ("2001:db8::1")'],
  ["2001:db8:0:0::1", 'must be in canonical form ("2001:db8::1")'],
  ["::ffff:10.0.0.1", "must not be an IPv4-mapped IPv6 address"]
])("the address %s", (text, sentence) => {
  expect(isStrictIp(text)).toEqual(sentence === undefined ? [] : [sentence])
})

test.each([
  ["10.0.0.0/24", undefined],
  ["0.0.0.0/0", undefined],
  ["2001:db8:cafe::/112", undefined],
  ["10.0.0.0", "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"],
  ["10.0.0.0/08", "must not have leading 0s in IP or prefix length"],
  ["10.0.0.1/24", "must not have bits set beyond the prefix length"],
  ["2001:db8:cafe:0::/112", 'must be in canonical form ("2001:db8:cafe::/112")'],
  ["::ffff:10.0.0.0/120", "must not have an IPv4-mapped IPv6 address"]
])("the network %s", (text, sentence) => {
  expect(isStrictCidr(text)).toEqual(sentence === undefined ? [] : [sentence])
})
