/** Asks one authenticator after the other, and says what becomes of requests that none of them knows. @module */
import { unauthorized } from "@tsukube/api"
import type { Authenticator, UserInfo } from "../request.ts"
import { bearerToken } from "./bearer.ts"

/** Group of everybody who said who he is. */
export const authenticatedGroup = "system:authenticated"
/** Group of everybody who did not. */
export const unauthenticatedGroup = "system:unauthenticated"

/** Who asks without credentials. */
export const anonymousUser: UserInfo = { name: "system:anonymous", groups: [unauthenticatedGroup] }

const withAuthenticated = (user: UserInfo): UserInfo =>
  user.name === anonymousUser.name || user.groups.includes(authenticatedGroup) || user.groups.includes(unauthenticatedGroup)
    ? user
    : { ...user, groups: [...user.groups, authenticatedGroup] }

/** The first that knows the user wins. A token nobody knows is a 401 even where anonymous requests are allowed. */
export const union =
  (authenticators: ReadonlyArray<Authenticator>, options: { readonly anonymous: boolean }): Authenticator =>
  async (request, connection) => {
    for (const authenticate of authenticators) {
      const user = await authenticate(request, connection)
      if (user !== undefined) return withAuthenticated(user)
    }
    if (!options.anonymous || bearerToken(request) !== undefined) throw unauthorized()
    return anonymousUser
  }
