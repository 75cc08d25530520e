/** Signs service account tokens and reads them back: a signed token alone proves nothing when its account or pod is gone. @module */
import { randomUUID } from "node:crypto"
import type { KubernetesObject, Resource } from "@tsukube/api"
import { nodes, pods, secrets, serviceaccounts } from "@tsukube/api/core-v1"
import type { JWTPayload } from "jose"
import type { Registry, TokenSigner, UserInfo } from "../request.ts"
import type { ServiceAccountKey } from "./service-account-keys.ts"

interface Reference {
  readonly name: string
  readonly uid: string
}

/** The private part of a token's claims. */
interface KubernetesClaims {
  readonly namespace: string
  readonly serviceaccount: Reference
  readonly pod?: Reference
  readonly secret?: Reference
  readonly node?: Reference
}

/** What a good token says. */
export interface VerifiedToken {
  readonly user: UserInfo
  /** Those of the token that were asked for. */
  readonly audiences: ReadonlyArray<string>
}

/** Everything about service account tokens of one issuer. */
export interface ServiceAccountTokens {
  readonly sign: TokenSigner
  /** `undefined`: not a token of this issuer. Throws with the reason for bad ones. `audiences`: at least one must fit; default the issuer. */
  readonly verify: (token: string, audiences?: ReadonlyArray<string>) => Promise<VerifiedToken | undefined>
}

/** How many tokens' signatures are remembered as good. */
const rememberedTokens = 4096
/** A pod's tokens stay good this long after its deletion was due, so that it can say good-bye. */
const deletionLeewayMs = 60_000

/** Names of the extra fields that upstream gives service accounts. */
const extraPrefix = "authentication.kubernetes.io/"

/** Groups of a service account besides those of everybody. */
export const serviceAccountGroups = (namespace: string): ReadonlyArray<string> => [
  "system:serviceaccounts",
  `system:serviceaccounts:${namespace}`
]

export const makeServiceAccountTokens = (
  key: ServiceAccountKey,
  issuer: string,
  registry: Registry,
  now: () => number = Date.now
): ServiceAccountTokens => {
  const good = new Map<string, { readonly claims: JWTPayload; readonly until: number }>()

  const checkedClaims = async (token: string) => {
    const known = good.get(token)
    if (known !== undefined && now() < known.until) return known.claims
    const options = { issuer, algorithms: [key.algorithm], currentDate: new Date(now()) }
    const { jwtVerify } = await loadJose()
    const { payload } = await jwtVerify(token, key.publicKey, options)
    if (good.size >= rememberedTokens) good.clear()
    good.set(token, { claims: payload, until: (payload.exp ?? 0) * 1000 })
    return payload
  }

  const alive = <T extends KubernetesObject>(resource: Resource<T>, namespace: string, { name, uid }: Reference): T => {
    const object = registry.get(resource, resource.namespaced ? { namespace, name } : { name })
    if (object?.metadata?.uid !== uid) throw new Error(`the token's ${resource.kind} ${JSON.stringify(name)} is gone`)
    const { deletionTimestamp } = object.metadata
    if (deletionTimestamp !== undefined && now() > Date.parse(deletionTimestamp) + deletionLeewayMs) {
      throw new Error(`the token's ${resource.kind} ${JSON.stringify(name)} has been deleted`)
    }
    return object
  }

  const verify: ServiceAccountTokens["verify"] = async (token, audiences = [issuer]) => {
    if ((await issuerOf(token)) !== issuer) return undefined
    const claims = await checkedClaims(token)
    const said = typeof claims.aud === "string" ? [claims.aud] : (claims.aud ?? [])
    const fitting = audiences.filter((audience) => said.includes(audience))
    if (fitting.length === 0) throw new Error("the token is not for this audience")
    const bound = claims["kubernetes.io"] as KubernetesClaims
    const account = alive(serviceaccounts, bound.namespace, bound.serviceaccount)
    const extra: Record<string, ReadonlyArray<string>> = { [`${extraPrefix}credential-id`]: [`JTI=${claims.jti}`] }
    if (bound.secret !== undefined) alive(secrets, bound.namespace, bound.secret)
    if (bound.pod !== undefined) {
      alive(pods, bound.namespace, bound.pod)
      extra[`${extraPrefix}pod-name`] = [bound.pod.name]
      extra[`${extraPrefix}pod-uid`] = [bound.pod.uid]
    }
    if (bound.node !== undefined) {
      if (bound.pod === undefined) alive(nodes, "", bound.node)
      extra[`${extraPrefix}node-name`] = [bound.node.name]
      extra[`${extraPrefix}node-uid`] = [bound.node.uid]
    }
    const user = {
      name: `system:serviceaccount:${bound.namespace}:${bound.serviceaccount.name}`,
      uid: account.metadata?.uid ?? "",
      groups: [...serviceAccountGroups(bound.namespace), "system:authenticated"],
      extra
    }
    return { user, audiences: fitting }
  }

  const sign: TokenSigner = async ({ serviceAccount, audiences, expirationSeconds, boundObject }) => {
    const { namespace, name, uid } = serviceAccount
    const used = audiences.length === 0 ? [issuer] : audiences
    const issuedAt = Math.floor(now() / 1000)
    const claims: KubernetesClaims = {
      namespace,
      ...boundClaims(registry, namespace, boundObject),
      serviceaccount: { name, uid }
    }
    const { SignJWT } = await loadJose()
    const token = await new SignJWT({ "kubernetes.io": claims })
      .setProtectedHeader({ alg: key.algorithm, kid: key.keyId })
      .setIssuer(issuer)
      .setSubject(`system:serviceaccount:${namespace}:${name}`)
      .setAudience([...used])
      .setJti(randomUUID())
      .setIssuedAt(issuedAt)
      .setNotBefore(issuedAt)
      .setExpirationTime(issuedAt + expirationSeconds)
      .sign(key.privateKey)
    const expirationTimestamp = `${new Date((issuedAt + expirationSeconds) * 1000).toISOString().slice(0, 19)}Z`
    return { token, expirationTimestamp, audiences: used }
  }
  return { sign, verify }
}

/** Loaded by the first token. */
const loadJose = () => import("jose")

const issuerOf = async (token: string): Promise<string | undefined> => {
  const { decodeJwt } = await loadJose()
  try {
    return decodeJwt(token).iss
  } catch {
    return undefined
  }
}

/** What a token says of the object it is bound to. A pod's token names its node too. */
const boundClaims = (registry: Registry, namespace: string, bound: Parameters<TokenSigner>[0]["boundObject"]) => {
  if (bound === undefined) return {}
  const reference = { name: bound.name, uid: bound.uid }
  if (bound.kind === "Secret") return { secret: reference }
  if (bound.kind === "Node") return { node: reference }
  const nodeName = registry.get(pods, { namespace, name: bound.name })?.spec?.nodeName
  const node = nodeName === undefined ? undefined : registry.get(nodes, { name: nodeName })
  const uid = node?.metadata?.uid
  return { ...(nodeName === undefined || uid === undefined ? {} : { node: { name: nodeName, uid } }), pod: reference }
}
