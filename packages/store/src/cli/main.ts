#!/usr/bin/env node
/** `tsukube-store`: looks into a store, saves, restores and imports it. @module */
import { parseArgs } from "node:util"
import { Cause, Context, Effect, Exit, Fiber, Layer } from "effect"
import { Store } from "../store.ts"
import { type Arguments, type CommandError, commands, revisionOf, snapshotStatus, UsageError } from "./commands.ts"
import { help } from "./help.ts"
import { layerAt } from "./location.ts"

const print = (line: string): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    process.stdout.write(`${line}\n`, () => resume(Effect.void))
  })

const program = (argv: ReadonlyArray<string>): Effect.Effect<void, CommandError> =>
  Effect.gen(function* () {
    const text = { type: "string" } as const
    const flag = { type: "boolean" } as const
    const options = { store: text, schema: text, json: flag, limit: text, after: text, at: text, help: { ...flag, short: "h" } }
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true })
    const [name = ""] = positionals
    if (values.help === true || name === "help" || name === "") return yield* print(help)
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined
    if (command === undefined) throw new UsageError(`no command is called ${name}`)
    if (values.limit !== undefined && !/^[1-9]\d{0,8}$/.test(values.limit)) throw new UsageError("--limit is a positive number")
    const given: Arguments = {
      words: positionals,
      json: values.json ?? false,
      ...(values.limit === undefined ? {} : { limit: Number(values.limit) }),
      ...(values.after === undefined ? {} : { after: values.after }),
      ...(values.at === undefined ? {} : { at: revisionOf(values.at) })
    }
    if (name === "snapshot" && positionals[1] === "status") return yield* snapshotStatus(given, print)
    const location = values.store ?? process.env["TSUKUBE_STORE"]
    if (location === undefined || location === "") throw new UsageError("which store? --store STORE, or $TSUKUBE_STORE")
    const context = yield* Layer.build(layerAt(location, values.schema))
    yield* command(Context.get(context, Store), given, print)
  }).pipe(Effect.scoped)

/** Wrong words are the user's, whatever threw them. */
const isUsage = (error: unknown): boolean =>
  error instanceof UsageError || (error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS"))

// A reader such as `head` that has had enough is no error.
process.stdout.on("error", () => process.exit(0))
const fiber = Effect.runFork(program(process.argv.slice(2)))
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => Effect.runFork(Fiber.interrupt(fiber)))
const exit = await Effect.runPromise(Fiber.await(fiber))
if (Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause)) {
  const error = Cause.squash(exit.cause)
  console.error(`tsukube-store: ${error instanceof Error ? error.message : String(error)}`)
  if (isUsage(error)) console.error("tsukube-store --help says how")
  process.exitCode = isUsage(error) ? 2 : 1
}
