/** Time of a decision from 100 to 15,000 nodes: `bun bench/src/scheduler-growth.ts > bench/results/scheduler-growth.svg`; numbers go to stderr. @module */
import { costAt } from "./scheduler.ts"

const sizes = [100, 500, 1000, 2500, 5000, 10_000, 15_000]
// Once for the compiler, then the better of two: the machine is not ours alone.
costAt(100)
const costs = sizes.map((nodes) => ({ nodes, microseconds: Math.min(costAt(nodes), costAt(nodes)) }))
for (const { nodes, microseconds } of costs)
  console.error(`${String(nodes).padStart(6)} nodes ${microseconds.toFixed(1).padStart(6)} µs a pod`)
const most = Math.max(...costs.map(({ microseconds }) => microseconds))
console.error(`growth ${(costs.at(-1)!.microseconds / costs[0]!.microseconds).toFixed(2)} (must be below 3)`)

const [width, height, margin] = [640, 360, 50]
const x = (nodes: number): number => margin + ((width - 2 * margin) * Math.log(nodes / 100)) / Math.log(150)
const y = (microseconds: number): number => height - margin - ((height - 2 * margin) * microseconds) / (most * 1.1)
const points = costs.map(({ nodes, microseconds }) => `${x(nodes).toFixed(1)},${y(microseconds).toFixed(1)}`)
const labels = costs.map(
  ({ nodes, microseconds }) =>
    `<text x="${x(nodes).toFixed(1)}" y="${height - margin + 18}" text-anchor="middle">${nodes}</text>` +
    `<text x="${x(nodes).toFixed(1)}" y="${(y(microseconds) - 8).toFixed(1)}" text-anchor="middle">${microseconds.toFixed(1)}</text>`
)
console.log(
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="12">` +
    `<rect width="100%" height="100%" fill="white"/><text x="${width / 2}" y="24" text-anchor="middle">microseconds a pod by number of nodes (SchedulingBasic)</text>` +
    `<polyline fill="none" stroke="#2463eb" stroke-width="2" points="${points.join(" ")}"/>${labels.join("")}</svg>`
)
