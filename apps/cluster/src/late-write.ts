/** A mistake of the database driver that must not end a cluster. @module */
import process from "node:process"

/**
 * Whether an error is the driver's write to a connection that went away in the meantime (postgres#1066). The statement was answered with
 * an error already, and nobody can catch what is thrown from the driver's own timer.
 */
export const isLateWrite = (error: unknown): boolean =>
  error instanceof TypeError && /\bnextWrite\b/.test(error.stack ?? "") && /[\\/]postgres[\\/]/.test(error.stack ?? "")

/** Lives through late writes. Any other error that nobody caught ends the process, as it would without this. */
export const surviveLateWrites = (): void => {
  process.on("uncaughtException", (error) => {
    if (isLateWrite(error)) return
    console.error(error)
    process.exit(1)
  })
}
