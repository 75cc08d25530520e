/** `bun run bench [NAME] [--json]`: ours and a peer in turn, several rounds, medians and ratios. @module */
import { parseArgs } from "node:util"
import { apiserver } from "./apiserver.ts"
import { embed } from "./embed.ts"
import { type Benchmark, holds, type Measurement, measure } from "./measurement.ts"
import { scheduler } from "./scheduler.ts"
import { startup } from "./startup.ts"
import { store } from "./store.ts"
import { storeGrowth } from "./store-growth.ts"

const benchmarks: ReadonlyArray<Benchmark> = [startup, embed, store, storeGrowth, apiserver, scheduler]

const help = `Usage: bun run bench [NAME] [--json]

Runs every benchmark, or the one named, beside its peer on this machine, in turn, several rounds,
and prints the medians and the ratio ours/peer.

Benchmarks:
${benchmarks.map(({ name, about }) => `  ${name.padEnd(12)}${about}`).join("\n")}

  --json      a line of JSON a measurement`

const printed = (number: number): string => (number >= 100 ? number.toFixed(0) : number.toPrecision(3))

const row = (m: Measurement): string =>
  [
    `${m.bench} ${m.case}`.padEnd(54),
    `${printed(m.ours)} ${m.unit}`.padStart(18),
    `${m.peerName}: ${printed(m.peer)} ${m.unit}`.padStart(34),
    `ratio ${m.ratio.toFixed(2)} (${m.better} is better)`.padStart(34),
    m.bound === undefined
      ? ""
      : `  ${m.better === "higher" ? "at least" : "at most"} ${m.bound}: ${holds(m) ? "holds" : "DOES NOT HOLD"}`
  ].join("")

const { values, positionals } = parseArgs({
  options: { json: { type: "boolean" }, help: { type: "boolean", short: "h" } },
  allowPositionals: true
})
const unknown = positionals.find((name) => !benchmarks.some((benchmark) => benchmark.name === name))
if (values.help === true) console.log(help)
else if (unknown !== undefined) {
  console.error(`no benchmark is called ${unknown}\n\n${help}`)
  process.exitCode = 2
} else {
  for (const benchmark of benchmarks.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
    for (const measurement of await measure(benchmark, (line) => console.error(line)))
      console.log(values.json === true ? JSON.stringify(measurement) : row(measurement))
  }
}
