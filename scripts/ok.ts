/** `bun run ok`: everything that must hold before a change lands, the quick checks first. @module */
import { spawnSync } from "node:child_process"

const checks: ReadonlyArray<readonly [name: string, command: string]> = [
  ["types", "tsc --noEmit"],
  ["types of public entry points", "tsc -p tsconfig.public.json"],
  ["Effect diagnostics", "effect-tsgo diagnostics --project tsconfig.json"],
  ["lint and format", "biome check ."],
  ["floors", "bun scripts/check-floors.ts"],
  ["tests", "bun scripts/test.ts"]
]
const only = process.argv.slice(2)

for (const [name, command] of checks) {
  if (only.includes("--quick") && name === "tests") continue
  const started = performance.now()
  const { status } = spawnSync(command, { shell: true, stdio: "inherit" })
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  if (status !== 0) {
    console.error(`not ok: ${name} (${seconds} s): ${command}`)
    process.exit(1)
  }
  console.log(`ok: ${name} (${seconds} s)`)
}
