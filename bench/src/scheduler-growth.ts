/** Time of a decision from 100 to 15,000 nodes: `bun bench/src/scheduler-growth.ts` prints it and draws `bench/results/scheduler-growth.{svg,png}`. @module */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { Resvg } from "@resvg/resvg-js"
import { costAt } from "./scheduler.ts"

interface Cost {
  readonly nodes: number
  readonly microseconds: number
}

/** The curve over a logarithmic axis, every point with its number. */
const drawing = (costs: ReadonlyArray<Cost>): string => {
  const [width, height, margin] = [640, 360, 50]
  const most = Math.max(...costs.map(({ microseconds }) => microseconds))
  const [least = 1, last = 1] = [costs[0]?.nodes, costs.at(-1)?.nodes]
  const x = (nodes: number): number => margin + ((width - 2 * margin) * Math.log(nodes / least)) / Math.log(last / least)
  const y = (microseconds: number): number => height - margin - ((height - 2 * margin) * microseconds) / (most * 1.1)
  const points = costs.map(({ nodes, microseconds }) => `${x(nodes).toFixed(1)},${y(microseconds).toFixed(1)}`)
  const labels = costs.map(
    ({ nodes, microseconds }) =>
      `<text x="${x(nodes).toFixed(1)}" y="${height - margin + 18}" text-anchor="middle">${nodes}</text>` +
      `<text x="${x(nodes).toFixed(1)}" y="${(y(microseconds) - 8).toFixed(1)}" text-anchor="middle">${microseconds.toFixed(1)}</text>`
  )
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="12">` +
    `<rect width="100%" height="100%" fill="white"/><text x="${width / 2}" y="24" text-anchor="middle">microseconds a pod by number of nodes (SchedulingBasic)</text>` +
    `<polyline fill="none" stroke="#2463eb" stroke-width="2" points="${points.join(" ")}"/>${labels.join("")}</svg>\n`
  )
}

const sizes = [100, 500, 1000, 2500, 5000, 10_000, 15_000]
// Once for the compiler, then the better of two: the machine is not ours alone.
costAt(100)
const costs = sizes.map((nodes): Cost => ({ nodes, microseconds: Math.min(costAt(nodes), costAt(nodes)) }))
for (const { nodes, microseconds } of costs)
  console.log(`${String(nodes).padStart(6)} nodes ${microseconds.toFixed(1).padStart(6)} µs a pod`)
const growth = costs.at(-1)!.microseconds / costs[0]!.microseconds
console.log(`growth ${growth.toFixed(2)} (must be below 3)`)
if (growth >= 3) process.exitCode = 1

const results = join(import.meta.dirname, "../results")
const svg = drawing(costs)
writeFileSync(join(results, "scheduler-growth.svg"), svg)
// Without `zoom` the letters are hard to read on a dense screen.
writeFileSync(join(results, "scheduler-growth.png"), new Resvg(svg, { fitTo: { mode: "zoom", value: 2 } }).render().asPng())
