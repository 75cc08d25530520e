/** A program for the test of abuse: an API server in memory; says where it is, and how much it holds when it is asked on stdin. @module */
import { readdirSync, writeFileSync } from "node:fs"
import { startApiserver } from "@tsukube/apiserver/promise"

const [kubeconfig = ""] = process.argv.slice(2)
const server = await startApiserver({ store: "memory" })
writeFileSync(kubeconfig, server.kubeconfig)
console.log(`ready ${server.port}`)
process.stdin.on("data", () => {
  Bun.gc(true)
  const files = readdirSync("/proc/self/fd").length
  console.log(JSON.stringify({ residentBytes: process.memoryUsage().rss, files }))
})
