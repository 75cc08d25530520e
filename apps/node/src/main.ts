/** The node command: `bun run apps/node [flags]`. @module */
import process from "node:process"
import { Effect, Logger } from "effect"
import { helpText, parseFlags, UsageError } from "./flags.ts"
import { runNode } from "./node.ts"

const main = async (): Promise<number> => {
  const options = parseFlags(process.argv.slice(2))
  if (options === undefined) {
    console.log(helpText)
    return 0
  }
  const stop = new AbortController()
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort())
  const life = Effect.scoped(Effect.andThen(runNode(options), Effect.never)).pipe(
    Effect.provide(Logger.layer([Logger.consoleLogFmt]))
  )
  const exit = await Effect.runPromiseExit(life, { signal: stop.signal })
  if (exit._tag === "Success" || stop.signal.aborted) return 0
  const [reason] = exit.cause.reasons
  throw reason?._tag === "Fail" ? reason.error : reason?._tag === "Die" ? reason.defect : reason
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(error instanceof UsageError ? `tsukube node: ${error.message}` : error)
  process.exitCode = 1
}
process.exit()
