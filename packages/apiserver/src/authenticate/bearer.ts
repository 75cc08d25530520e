/** Finds the bearer token of a request, and knows the static ones. @module */
import type { Authenticator, UserInfo } from "../request.ts"

/** Browsers cannot set headers on WebSockets: they offer the token as a subprotocol of this form. */
const protocolPrefix = "base64url.bearer.authorization.k8s.io."

/** The token of the Authorization header or of a WebSocket's subprotocols; `undefined` when there is none. */
export const bearerToken = (request: Request): string | undefined => {
  const [scheme = "", token = ""] = (request.headers.get("authorization") ?? "").trim().split(/\s+/)
  if (scheme.toLowerCase() === "bearer" && token !== "") return token
  const offered = (request.headers.get("sec-websocket-protocol") ?? "").split(",").map((protocol) => protocol.trim())
  const carrier = offered.find((protocol) => protocol.startsWith(protocolPrefix))
  if (carrier === undefined) return undefined
  return Buffer.from(carrier.slice(protocolPrefix.length), "base64url").toString()
}

/** Static tokens and who they stand for. */
export const staticTokens = (tokens: Readonly<Record<string, UserInfo>>): Authenticator => {
  const users = new Map(Object.entries(tokens))
  return async (request) => {
    const token = bearerToken(request)
    return token === undefined ? undefined : users.get(token)
  }
}
