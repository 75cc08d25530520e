/** Asks one authorizer after the other; the first that allows decides. @module */
import type { Authorizer, Decision } from "../request.ts"

/** Members of this group may do everything, whatever the cluster's roles say: a broken role can then be repaired. */
export const privilegedGroup = "system:masters"

const allowed: Promise<Decision> = Promise.resolve({ allowed: true })

/** Allows members of `system:masters`, without asking the other one. */
export const orPrivileged =
  (authorizer: Authorizer): Authorizer =>
  (user, attributes) =>
    user.groups.includes(privilegedGroup) ? allowed : authorizer(user, attributes)

/** Allows everything. */
export const alwaysAllow: Authorizer = () => allowed

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
