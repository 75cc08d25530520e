/** Lets others verify service account tokens without asking: the issuer's discovery document and key set. @module */
import { keySet, type ServiceAccountKey } from "./authenticate/service-account-keys.ts"
import type { Route } from "./request.ts"

const maxAge = "public, max-age=3600"

/** Answers `/.well-known/openid-configuration` and `/openid/v1/jwks`. */
export const issuerRoute = (issuer: string, key: ServiceAccountKey): Route => {
  const keys = JSON.stringify(keySet(key))
  const configuration = JSON.stringify({
    issuer,
    jwks_uri: `${issuer.replace(/\/$/, "")}/openid/v1/jwks`,
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: [key.algorithm]
  })
  return ({ request, url }) => {
    if (request.method !== "GET") return undefined
    const path = url.pathname.replace(/\/$/, "")
    if (path === "/.well-known/openid-configuration") {
      return new Response(configuration, { headers: { "content-type": "application/json", "cache-control": maxAge } })
    }
    if (path !== "/openid/v1/jwks") return undefined
    return new Response(keys, { headers: { "content-type": "application/jwk-set+json", "cache-control": maxAge } })
  }
}
