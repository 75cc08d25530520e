/** Service account tokens for pods: asked for once, used by every volume that wants the same, renewed long before they end. @module */
import type { TokenRequest } from "@tsukube/api/authentication-v1"
import { type Pod, serviceaccounts } from "@tsukube/api/core-v1"
import type { Client, ClientError } from "@tsukube/client"
import { Clock, Effect } from "effect"

/** What a token is for and how long it should last. */
export interface TokenWish {
  readonly audience: string
  readonly expirationSeconds: number
}

/** Tokens of a node's pods. */
export interface Tokens {
  readonly of: (pod: Pod, wish: TokenWish) => Effect.Effect<string, ClientError>
  readonly forget: (podUid: string) => void
}

interface Issued {
  readonly token: string
  readonly renewAt: number
}

const longestMs = 24 * 3600 * 1000

/** A token is renewed after 80 % of its life, or after a day, as upstream does it. */
export const makeTokens = (client: Client): Tokens => {
  const issued = new Map<string, Issued>()
  return {
    of: (pod, { audience, expirationSeconds }) =>
      Effect.gen(function* () {
        const { namespace = "", name = "", uid = "" } = pod.metadata ?? {}
        const key = `${uid}/${audience}/${expirationSeconds}`
        const now = yield* Clock.currentTimeMillis
        const known = issued.get(key)
        if (known !== undefined && now < known.renewAt) return known.token
        const answer = yield* client.createSubresource<TokenRequest>(
          serviceaccounts,
          { namespace, name: pod.spec?.serviceAccountName ?? "default" },
          "token",
          {
            apiVersion: "authentication.k8s.io/v1",
            kind: "TokenRequest",
            spec: {
              audiences: audience === "" ? [] : [audience],
              expirationSeconds,
              boundObjectRef: { apiVersion: "v1", kind: "Pod", name, uid }
            }
          }
        )
        const token = answer.status?.token ?? ""
        const expiry = Date.parse(answer.status?.expirationTimestamp ?? "")
        const lifeMs = Number.isNaN(expiry) ? expirationSeconds * 1000 : expiry - now
        issued.set(key, { token, renewAt: now + Math.min(lifeMs * 0.8, longestMs) })
        return token
      }),
    forget: (podUid) => {
      for (const key of issued.keys()) if (key.startsWith(`${podUid}/`)) issued.delete(key)
    }
  }
}
