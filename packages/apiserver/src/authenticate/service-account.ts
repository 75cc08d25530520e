/** Lets service accounts in by their tokens. @module */
import { unauthorized } from "@tsukube/api"
import type { Authenticator } from "../request.ts"
import { bearerToken } from "./bearer.ts"
import type { ServiceAccountTokens } from "./token.ts"

/** A bad token of ours is a 401; the client learns no more than that. */
export const serviceAccount =
  (tokens: ServiceAccountTokens): Authenticator =>
  async (request) => {
    const token = bearerToken(request)
    if (token === undefined) return undefined
    try {
      return (await tokens.verify(token))?.user
    } catch {
      throw unauthorized()
    }
  }
