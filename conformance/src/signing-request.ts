/** A PKCS#10 certificate signing request (RFC 2986), written out by hand: node:crypto makes none. @module */
import { type KeyObject, sign } from "node:crypto"

const der = (tag: number, ...parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Uint8Array.from([tag, ...size]), content])
}

const sequence = 0x30
const set = 0x31
const integer = 0x02
const bitString = 0x03
const objectId = 0x06
const utf8String = 0x0c
const attributes = 0xa0

/** 2.5.4.3, the common name. */
const commonNameId = Uint8Array.from([0x55, 0x04, 0x03])
/** 1.2.840.10045.4.3.2, ECDSA with SHA-256. */
const ecdsaSha256Id = Uint8Array.from([0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02])

/** The request as PEM, signed with the key pair, which must be of an elliptic curve. */
export const signingRequest = (
  keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject },
  commonName: string
): string => {
  const name = der(sequence, der(objectId, commonNameId), der(utf8String, Buffer.from(commonName)))
  const subject = der(sequence, der(set, name))
  const publicKey = keys.publicKey.export({ type: "spki", format: "der" })
  const info = der(sequence, der(integer, Uint8Array.of(0)), subject, publicKey, der(attributes))
  const signature = der(bitString, Uint8Array.of(0), sign("sha256", info, keys.privateKey))
  const request = Buffer.from(der(sequence, info, der(sequence, der(objectId, ecdsaSha256Id)), signature)).toString("base64")
  const lines = request.match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join("\n")}\n-----END CERTIFICATE REQUEST-----\n`
}
