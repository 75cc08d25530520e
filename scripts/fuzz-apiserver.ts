/** `bun run fuzz:apiserver [REQUESTS] [SEED]`: random requests to an API server in memory; says what went wrong, and with which seed it can be seen again. @module */
import { fuzz } from "../packages/apiserver/src/fuzz/run.ts"

const [requests = "1000000", seed = String(Math.floor(Math.random() * 2 ** 31))] = process.argv.slice(2)
console.log(`seed ${seed}, ${requests} requests`)
const report = await fuzz({ seed: Number(seed), requests: Number(requests) }, (done) => {
  if (done % 100_000 === 0) console.log(`${done} requests, ${Math.round(process.memoryUsage().rss / 1e6)} MB`)
})
const [early, late] = report.heap.map((bytes) => Math.round(bytes / 1e6))
console.log(`${report.requests} requests in ${Math.round(report.milliseconds / 1000)} s; codes ${JSON.stringify(report.codes)}`)
const grown = (report.heap[1] - report.heap[0]) / (report.writes[1] - report.writes[0])
console.log(`heap after a fifth ${early} MB, at the end ${late} MB; objects ${report.objects.join(" and ")}`)
console.log(`writes ${report.writes.join(" and ")}: ${Math.round(grown)} bytes for each change kept for watches`)
for (const complaint of report.complaints) console.error(complaint)
process.exit(report.complaints.length === 0 ? 0 : 1)
