/** The key that service account tokens are signed with, and its public half as the discovery documents show it. @module */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto"

/** A signing key and what verifiers need of it. */
export interface ServiceAccountKey {
  readonly algorithm: "ES256" | "RS256"
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  /** Names the key in tokens and in the key set: the hash of the public key, as upstream makes it. */
  readonly keyId: string
}

/** Reads a PEM private key (EC P-256 or RSA), or makes a fresh P-256 one. Throws on other kinds of key. */
export const serviceAccountKey = (pem?: string): ServiceAccountKey => {
  const privateKey = pem === undefined ? generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey : createPrivateKey(pem)
  const type = privateKey.asymmetricKeyType
  if (type !== "ec" && type !== "rsa") throw new TypeError(`service account keys are EC P-256 or RSA, not ${type}`)
  const publicKey = createPublicKey(privateKey)
  const keyId = createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("base64url")
  return { algorithm: type === "ec" ? "ES256" : "RS256", privateKey, publicKey, keyId }
}

/** The key set of `/openid/v1/jwks`. */
export const keySet = ({ algorithm, publicKey, keyId }: ServiceAccountKey): { readonly keys: ReadonlyArray<object> } => ({
  keys: [{ use: "sig", alg: algorithm, kid: keyId, ...publicKey.export({ format: "jwk" }) }]
})
