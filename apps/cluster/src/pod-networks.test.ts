import { expect, test } from "bun:test"
import { podNetworks } from "./pod-networks.ts"

test("each node gets the next /24 of the range", () => {
  expect(podNetworks("10.244.0.0/16", 3)).toEqual(["10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24"])
})

test("a range that is too small is refused, naming both flags", () => {
  expect(() => podNetworks("10.244.0.0/23", 3)).toThrow(
    /--cluster-cidr 10.244.0.0\/23: has room for 2 nodes, not 3; give a wider range or fewer --nodes/
  )
})
