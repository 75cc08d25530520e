import { expect, test } from "bun:test"
import { fuzz } from "./fuzz/run.ts"

/** Some seconds; `bun run fuzz:apiserver` goes on for a million. `FUZZ_REQUESTS` and `FUZZ_SEED` say otherwise. */
const requests = Number(process.env["FUZZ_REQUESTS"] ?? 50_000)

test("nothing a client sends makes the server fail, and what is refused writes nothing", async () => {
  const seed = Number(process.env["FUZZ_SEED"] ?? 1)
  const { complaints, heap, codes, writes } = await fuzz({ seed, requests })
  expect({ seed, complaints }).toEqual({ seed, complaints: [] })
  // The generator gets through: a fuzz of refusals alone would prove little.
  expect((codes["201"] ?? 0) + (codes["200"] ?? 0)).toBeGreaterThan(requests / 10)
  // What grows are the changes kept for watches, which have a bound; what code compiles to and the collector's slack are the rest.
  expect(heap[1] - heap[0]).toBeLessThan(20_000_000 + 5000 * (writes[1] - writes[0]))
}, 170_000)
