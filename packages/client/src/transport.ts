/** The one boundary between a client and an API server: a function from a web Request to a web Response. @module */
import type { StatusError } from "@tsukube/api"
import { Data } from "effect"

/**
 * Sends a request and resolves with the answer, whatever its code. `connect` makes one of a kubeconfig; an API server in the
 * same process is one itself. Only path, query, method, headers and body matter: requests name the host `cluster.local`.
 */
export type Fetch = (request: Request) => Promise<Response>

/** No answer, or half of one: the server is away, the connection broke, the answer is not what it says it is. */
export class TransportError extends Data.Error<{ readonly message: string; readonly cause?: unknown }> {
  readonly _tag = "TransportError"
}

/** Everything that a verb can fail with: the server said no, or did not say anything. */
export type ClientError = StatusError | TransportError

/** What an unknown thing that was thrown says of itself. */
export const messageOf = (cause: unknown): string => {
  if (!(cause instanceof Error)) return String(cause)
  return cause.message !== "" ? cause.message : String((cause as { readonly code?: unknown }).code ?? cause.name)
}
