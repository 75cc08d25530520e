/** What a relying party needs to trust the cluster's service account tokens: the issuer's document and its keys. @module */
import { verify } from "node:crypto"
import type { TokenRequest } from "@tsukube/api/authentication-v1"
import { serviceaccounts } from "@tsukube/api/core-v1"
import { type ConformanceTest, expectEqual, expectThat, present } from "../suite.ts"

interface IssuerDocument {
  readonly issuer: string
  readonly jwks_uri: string
  readonly response_types_supported: ReadonlyArray<string>
  readonly subject_types_supported: ReadonlyArray<string>
  readonly id_token_signing_alg_values_supported: ReadonlyArray<string>
}

type Key = JsonWebKey & { readonly kid?: string; readonly alg?: string }

const parse = <A>(part: string | undefined): A => JSON.parse(Buffer.from(part ?? "", "base64url").toString()) as A

const discovery: ConformanceTest = {
  name: "[sig-auth] ServiceAccounts ServiceAccountIssuerDiscovery should support OIDC discovery of service account issuer",
  run: async ({ client, namespace }) => {
    const read = async <A>(path: string): Promise<A> =>
      (await client.request({ path, accept: "application/json, application/jwk-set+json" })).json() as Promise<A>
    const request: TokenRequest = {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { audiences: ["oidc-discovery-test"], expirationSeconds: 3600 }
    }
    const key = { namespace, name: "default" }
    const { status } = await client.createSubresource<TokenRequest>(serviceaccounts, key, "token", request)
    const [header, payload, signature] = present(status?.token, "the token").split(".")
    const { kid, alg } = parse<{ kid: string; alg: string }>(header)
    const claims = parse<{ iss: string; aud: ReadonlyArray<string>; sub: string; exp: number }>(payload)

    const issuer = await read<IssuerDocument>("/.well-known/openid-configuration")
    expectEqual(issuer.issuer, claims.iss, "the issuer of the document and of the token")
    expectThat(issuer.response_types_supported.includes("id_token"), "id_token is among the response types")
    expectThat(issuer.subject_types_supported.includes("public"), "public is among the subject types")
    expectThat(issuer.id_token_signing_alg_values_supported.includes(alg), `${alg} is among the algorithms`)
    expectThat(/^https:\/\//.test(issuer.jwks_uri), `the keys are at an https URL: ${issuer.jwks_uri}`)

    const { keys } = await read<{ keys: ReadonlyArray<Key> }>("/openid/v1/jwks")
    const signer = present(
      keys.find((one) => one.kid === kid),
      `the key ${kid}`
    )
    const signed = Buffer.from(`${header}.${payload}`)
    const valid = verify(
      `sha${alg.slice(2)}`,
      signed,
      { key: signer, format: "jwk", dsaEncoding: "ieee-p1363" },
      Buffer.from(signature ?? "", "base64url")
    )
    expectEqual(valid, true, "whether the signature is that of the published key")
    expectEqual(claims.aud, ["oidc-discovery-test"], "the audiences")
    expectEqual(claims.sub, `system:serviceaccount:${namespace}:default`, "the subject")
    expectThat(claims.exp * 1000 > Date.now(), "the token is not expired")
  }
}

export const issuerDiscovery: ReadonlyArray<ConformanceTest> = [discovery]
