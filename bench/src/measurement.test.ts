import { expect, test } from "bun:test"
import { type Benchmark, holds, type Measurement, measure, median } from "./measurement.ts"

test("the median of odd and even many numbers", () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 3, 2])).toBe(2.5)
})

test("the sides take turns, and each case gets the medians and their ratio", async () => {
  const order: Array<string> = []
  let round = 0
  const benchmark: Benchmark = {
    name: "demo",
    about: "",
    unit: () => "writes/s",
    better: () => "higher",
    rounds: 3,
    prepare: async () => ({
      ours: async () => {
        order.push("ours")
        return { one: 10 * ++round }
      },
      peer: async () => {
        order.push("peer")
        return { one: 10 }
      },
      peerName: "peer 1.0",
      [Symbol.asyncDispose]: async () => {}
    })
  }
  expect(await measure(benchmark, () => {})).toEqual([
    { bench: "demo", case: "one", ours: 20, peer: 10, peerName: "peer 1.0", unit: "writes/s", better: "higher", ratio: 2 }
  ])
  expect(order).toEqual(["ours", "peer", "peer", "ours", "ours", "peer"])
})

test("a promised ratio holds on its own side, up to the very bound", () => {
  const measured = (better: "higher" | "lower", ratio: number, bound?: number): Measurement => ({
    ...{ bench: "demo", case: "one", ours: 1, peer: 1, peerName: "peer", unit: "ms", better, ratio },
    ...(bound === undefined ? {} : { bound })
  })
  expect([measured("higher", 0.5, 0.5), measured("lower", 2, 2), measured("lower", 9)].map(holds)).toEqual([true, true, true])
  expect([measured("higher", 0.4, 0.5), measured("lower", 2.1, 2)].map(holds)).toEqual([false, false])
})
