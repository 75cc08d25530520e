/** Asks one authorizer after the other; the first that allows decides. @module */
import type { Authorizer } from "../request.ts"

/** Members of this group may do everything, whatever the cluster's roles say: a broken role can then be repaired. */
export const privilegedGroup = "system:masters"

/** Allows members of `system:masters`. */
export const privileged: Authorizer = async (user) => ({ allowed: user.groups.includes(privilegedGroup) })

/** Allows everything. */
export const alwaysAllow: Authorizer = async () => ({ allowed: true })

/** Refused when nobody allows; the reasons of all who gave one are joined. */
export const union =
  (authorizers: ReadonlyArray<Authorizer>): Authorizer =>
  async (user, attributes) => {
    const reasons: Array<string> = []
    for (const authorize of authorizers) {
      const decision = await authorize(user, attributes)
      if (decision.allowed) return decision
      if (decision.reason !== undefined && decision.reason !== "") reasons.push(decision.reason)
    }
    return reasons.length === 0 ? { allowed: false } : { allowed: false, reason: reasons.join(", ") }
  }
