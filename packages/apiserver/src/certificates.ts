/** Makes the cluster's own certificate authority and the certificates of servers and clients, as PEM text. @module */
import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate
} from "node:crypto"
import { addressToNumber, canonicalAddress, familyOf } from "./allocate/cidr.ts"
import {
  bits,
  type Der,
  element,
  identifier,
  integer,
  nothing,
  octets,
  type Read,
  read,
  sequence,
  set,
  time,
  utf8,
  yes
} from "./der.ts"

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

/** Object identifiers of RFC 5280 and of the algorithms. */
const ids = {
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  subjectKey: "2.5.29.14",
  keyUsage: "2.5.29.15",
  alternativeNames: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKey: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  rsaWithSha256: "1.2.840.113549.1.1.11"
}

/** The bits of a key usage, as its byte, and how many of its last bits do not count. */
const signsAll = [0x86, 1] as const
const signsData = [0x80, 7] as const

interface Keys {
  readonly publicKey: Buffer
  readonly key: string
}

/** P-256: made in less than a millisecond, and known to every client. */
const newKeys = (): Keys => {
  const { publicKey, privateKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "der" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" }
  })
  return { publicKey, key: privateKey }
}

/** A new authority: a self-signed certificate that may sign others. ECDSA P-256. */
export const createAuthority = async (options: AuthorityOptions = {}): Promise<CertificatePair> => {
  const { commonName = "kubernetes", days = 3650 } = options
  const { publicKey, key } = newKeys()
  const name = subject(commonName, [])
  const extensions = [
    extension(ids.keyUsage, usageBits(signsAll), true),
    extension(ids.basicConstraints, sequence(yes), true),
    extension(ids.subjectKey, octets(keyHash(publicKey)))
  ]
  const cert = signed(createPrivateKey(key), { issuer: name, subject: name, publicKey, days, extensions })
  return { cert, key }
}

/** A certificate signed by the authority, with a key of its own. Go's clients look at the alternative names only, never at the common name. */
export const issueCertificate = async (authority: CertificatePair, options: CertificateOptions): Promise<CertificatePair> => {
  const { commonName, organizations = [], dnsNames = [], ipAddresses = [], days = 365 } = options
  const alternatives = [
    ...dnsNames.map((name) => element(0x82, Buffer.from(name, "latin1"))),
    ...ipAddresses.map((address) => element(0x87, addressBytes(address)))
  ]
  const { usages = [alternatives.length > 0 ? "server" : "client"] } = options
  const issuer = issuerOf(authority)
  const { publicKey, key } = newKeys()
  const extensions = [
    extension(ids.keyUsage, usageBits(signsData), true),
    extension(
      ids.extendedKeyUsage,
      sequence(...usages.map((usage) => identifier(usage === "server" ? ids.serverAuth : ids.clientAuth)))
    ),
    extension(ids.basicConstraints, sequence(), true),
    extension(ids.authorityKey, sequence(element(0x80, issuer.keyId))),
    ...(alternatives.length > 0 ? [extension(ids.alternativeNames, sequence(...alternatives))] : [])
  ]
  const body = { issuer: issuer.name, subject: subject(commonName, organizations), publicKey, days, extensions }
  return { cert: signed(issuer.signer, body), key }
}

/** What is signed, without what every certificate of ours has. */
interface Body {
  readonly issuer: Der
  readonly subject: Der
  readonly publicKey: Buffer
  readonly days: number
  readonly extensions: ReadonlyArray<Der>
}

const signed = (signer: KeyObject, { issuer, subject, publicKey, days, extensions }: Body): string => {
  const algorithm = algorithmOf(signer)
  const now = Date.now()
  const certificate = sequence(
    // Version 3.
    element(0xa0, integer(Buffer.from([2]))),
    integer(serialNumber()),
    algorithm,
    issuer,
    sequence(time(new Date(now - clockSkewMs)), time(new Date(now + days * dayMs))),
    subject,
    publicKey,
    element(0xa3, sequence(...extensions))
  )
  return pem(sequence(certificate, algorithm, bits(sign("sha256", certificate, signer))))
}

/** 126 random bits: different for every certificate of an authority, as RFC 5280 demands, and never zero or negative. */
const serialNumber = (): Buffer => {
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0]! & 0x7f) | 0x40
  return bytes
}

/** An authority may have been made elsewhere: its key is RSA or of any curve that OpenSSL signs with. */
const algorithmOf = ({ asymmetricKeyType }: KeyObject): Der => {
  if (asymmetricKeyType === "rsa") return sequence(identifier(ids.rsaWithSha256), nothing)
  if (asymmetricKeyType === "ec") return sequence(identifier(ids.ecdsaWithSha256))
  throw new TypeError("the authority's key is neither RSA nor of an elliptic curve")
}

/** Organizations first, each a part of its own; always UTF-8, whatever letters there are. */
const subject = (commonName: string, organizations: ReadonlyArray<string>): Der =>
  sequence(
    ...organizations.map((organization) => set(sequence(identifier(ids.organization), utf8(organization)))),
    set(sequence(identifier(ids.commonName), utf8(commonName)))
  )

const extension = (id: string, value: Der, critical = false): Der =>
  sequence(identifier(id), ...(critical ? [yes] : []), octets(value))

const usageBits = ([byte, unused]: readonly [number, number]): Der => bits(Buffer.from([byte]), unused)

/** Names a key as RFC 5280 proposes: the hash of its bits, without what says which kind of key it is. */
const keyHash = (publicKey: Buffer): Buffer => {
  const [, keyBits] = read(read(publicKey)[0]!.content)
  return createHash("sha1").update(keyBits!.content.subarray(1)).digest()
}

const addressBytes = (address: string): Buffer => {
  const canonical = address.includes("%") ? undefined : canonicalAddress(address)
  if (canonical === undefined) throw new TypeError(`not an IP address: ${address}`)
  const digits = familyOf(canonical) === "IPv4" ? 8 : 32
  return Buffer.from(addressToNumber(canonical).toString(16).padStart(digits, "0"), "hex")
}

/** Who signs: his name byte for byte as his own certificate has it, and his key under the name that certificate gives it. */
const issuerOf = ({ cert, key }: CertificatePair): { readonly name: Der; readonly keyId: Buffer; readonly signer: KeyObject } => {
  const certificate = new X509Certificate(cert)
  const fields = read(read(read(certificate.raw)[0]!.content)[0]!.content)
  // The version comes first where it is not the oldest; then number, algorithm, issuer, validity, subject, key.
  const [, , , , name] = fields[0]!.tag === 0xa0 ? fields.slice(1) : fields
  const publicKey = certificate.publicKey.export({ type: "spki", format: "der" })
  return { name: name!.whole, keyId: subjectKeyOf(fields) ?? keyHash(publicKey), signer: createPrivateKey(key) }
}

const subjectKeyOf = (fields: ReadonlyArray<Read>): Buffer | undefined => {
  const list = fields.find(({ tag }) => tag === 0xa3)
  const extensions = list === undefined ? [] : read(read(list.content)[0]!.content)
  const id = identifier(ids.subjectKey)
  for (const { content } of extensions) {
    const parts = read(content)
    if (parts[0]!.whole.equals(id)) return read(parts.at(-1)!.content)[0]!.content
  }
  return undefined
}

const pem = (certificate: Der): string =>
  `-----BEGIN CERTIFICATE-----\n${(certificate.toString("base64").match(/.{1,64}/g) ?? []).join("\n")}\n-----END CERTIFICATE-----\n`
