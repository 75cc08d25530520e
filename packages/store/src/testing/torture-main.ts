/** `bun run store:torture [--kills N] [--seed N]`: the torture test, longer than CI has time for. @module */
import { parseArgs } from "node:util"
import { Effect, Fiber } from "effect"
import { torture, torturePglite } from "./torture.ts"

const { values } = parseArgs({ options: { kills: { type: "string" }, seed: { type: "string" } } })
const kills = Number(values.kills ?? 1000)
const seed = Number(values.seed ?? Math.floor(Math.random() * 1e9))
// Of twenty kills one is for PGlite, which needs seconds to start again.
const ofPglite = Math.ceil(kills / 20)
console.log(`seed ${seed}, ${kills} kills`)
for (const [name, ordeal] of [
  ["PostgreSQL", torture({ seed, kills: kills - ofPglite })],
  ["PGlite", torturePglite({ seed, kills: ofPglite })]
] as const) {
  const begun = performance.now()
  const fiber = Effect.runFork(Effect.scoped(ordeal))
  const stop = () => Effect.runFork(Fiber.interrupt(fiber))
  process.once("SIGINT", stop)
  const { problems, ...told } = await Effect.runPromise(Fiber.join(fiber))
  process.off("SIGINT", stop)
  const seconds = Math.round((performance.now() - begun) / 1000)
  console.log(`${name}: ${problems.length} problems after ${seconds} s, seed ${seed}: ${JSON.stringify(told)}`)
  for (const problem of problems.slice(0, 20)) console.error(problem)
  if (problems.length > 0) process.exitCode = 1
}
