import { expect, test } from "bun:test"
import { createPublicKey, generateKeyPairSync, X509Certificate } from "node:crypto"
import { createAuthority, issueCertificate } from "./certificates.ts"

test("an authority signs certificates that verify against it", async () => {
  const authority = await createAuthority({ commonName: "tsukube" })
  const root = new X509Certificate(authority.cert)
  expect(root.ca).toBe(true)
  expect(root.subject).toBe("CN=tsukube")
  const pair = await issueCertificate(authority, {
    commonName: "kube-apiserver",
    dnsNames: ["kubernetes.default.svc", "localhost"],
    ipAddresses: ["127.0.0.1", "10.96.0.1", "::1", "fd00::12:0:5"]
  })
  const certificate = new X509Certificate(pair.cert)
  expect(certificate.checkIssued(root)).toBe(true)
  expect(certificate.verify(root.publicKey)).toBe(true)
  expect(certificate.checkHost("localhost")).toBe("localhost")
  expect(certificate.checkIP("10.96.0.1")).toBe("10.96.0.1")
  expect(certificate.checkIP("fd00::12:0:5")).toBe("fd00::12:0:5")
  expect(certificate.ca).toBe(false)
})

test("a client's groups are its organizations, whatever letters they have", async () => {
  const pair = await issueCertificate(await createAuthority(), {
    commonName: 'system:node:a,b "ü"',
    organizations: ["system:nodes", "zwei"],
    usages: ["client"]
  })
  const { O, CN } = new X509Certificate(pair.cert).toLegacyObject().subject as unknown as Record<string, unknown>
  expect(O).toEqual(["system:nodes", "zwei"])
  expect(CN).toBe('system:node:a,b "ü"')
})

test("an address that is none is refused", async () => {
  const authority = await createAuthority()
  await expect(issueCertificate(authority, { commonName: "x", ipAddresses: ["300.1.1.1"] })).rejects.toThrow("not an IP address")
})

test("an authority from elsewhere may sign as well", async () => {
  for (const [type, options] of [
    ["rsa", { modulusLength: 2048 }],
    ["ec", { namedCurve: "P-384" }]
  ] as const) {
    const { privateKey } = generateKeyPairSync(type as "ec", options as { namedCurve: string })
    const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString()
    const own = await createAuthority()
    // The name is the authority's, the signature the other key's.
    const pair = await issueCertificate({ cert: own.cert, key: pem }, { commonName: "x" })
    const certificate = new X509Certificate(pair.cert)
    expect(certificate.issuer).toBe("CN=kubernetes")
    expect(certificate.verify(createPublicKey(pem))).toBe(true)
  }
})

/** The library that reads certificate requests reads certificates as well. */
const other = async (): Promise<typeof import("@peculiar/x509")> => {
  await import("reflect-metadata")
  return import("@peculiar/x509")
}

test("another implementation reads the same out of what is written", async () => {
  const x509 = await other()
  const authority = await createAuthority({ days: 36_500 })
  const pair = await issueCertificate(authority, { commonName: "a".repeat(300), dnsNames: ["x.example"], ipAddresses: ["::1"] })
  const [root, leaf] = [new x509.X509Certificate(authority.cert), new x509.X509Certificate(pair.cert)]
  expect(await leaf.verify({ publicKey: root })).toBe(true)
  expect(await root.isSelfSigned()).toBe(true)
  expect(root.notAfter.getUTCFullYear()).toBeGreaterThan(2050)
  expect(leaf.subject).toBe(`CN=${"a".repeat(300)}`)
  expect(leaf.getExtension(x509.SubjectAlternativeNameExtension)?.names.toJSON()).toEqual([
    { type: "dns", value: "x.example" },
    { type: "ip", value: "::1" }
  ])
  expect(leaf.getExtension(x509.ExtendedKeyUsageExtension)?.usages).toEqual([x509.ExtendedKeyUsage.serverAuth])
  expect(leaf.getExtension(x509.KeyUsagesExtension)?.usages).toBe(x509.KeyUsageFlags.digitalSignature)
  const { digitalSignature, keyCertSign, cRLSign } = x509.KeyUsageFlags
  expect(root.getExtension(x509.KeyUsagesExtension)?.usages).toBe(digitalSignature | keyCertSign | cRLSign)
  const [keyOfRoot, keyOfIssuer] = [
    root.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId,
    leaf.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId
  ]
  expect(keyOfIssuer).toBe(keyOfRoot!)
  const { keyId } = await x509.SubjectKeyIdentifierExtension.create(root.publicKey)
  expect(keyOfRoot).toBe(keyId)
  expect(BigInt(`0x${leaf.serialNumber}`)).toBeGreaterThan(0n)
})

test("an authority is named as its own certificate names it and its key", async () => {
  const x509 = await other()
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" }
  const keys = (await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as CryptoKeyPair
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    keys,
    name: "C=DE, O=Elsewhere, CN=root",
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(true), new x509.SubjectKeyIdentifierExtension("0102030405")]
  })
  const key = Buffer.from(await crypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64")
  const authority = { cert: root.toString("pem"), key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n` }
  const { cert } = await issueCertificate(authority, { commonName: "x" })
  expect(new X509Certificate(cert).checkIssued(new X509Certificate(authority.cert))).toBe(true)
  expect(new x509.X509Certificate(cert).getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId).toBe("0102030405")
})
