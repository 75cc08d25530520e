/** A certificate request says who made it; approval and certificate are each written in their own place. @module */
import type { CertificateSigningRequest } from "@tsukube/api/certificates-v1"
import { timestamp } from "../serving.ts"
import type { Strategy } from "./strategy.ts"

const decisions = new Set(["Approved", "Denied"])

type Request = CertificateSigningRequest
type Conditions = NonNullable<NonNullable<Request["status"]>["conditions"]>

/** Conditions with their times filled in. */
const timed = (conditions: Conditions, old: Conditions, now: number): Conditions =>
  conditions.map((condition) => {
    const before = old.find(({ type, status }) => type === condition.type && status === condition.status)
    return {
      ...condition,
      lastUpdateTime: condition.lastUpdateTime ?? timestamp(now),
      lastTransitionTime: condition.lastTransitionTime ?? before?.lastTransitionTime ?? timestamp(now)
    }
  })

/** What the approval subresource writes: the conditions. */
export const withApproval = (request: Request, old: Request, now: number): Request => ({
  ...old,
  metadata: request.metadata ?? {},
  status: { ...old.status, conditions: timed(request.status?.conditions ?? [], old.status?.conditions ?? [], now) }
})

export const certificateSigningRequests: Strategy<Request> = {
  create: (request, { user }) => {
    const { name, uid, groups, extra } = user
    const { username: _a, uid: _b, groups: _c, extra: _d, ...spec } = request.spec
    return {
      ...request,
      spec: {
        ...spec,
        username: name,
        ...(uid === undefined ? {} : { uid }),
        ...(groups.length === 0 ? {} : { groups }),
        ...(extra === undefined ? {} : { extra })
      }
    }
  },
  update: (request, old) => ({ ...request, spec: old.spec }),
  updateStatus: (request, old, { now }) => {
    const before = old.status?.conditions ?? []
    const others = (request.status?.conditions ?? []).filter(({ type }) => !decisions.has(type))
    const conditions = timed([...before.filter(({ type }) => decisions.has(type)), ...others], before, now)
    const { conditions: _, ...status } = request.status ?? {}
    return { ...request, status: { ...status, ...(conditions.length === 0 ? {} : { conditions }) } }
  }
}
