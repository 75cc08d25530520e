/** Which failures of a request are ordinary, and what becomes of them. @module */
import type { ClientError } from "@tsukube/client"
import { Effect } from "effect"

/** The object is not there (any more). */
export const isNotFound = (error: ClientError): boolean => error._tag === "StatusError" && error.code === 404

/** An object of that name is there already. */
export const isAlreadyExists = (error: ClientError): boolean => error._tag === "StatusError" && error.reason === "AlreadyExists"

/** Nothing new may be made in a namespace that is on its way out. */
export const isNamespaceTerminating = (error: ClientError): boolean =>
  error._tag === "StatusError" && (error.status.details?.causes ?? []).some(({ reason }) => reason === "NamespaceTerminating")

/** Success with undefined where the object is gone: what should be done to it need not be. */
export const unlessGone = <A, R>(effect: Effect.Effect<A, ClientError, R>): Effect.Effect<A | undefined, ClientError, R> =>
  Effect.catchIf(effect, isNotFound, () => Effect.undefined)
