/** Answers who a token stands for, for parts of the cluster that let users in themselves. @module */
import { badRequest } from "@tsukube/api"
import type { TokenReview } from "@tsukube/api/authentication-v1"
import type { ServiceAccountTokens, VerifiedToken } from "../authenticate/token.ts"
import type { Authenticator, Review } from "../request.ts"
import { userStatus } from "./subject-review.ts"

/** `others` know tokens that are good for the API server itself, whose audience is the issuer. */
export const tokenReview =
  (tokens: ServiceAccountTokens, others: Authenticator, issuer: string): Review =>
  async (_context, object) => {
    const { spec } = object as TokenReview
    if (spec.token === undefined || spec.token === "") throw badRequest("token is required for TokenReview in authentication")
    const audiences = spec.audiences === undefined || spec.audiences.length === 0 ? [issuer] : spec.audiences
    const status = await review(tokens, others, spec.token, audiences, issuer)
    return { ...object, ...{ status } }
  }

const review = async (
  tokens: ServiceAccountTokens,
  others: Authenticator,
  token: string,
  audiences: ReadonlyArray<string>,
  issuer: string
): Promise<object> => {
  try {
    const verified = (await tokens.verify(token, audiences)) ?? (await knownToOthers(others, token, audiences, issuer))
    if (verified === undefined) return { authenticated: false, user: {}, error: "invalid bearer token" }
    return { authenticated: true, user: userStatus(verified.user), audiences: verified.audiences }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { authenticated: false, user: {}, error: `[invalid bearer token, ${reason}]` }
  }
}

const knownToOthers = async (
  others: Authenticator,
  token: string,
  audiences: ReadonlyArray<string>,
  issuer: string
): Promise<VerifiedToken | undefined> => {
  if (!audiences.includes(issuer)) return undefined
  const user = await others(new Request("https://kubernetes/", { headers: { authorization: `Bearer ${token}` } }))
  return user === undefined ? undefined : { user, audiences: [issuer] }
}
