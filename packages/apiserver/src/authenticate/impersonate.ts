/** Lets a user act as another when the authorizer allows it: the `Impersonate-…` headers. @module */
import { badRequest } from "@tsukube/api"
import { forbiddenError } from "../authorize/forbidden.ts"
import type { Attributes, Authenticator, Authorizer, UserInfo } from "../request.ts"
import { serviceAccountGroups } from "./token.ts"
import { anonymousUser, authenticatedGroup, unauthenticatedGroup } from "./union.ts"

const extraPrefix = "impersonate-extra-"

const values = (request: Request, name: string): ReadonlyArray<string> =>
  (request.headers.get(name) ?? "")
    .split(",")
    .map((value) => value.trim())
    .filter((value) => value !== "")

const extrasOf = (request: Request): Readonly<Record<string, ReadonlyArray<string>>> => {
  const extra: Record<string, ReadonlyArray<string>> = {}
  for (const [name] of request.headers) {
    if (name.startsWith(extraPrefix)) extra[decodeURIComponent(name.slice(extraPrefix.length))] = values(request, name)
  }
  return extra
}

const impersonation = (group: string, resource: string, name: string, namespace = "", subresource = ""): Attributes => ({
  isResource: true,
  path: "",
  verb: "impersonate",
  group,
  version: "v1",
  resource,
  subresource,
  namespace,
  name
})

/** The user to go on with: the one asked for when the real one may be him, else a 403 is thrown. Several values of a header are split at commas. */
export const impersonate = async (user: UserInfo, request: Request, authorize: Authorizer): Promise<UserInfo> => {
  const name = request.headers.get("impersonate-user") ?? ""
  const uid = request.headers.get("impersonate-uid") ?? ""
  const groups = values(request, "impersonate-group")
  const extra = extrasOf(request)
  if (name === "") {
    if (uid === "" && groups.length === 0 && Object.keys(extra).length === 0) return user
    throw badRequest("groups, extra fields or a uid were to be impersonated without a user")
  }
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name)
  const asked = [
    account === null ? impersonation("", "users", name) : impersonation("", "serviceaccounts", account[2]!, account[1]!),
    ...groups.map((group) => impersonation("", "groups", group)),
    ...(uid === "" ? [] : [impersonation("authentication.k8s.io", "uids", uid)]),
    ...Object.entries(extra).flatMap(([key, values]) =>
      values.map((value) => impersonation("authentication.k8s.io", "userextras", value, "", key))
    )
  ]
  for (const attributes of asked) {
    const decision = await authorize(user, attributes)
    if (!decision.allowed) throw forbiddenError(user, attributes, decision.reason)
  }
  const own = groups.length === 0 && account !== null ? serviceAccountGroups(account[1]!) : groups
  const everybody = name === anonymousUser.name ? unauthenticatedGroup : authenticatedGroup
  return {
    name,
    ...(uid === "" ? {} : { uid }),
    groups: own.includes(everybody) ? own : [...own, everybody],
    ...(Object.keys(extra).length === 0 ? {} : { extra })
  }
}

/** An authenticator whose users may act as others. */
export const impersonating =
  (authenticate: Authenticator, authorize: Authorizer): Authenticator =>
  async (request, connection) => {
    const user = await authenticate(request, connection)
    return user === undefined ? undefined : impersonate(user, request, authorize)
  }
