/** Subnets by number, in both families. @module */
import { describe, expect, test } from "bun:test"
import { freeSubnet, parseSubnetRange, subnetAt } from "./subnet.ts"

const masks = { ipv4: 24, ipv6: 64 }

describe("subnets", () => {
  test("are counted from the network's start", () => {
    const range = parseSubnetRange("10.244.7.9/16", masks)
    expect([range.count, subnetAt(range, 0n), subnetAt(range, 255n)]).toEqual([256n, "10.244.0.0/24", "10.244.255.0/24"])
  })

  test("are written short in IPv6", () => {
    const range = parseSubnetRange("fd00:10:244::/48", masks)
    expect([subnetAt(range, 0n), subnetAt(range, 10n)]).toEqual(["fd00:10:244::/64", "fd00:10:244:a::/64"])
    expect(subnetAt(parseSubnetRange("::/60", masks), 1n)).toBe("0:0:0:1::/64")
  })

  test("run out", () => {
    const range = parseSubnetRange("10.0.0.0/23", masks)
    expect(freeSubnet(range, new Set(["10.0.0.0/24"]))).toBe("10.0.1.0/24")
    expect(freeSubnet(range, new Set(["10.0.0.0/24", "10.0.1.0/24"]))).toBeUndefined()
  })

  test("nonsense is named", () => {
    for (const bad of ["", "10.0.0/8", "10.0.0.300/8", "10.0.0.0/33", "fd00::1::2/48", "x/1"])
      expect(() => parseSubnetRange(bad, masks)).toThrow(bad === "" ? "not a network" : JSON.stringify(bad))
    expect(() => parseSubnetRange("10.0.0.0/25", masks)).toThrow("10.0.0.0/25 cannot be cut into subnets of /24")
  })
})
