import { expect, test } from "bun:test"
import { live } from "@tsukube/testing"
import { Effect } from "effect"
import { torture, torturePglite } from "./torture.ts"

const seed = Number(process.env["TORTURE_SEED"] ?? Math.floor(Math.random() * 1e9))
console.log(`torture: seed ${seed} (TORTURE_SEED=${seed} repeats its choices)`)

test(
  "190 times a writer, a watcher or the server is killed, paused or cut off: one log, nothing lost, nothing twice",
  live(() =>
    Effect.gen(function* () {
      const verdict = yield* torture({ seed, kills: 190 })
      expect(verdict.problems.slice(0, 5)).toEqual([])
      expect(verdict.acknowledged).toBeGreaterThan(1000)
    })
  ),
  240_000
)

test(
  "10 times a process with PGlite is killed: what it acknowledged is there",
  live(() =>
    Effect.gen(function* () {
      const verdict = yield* torturePglite({ seed, kills: 10 })
      expect(verdict.problems.slice(0, 5)).toEqual([])
      expect(verdict.acknowledged).toBeGreaterThan(50)
    })
  ),
  120_000
)
