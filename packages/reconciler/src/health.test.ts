import { expect, test } from "bun:test"
import { effect } from "@tsukube/testing"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { formatHealth, makeHealth } from "./health.ts"

test(
  "all checks are run; one that fails or takes too long makes the whole unhealthy, and may be taken away",
  effect(() =>
    Effect.gen(function* () {
      const health = makeHealth({ timeoutMs: 1000 })
      health.add("store", Effect.void)
      expect((yield* health.report).ok).toBe(true)
      expect(formatHealth("livez", yield* health.report)).toBe("ok")
      expect(formatHealth("livez", yield* health.report, true)).toBe("[+]ping ok\n[+]store ok\nlivez check passed\n")

      health.add("broken", Effect.fail(new Error("secret detail")))
      const remove = health.add("slow", Effect.never)
      const fiber = yield* Effect.forkChild(health.report)
      yield* TestClock.adjust("1 seconds")
      const report = yield* Fiber.join(fiber)
      expect(report).toEqual({
        ok: false,
        checks: [
          { name: "ping" },
          { name: "store" },
          { name: "broken", failure: "secret detail" },
          { name: "slow", failure: "no answer within 1000 ms" }
        ]
      })
      expect(formatHealth("readyz", report)).toBe(
        "[+]ping ok\n[+]store ok\n[-]broken failed: reason withheld\n[-]slow failed: reason withheld\nreadyz check failed\n"
      )
      remove()
      expect((yield* health.report).checks.map(({ name }) => name)).toEqual(["ping", "store", "broken"])
    })
  )
)
