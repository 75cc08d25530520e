/** `bun run store:torture [--kills N] [--seed N]`: the torture test, longer than CI has time for. @module */
import { parseArgs } from "node:util"
import { Effect } from "effect"
import { torture, torturePglite } from "./torture.ts"

const { values } = parseArgs({ options: { kills: { type: "string" }, seed: { type: "string" } } })
const kills = Number(values.kills ?? 1000)
const seed = Number(values.seed ?? Math.floor(Math.random() * 1e9))
console.log(`seed ${seed}, ${kills} kills`)
for (const [name, verdict] of [
  ["PostgreSQL", await Effect.runPromise(Effect.scoped(torture({ seed, kills })))],
  ["PGlite", await Effect.runPromise(Effect.scoped(torturePglite({ seed, kills: Math.ceil(kills / 20) })))]
] as const) {
  console.log(`${name}: ${JSON.stringify({ ...verdict, problems: verdict.problems.length })}`)
  for (const problem of verdict.problems.slice(0, 20)) console.error(problem)
  if (verdict.problems.length > 0) process.exitCode = 1
}
