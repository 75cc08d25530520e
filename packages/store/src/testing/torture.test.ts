import { expect, test } from "bun:test"
import { live } from "@tsukube/testing"
import { Effect } from "effect"
import { torture, torturePglite } from "./torture.ts"

const seed = Number(process.env["TORTURE_SEED"] ?? Math.floor(Math.random() * 1e9))
console.log(`torture: seed ${seed} (TORTURE_SEED=${seed} repeats its choices)`)

test(
  "190 times a writer, a watcher or the server is killed, others are paused or cut off: one log, linearizable, nothing lost, nothing twice",
  live(() =>
    Effect.gen(function* () {
      const { problems, faults, acknowledged } = yield* torture({ seed, kills: 190 })
      expect(problems.slice(0, 5)).toEqual([])
      expect(faults.writersKilled + faults.watchersKilled + faults.serversKilled).toBe(190)
      for (const times of Object.values(faults)) expect(times).toBeGreaterThan(0)
      expect(acknowledged).toBeGreaterThan(1000)
    })
  ),
  400_000
)

test(
  "10 times a process with PGlite is killed: what it acknowledged is there",
  live(() =>
    Effect.gen(function* () {
      const { problems, acknowledged } = yield* torturePglite({ seed, kills: 10 })
      expect(problems.slice(0, 5)).toEqual([])
      expect(acknowledged).toBeGreaterThan(50)
    })
  ),
  120_000
)
