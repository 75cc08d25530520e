/** Makes the cluster's own certificate authority and the certificates of servers and clients, as PEM text. @module */
import { createPrivateKey, type KeyObject } from "node:crypto"
import { isIP } from "node:net"
import type { JsonNameParams } from "@peculiar/x509"

/** A certificate and its private key (PKCS 8), both PEM. */
export interface CertificatePair {
  readonly cert: string
  readonly key: string
}

/** What an authority is called and how long it lasts. */
export interface AuthorityOptions {
  readonly commonName?: string
  /** Default 3650. */
  readonly days?: number
}

/** Whose certificate it is and where it is good. */
export interface CertificateOptions {
  /** To the API server the user name. */
  readonly commonName: string
  /** To the API server the groups. */
  readonly organizations?: ReadonlyArray<string>
  readonly dnsNames?: ReadonlyArray<string>
  readonly ipAddresses?: ReadonlyArray<string>
  /** Default: `server` when there are DNS names or addresses, else `client`. */
  readonly usages?: ReadonlyArray<"server" | "client">
  /** Default 365. */
  readonly days?: number
}

/** Clocks of a cluster's machines differ; a certificate made now must be good on all of them. */
const clockSkewMs = 5 * 60_000
const dayMs = 86_400_000

const newKeys = { name: "ECDSA", namedCurve: "P-256" } as const
const hash = "SHA-256"

/** Loaded on first use: the library takes longer to load than a server without TLS needs to start. */
const loadX509 = async () => {
  await import("reflect-metadata")
  return import("@peculiar/x509")
}

/** A new authority: a self-signed certificate that may sign others. ECDSA P-256. */
export const createAuthority = async (options: AuthorityOptions = {}): Promise<CertificatePair> => {
  const x509 = await loadX509()
  const keys = await crypto.subtle.generateKey(newKeys, true, ["sign", "verify"])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    keys,
    name: new x509.Name(subject(options.commonName ?? "kubernetes", [])),
    ...validity(options.days ?? 3650),
    signingAlgorithm: { ...newKeys, hash },
    extensions: [
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true
      ),
      new x509.BasicConstraintsExtension(true, undefined, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey)
    ]
  })
  return { cert: `${certificate.toString("pem")}\n`, key: await keyText(keys.privateKey) }
}

/** A certificate signed by the authority, with a key of its own. Go's clients look at the alternative names only, never at the common name. */
export const issueCertificate = async (authority: CertificatePair, options: CertificateOptions): Promise<CertificatePair> => {
  const { commonName, organizations = [], dnsNames = [], ipAddresses = [], days = 365 } = options
  for (const address of ipAddresses) {
    if (isIP(address) === 0 || address.includes("%")) throw new TypeError(`not an IP address: ${address}`)
  }
  const x509 = await loadX509()
  const signer = await signerOf(authority.key)
  const issuer = new x509.X509Certificate(authority.cert)
  const keys = await crypto.subtle.generateKey(newKeys, true, ["sign", "verify"])
  const alternatives = [
    ...dnsNames.map((value) => ({ type: "dns" as const, value })),
    ...ipAddresses.map((value) => ({ type: "ip" as const, value }))
  ]
  const usages = options.usages ?? [alternatives.length > 0 ? "server" : "client"]
  const { serverAuth, clientAuth } = x509.ExtendedKeyUsage
  const certificate = await x509.X509CertificateGenerator.create({
    // The name itself and not its text: an issuer has to be written byte for byte as the authority's subject.
    issuer: issuer.subjectName,
    subject: new x509.Name(subject(commonName, organizations)),
    publicKey: keys.publicKey,
    ...validity(days),
    signingKey: signer,
    signingAlgorithm: { name: signer.algorithm.name, hash },
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(usages.map((usage) => (usage === "server" ? serverAuth : clientAuth))),
      new x509.BasicConstraintsExtension(false, undefined, true),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      ...(alternatives.length > 0 ? [new x509.SubjectAlternativeNameExtension(alternatives)] : [])
    ]
  })
  return { cert: `${certificate.toString("pem")}\n`, key: await keyText(keys.privateKey) }
}

/** Organizations first, each a part of its own; always UTF-8, whatever letters there are. */
const subject = (commonName: string, organizations: ReadonlyArray<string>): JsonNameParams => [
  ...organizations.map((organization) => ({ O: [{ utf8String: organization }] })),
  { CN: [{ utf8String: commonName }] }
]

const validity = (days: number): { readonly notBefore: Date; readonly notAfter: Date } => ({
  notBefore: new Date(Date.now() - clockSkewMs),
  notAfter: new Date(Date.now() + days * dayMs)
})

const keyText = async (key: CryptoKey): Promise<string> => {
  const lines =
    Buffer.from(await crypto.subtle.exportKey("pkcs8", key))
      .toString("base64")
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN PRIVATE KEY-----\n${lines.join("\n")}\n-----END PRIVATE KEY-----\n`
}

/** OpenSSL's names of the curves, as web cryptography calls them. */
const curves: Readonly<Record<string, string>> = { prime256v1: "P-256", secp384r1: "P-384", secp521r1: "P-521" }

/** An authority may have been made elsewhere: its key is RSA or of any of the three curves. */
const signerOf = (text: string): Promise<CryptoKey> => {
  const key = createPrivateKey(text)
  const algorithm = algorithmOf(key)
  return crypto.subtle.importKey("pkcs8", key.export({ type: "pkcs8", format: "der" }), algorithm, false, ["sign"])
}

const algorithmOf = ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject) => {
  if (asymmetricKeyType === "rsa") return { name: "RSASSA-PKCS1-v1_5", hash }
  const namedCurve = curves[asymmetricKeyDetails?.namedCurve ?? ""]
  if (asymmetricKeyType === "ec" && namedCurve !== undefined) return { name: "ECDSA", namedCurve }
  throw new TypeError("the authority's key is neither RSA nor of the curves P-256, P-384 and P-521")
}
