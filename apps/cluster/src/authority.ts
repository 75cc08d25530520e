/** The cluster's certificate authority and the key of its service account tokens: made once, kept in the data folder. @module */
import { generateKeyPairSync } from "node:crypto"
import { existsSync, mkdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { type CertificateOptions, type CertificatePair, createAuthority, issueCertificate } from "@tsukube/apiserver/certificates"
import { writeFileAtomic } from "@tsukube/host"
import { Effect } from "effect"

/** Who vouches for every part of the cluster. */
export interface Authority {
  /** The authority's own certificate, PEM: what clients trust. */
  readonly certificate: string
  /** Private key (PEM, PKCS 8) that signs service account tokens. */
  readonly serviceAccountKey: string
  /** A new certificate; nothing but the authority itself is kept. */
  readonly issue: (options: CertificateOptions) => Effect.Effect<CertificatePair>
}

/** Only the owner may read a key. */
const keyMode = 0o600

const loadPair = (folder: string): Effect.Effect<CertificatePair> =>
  Effect.gen(function* () {
    const [cert, key] = [join(folder, "ca.crt"), join(folder, "ca.key")]
    if (existsSync(cert) && existsSync(key)) return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") }
    const pair = yield* Effect.promise(() => createAuthority({ commonName: "tsukube" }))
    // The key first: a certificate without its key would look like a whole authority to a glance at the folder.
    writeFileAtomic(key, pair.key, { mode: keyMode })
    writeFileAtomic(cert, pair.cert)
    return pair
  })

const loadServiceAccountKey = (folder: string): string => {
  const file = join(folder, "service-account.key")
  if (existsSync(file)) return readFileSync(file, "utf8")
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const text = privateKey.export({ type: "pkcs8", format: "pem" }).toString()
  writeFileAtomic(file, text, { mode: keyMode })
  return text
}

/** Opens the authority in `folder`, and makes it on the first start. */
export const openAuthority = (folder: string): Effect.Effect<Authority> =>
  Effect.gen(function* () {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const pair = yield* loadPair(folder)
    return {
      certificate: pair.cert,
      serviceAccountKey: loadServiceAccountKey(folder),
      issue: (options: CertificateOptions) => Effect.promise(() => issueCertificate(pair, options))
    }
  })
