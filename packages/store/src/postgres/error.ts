/** Tells the errors of a PostgreSQL connection apart: what may be tried again, what may have happened, what is wrong with the question. @module */
import { StoreError, type StoreErrorReason } from "../store.ts"

/** What was going on when the error came: only under a write does a lost connection leave the outcome open. */
export type Activity = "read" | "write"

/** The connection was never made, or the server is not ready: nothing has happened. */
const neverConnected = new Set([
  "ECONNREFUSED",
  "ENOENT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "CONNECT_TIMEOUT",
  "FailedToOpenSocket",
  "57P03",
  "53300"
])
/** The connection was lost while it was in use. */
const lost = new Set([
  "CONNECTION_CLOSED",
  "CONNECTION_ENDED",
  "CONNECTION_DESTROYED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "ERR_SOCKET_CLOSED",
  "57P01",
  "57P02"
])
/** Disk full, out of memory, statement timeout, lock timeout, deadlock, serialization failure: another try may succeed. */
const passing = new Set(["53100", "53200", "57014", "55P03", "40P01", "40001"])

const judge = (code: string, activity: Activity): readonly [reason: StoreErrorReason, retryable: boolean] => {
  if (neverConnected.has(code)) return ["Unavailable", true]
  if (lost.has(code) || code.startsWith("08")) return activity === "write" ? ["Unknown", false] : ["Unavailable", true]
  if (code === "25006") return ["Denied", true]
  if (code.startsWith("28") || code === "42501" || code === "EACCES") return ["Denied", false]
  if (code.startsWith("22") || code.startsWith("54")) return ["Rejected", false]
  return ["Failed", passing.has(code)]
}

const codeOf = (error: unknown): string => {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined
  return typeof code === "string" ? code : ""
}

const hintOf = (code: string): string => {
  if (code === "25006") return " (is it a replica?)"
  if (code === "ECONNREFUSED" || code === "ENOENT") return " (is the server running there?)"
  return ""
}

/** The error of a driver as a `StoreError` that names the place and never the password. */
export const storeErrorOf = (error: unknown, place: string, activity: Activity): StoreError => {
  if (error instanceof StoreError) return error
  const code = codeOf(error)
  const [reason, retryable] = judge(code, activity)
  const said = error instanceof Error && error.message !== "" ? error.message : code || String(error)
  return new StoreError({ reason, retryable, message: `PostgreSQL at ${place}: ${said}${hintOf(code)}`, cause: error })
}
