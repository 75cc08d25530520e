/** How a command ended, as the error channel of exec says it; and the sizes that come the other way. @module */
import type { TerminalSize } from "../runtime.ts"

const encode = (status: object): Uint8Array => new TextEncoder().encode(JSON.stringify({ metadata: {}, ...status }))

/** Exit code 0. */
export const success: Uint8Array = encode({ status: "Success" })

/** The command could not be run, or not to its end. */
export const internalError = (message: string): Uint8Array =>
  encode({ status: "Failure", message, reason: "InternalError", code: 500 })

/** The status of an exit code. */
export const statusOfExit = (exitCode: number): Uint8Array =>
  exitCode === 0
    ? success
    : encode({
        status: "Failure",
        message: `command terminated with non-zero exit code: exit status ${exitCode}`,
        reason: "NonZeroExitCode",
        details: { causes: [{ reason: "ExitCode", message: String(exitCode) }] },
        code: 500
      })

/** A message of the resize channel; undefined when it is none. */
export const parseTerminalSize = (bytes: Uint8Array): TerminalSize | undefined => {
  try {
    const { Width, Height } = JSON.parse(new TextDecoder().decode(bytes)) as {
      readonly Width?: unknown
      readonly Height?: unknown
    }
    return typeof Width === "number" && typeof Height === "number" ? { width: Width, height: Height } : undefined
  } catch {
    return undefined
  }
}
