import { expect, test } from "bun:test"
import { fuzz } from "./fuzz/run.ts"

/** Some seconds; `bun run fuzz:apiserver` goes on for a million. `FUZZ_REQUESTS` and `FUZZ_SEED` say otherwise. */
const requests = Number(process.env["FUZZ_REQUESTS"] ?? 50_000)

test("nothing a client sends makes the server fail, and what is refused writes nothing", async () => {
  const seed = Number(process.env["FUZZ_SEED"] ?? 1)
  const { complaints, heap, codes } = await fuzz({ seed, requests })
  expect({ seed, complaints }).toEqual({ seed, complaints: [] })
  // The generator gets through: a fuzz of refusals alone would prove little.
  expect((codes["201"] ?? 0) + (codes["200"] ?? 0)).toBeGreaterThan(requests / 10)
  expect(heap[1]).toBeLessThan(heap[0] + 100_000_000)
}, 170_000)
