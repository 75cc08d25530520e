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
