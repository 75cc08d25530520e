/** One line for every request that was answered: who, what, how it ended and how long it took. @module */

/** An answered request. Neither bodies nor secrets are in it. */
export interface AccessEntry {
  /** RFC 3339, with milliseconds. */
  readonly time: string
  readonly auditId: string
  readonly method: string
  /** Path and query. */
  readonly path: string
  /** Kubernetes' verb; "" when the request was refused before that was known. */
  readonly verb: string
  /** "" when nobody was recognized. */
  readonly user: string
  readonly userAgent: string
  /** "" for requests of the same process. */
  readonly remoteAddress: string
  readonly code: number
  /** Until the answer began: a watch goes on after that. */
  readonly durationMs: number
}

/** Takes the entries; must not throw, and must not wait. */
export type AccessLog = (entry: AccessEntry) => void

/** An access log of one JSON object a line. */
export const jsonAccessLog =
  (write: (line: string) => void): AccessLog =>
  (entry) =>
    write(`${JSON.stringify(entry)}\n`)
