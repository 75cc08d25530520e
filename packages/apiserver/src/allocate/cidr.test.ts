import { expect, test } from "bun:test"
import { addressToNumber, canonicalAddress, numberToAddress, parseRange } from "./cidr.ts"

test("addresses are numbers and back", () => {
  for (const address of ["10.96.0.1", "255.255.255.255", "0.0.0.0"]) {
    expect(numberToAddress(addressToNumber(address), "IPv4")).toBe(address)
  }
  for (const address of ["fd00::1", "::", "2001:db8::ff00:42:8329", "1:2:3:4:5:6:7:8"]) {
    expect(numberToAddress(addressToNumber(address), "IPv6")).toBe(address)
  }
  expect(canonicalAddress("2001:DB8:0::1")).toBe("2001:db8::1")
  for (const bad of ["10.0.0", "10.0.0.256", "10.0.0.01", "x", "fd00::1::2"]) expect(canonicalAddress(bad)).toBeUndefined()
})

test("a range leaves network and broadcast out", () => {
  const { cidr, first, last } = parseRange("10.0.0.77/28")
  expect(cidr).toBe("10.0.0.64/28")
  expect([numberToAddress(first, "IPv4"), numberToAddress(last, "IPv4")]).toEqual(["10.0.0.65", "10.0.0.78"])
  expect(() => parseRange("10.0.0.0")).toThrow("is not a usable CIDR")
})
