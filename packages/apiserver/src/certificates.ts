/** Makes the cluster's own certificate authority and the certificates of servers and clients, as PEM text. @module */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign
} from "node:crypto"
import { isIPv4, isIPv6 } from "node:net"
import { context, der, integer, objectIdentifier, readDer, tag, time } from "./der.ts"

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

const oid = {
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyIdentifier: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
  ecdsaWithSha256: "1.2.840.10045.4.3.2"
} as const

/** Bits of the keyUsage extension: digitalSignature, and for an authority keyCertSign and cRLSign as well. */
const leafUsage = Buffer.from([7, 0x80])
const authorityUsage = Buffer.from([1, 0x86])

/** A new authority: a self-signed certificate that may sign others. ECDSA P-256. */
export const createAuthority = async (options: AuthorityOptions = {}): Promise<CertificatePair> => {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const name = distinguishedName(options.commonName ?? "kubernetes", [])
  const cert = signed({
    issuer: name,
    subject: name,
    days: options.days ?? 3650,
    publicKey,
    signer: privateKey,
    extensions: [
      extension(oid.keyUsage, true, der(tag.bitString, authorityUsage)),
      extension(oid.basicConstraints, true, der(tag.sequence, der(tag.boolean, Buffer.from([0xff])))),
      extension(oid.subjectKeyIdentifier, false, der(tag.octetString, keyIdentifier(publicKey)))
    ]
  })
  return { cert, key: pem(privateKey) }
}

/** A certificate signed by the authority, with a key of its own. Go's clients look at the alternative names only, never at the common name. */
export const issueCertificate = async (authority: CertificatePair, options: CertificateOptions): Promise<CertificatePair> => {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const signer = createPrivateKey(authority.key)
  const dnsNames = (options.dnsNames ?? []).map((name) => context(2, false, Buffer.from(name)))
  const addresses = (options.ipAddresses ?? []).map((address) => context(7, false, addressBytes(address)))
  const alternatives = [...dnsNames, ...addresses]
  const usages = options.usages ?? [alternatives.length > 0 ? "server" : "client"]
  const purposes = usages.map((usage) => objectIdentifier(usage === "server" ? oid.serverAuth : oid.clientAuth))
  const cert = signed({
    issuer: subjectOf(authority.cert),
    subject: distinguishedName(options.commonName, options.organizations ?? []),
    days: options.days ?? 365,
    publicKey,
    signer,
    extensions: [
      extension(oid.keyUsage, true, der(tag.bitString, leafUsage)),
      extension(oid.extendedKeyUsage, false, der(tag.sequence, ...purposes)),
      extension(oid.basicConstraints, true, der(tag.sequence)),
      extension(oid.authorityKeyIdentifier, false, der(tag.sequence, context(0, false, keyIdentifier(createPublicKey(signer))))),
      ...(alternatives.length > 0 ? [extension(oid.subjectAltName, false, der(tag.sequence, ...alternatives))] : [])
    ]
  })
  return { cert, key: pem(privateKey) }
}

interface ToSign {
  readonly issuer: Buffer
  readonly subject: Buffer
  readonly days: number
  readonly publicKey: KeyObject
  readonly signer: KeyObject
  readonly extensions: ReadonlyArray<Buffer>
}

const signed = ({ issuer, subject, days, publicKey, signer, extensions }: ToSign): string => {
  const algorithm = der(tag.sequence, objectIdentifier(oid.ecdsaWithSha256))
  const now = Date.now()
  const validity = der(tag.sequence, time(new Date(now - clockSkewMs)), time(new Date(now + days * dayMs)))
  const content = der(
    tag.sequence,
    context(0, true, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([0x01]), randomBytes(15)])),
    algorithm,
    issuer,
    validity,
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    context(3, true, der(tag.sequence, ...extensions))
  )
  const signature = sign("sha256", content, { key: signer, dsaEncoding: "der" })
  const whole = der(tag.sequence, content, algorithm, der(tag.bitString, Buffer.from([0]), signature))
  const lines = whole.toString("base64").match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`
}

const pem = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }).toString()

const extension = (id: string, critical: boolean, value: Buffer): Buffer =>
  der(
    tag.sequence,
    objectIdentifier(id),
    ...(critical ? [der(tag.boolean, Buffer.from([0xff]))] : []),
    der(tag.octetString, value)
  )

const distinguishedName = (commonName: string, organizations: ReadonlyArray<string>): Buffer => {
  const attribute = (id: string, value: string) =>
    der(tag.set, der(tag.sequence, objectIdentifier(id), der(tag.utf8String, Buffer.from(value))))
  return der(
    tag.sequence,
    ...organizations.map((organization) => attribute(oid.organization, organization)),
    attribute(oid.commonName, commonName)
  )
}

/** SHA-1 of the public key's bits, as RFC 5280 (4.2.1.2) names keys; nothing's safety rests on it. */
const keyIdentifier = (key: KeyObject): Buffer => {
  const [info] = readDer(key.export({ type: "spki", format: "der" }))
  const bits = readDer(info!.body)[1]!
  return createHash("sha1").update(bits.body.subarray(1)).digest()
}

/** The subject of a certificate, byte for byte: an issuer must be written exactly so. */
const subjectOf = (certificate: string): Buffer => {
  const base64 = /-----BEGIN CERTIFICATE-----([^-]+)-----END/.exec(certificate)?.[1]
  const [whole] = readDer(Buffer.from(base64 ?? "", "base64"))
  const [content] = whole === undefined ? [] : readDer(whole.body)
  const subject = content === undefined ? undefined : readDer(content.body)[5]
  if (subject === undefined) throw new TypeError("the authority's certificate cannot be read")
  return subject.bytes
}

const addressBytes = (address: string): Buffer => {
  if (isIPv4(address)) return Buffer.from(address.split(".").map(Number))
  if (!isIPv6(address) || address.includes("%")) throw new TypeError(`not an IP address: ${address}`)
  // The URL parser knows every way to write an address and gives the canonical one, where `::` stands at most once.
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [head = "", tail] = canonical.split("::")
  const groupsOf = (text: string) => text.split(":").filter((group) => group !== "")
  const before = groupsOf(head)
  const after = tail === undefined ? [] : groupsOf(tail)
  const groups = [...before, ...Array<string>(8 - before.length - after.length).fill("0"), ...after]
  return Buffer.from(groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]))
}
