/** Validation of CertificateSigningRequest. @module */
import { duplicate, invalid, notSupported, required } from "../field-error.ts"
import { equalJson } from "../json.ts"
import { byteLength, isDns1123Label, isDns1123Subdomain } from "../name.ts"
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from "../types/certificates-v1.ts"
import type { Findings, Loose } from "./findings.ts"

/** What a certificate may be used for; the order is that of upstream's message. */
const usages: ReadonlyArray<string> = [
  ...["any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment", "decipher only"],
  ...[
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement"
  ],
  ...["key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime", "server auth", "signing", "timestamping"]
]
const minSeconds = 600
const maxSignerBytes = 571

/** A CertificateSigningRequest, new or changed. */
export function* validateSigningRequest({ spec = {}, status }: Loose<CertificateSigningRequest>): Findings {
  if (!isPem(spec.request ?? "", "CERTIFICATE REQUEST"))
    yield invalid("spec.request", spec.request ?? null, "PEM block type must be CERTIFICATE REQUEST")
  if ((spec.usages ?? []).length === 0) yield required("spec.usages")
  const seen = new Set<string>()
  for (const [i, usage] of (spec.usages ?? []).entries()) {
    if (!usages.includes(usage)) yield notSupported(`spec.usages[${i}]`, usage, usages)
    if (seen.has(usage)) yield duplicate(`spec.usages[${i}]`, usage)
    seen.add(usage)
  }
  if (spec.signerName === "kubernetes.io/legacy-unknown")
    yield invalid("spec.signerName", spec.signerName, "the legacy signerName is not allowed via this API version")
  else yield* validateSignerName(spec.signerName ?? "", "spec.signerName")
  const { expirationSeconds } = spec
  if (expirationSeconds !== undefined && expirationSeconds < minSeconds)
    yield invalid("spec.expirationSeconds", expirationSeconds, "may not specify a duration less than 600 seconds (10 minutes)")
  yield* validateConditions(status?.conditions ?? [])
  const certificate = status?.certificate ?? ""
  if (certificate !== "" && !isPem(certificate, "CERTIFICATE"))
    yield invalid("status.certificate", "<certificate data>", "must contain at least one CERTIFICATE PEM block")
}

/** `example.com/signer`: a domain of two labels or more, and a path. */
export function* validateSignerName(name: string, path: string): Findings {
  if (name === "") {
    yield required(path)
    return
  }
  const [domain = "", ...rest] = name.split("/")
  const signer = rest[0] ?? ""
  if (rest.length !== 1 || domain === "" || signer === "") {
    yield invalid(path, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'")
    return
  }
  if (byteLength(name) > maxSignerBytes)
    yield { type: "FieldValueTooLong", field: path, detail: `may not be more than ${maxSignerBytes} bytes` }
  if (isDns1123Subdomain(domain).length > 0)
    yield invalid(path, domain, `validating label ${JSON.stringify(domain)}: ${isDns1123Subdomain(domain)[0]}`)
  else if (!domain.includes(".")) yield invalid(path, domain, "should be a domain with at least two segments separated by dots")
  for (const label of signer.split(".")) {
    const [sentence] = isDns1123Label(label)
    if (sentence !== undefined) yield invalid(path, signer, `validating label ${JSON.stringify(label)}: ${sentence}`)
  }
}

/** Only the label is looked at: what is inside is for the signer to read. */
const isPem = (base64: string, label: string): boolean => {
  try {
    return atob(base64).includes(`-----BEGIN ${label}-----`)
  } catch {
    return false
  }
}

function* validateConditions(conditions: ReadonlyArray<Loose<CertificateSigningRequestCondition>>): Findings {
  const seen = new Set<string>()
  for (const [i, { type = "", status = "" }] of conditions.entries()) {
    const at = `status.conditions[${i}]`
    if (type === "") yield required(`${at}.type`)
    if (["Approved", "Denied", "Failed"].includes(type) && status !== "True") {
      if (status === "") yield required(`${at}.status`)
      else yield notSupported(`${at}.status`, status, ["True"])
    } else if (status === "") yield required(`${at}.status`)
    else if (!["False", "True", "Unknown"].includes(status))
      yield notSupported(`${at}.status`, status, ["False", "True", "Unknown"])
    if (seen.has(type)) yield duplicate(`${at}.type`, type)
    seen.add(type)
    const other = type === "Approved" ? "Denied" : type === "Denied" ? "Approved" : ""
    if (other !== "" && seen.has(other))
      yield invalid(`${at}.type`, type, "Approved and Denied conditions are mutually exclusive")
  }
}

/** What was decided stands, and a certificate that was issued too. */
export function* validateSigningRequestUpdate(
  { spec, status }: Loose<CertificateSigningRequest>,
  old: Loose<CertificateSigningRequest>
): Findings {
  if (!equalJson(spec, old.spec)) yield invalid("spec", spec, "field is immutable")
  for (const type of ["Approved", "Denied", "Failed"]) {
    const was = (old.status?.conditions ?? []).some((condition) => condition.type === type)
    if (was && !(status?.conditions ?? []).some((condition) => condition.type === type))
      yield {
        type: "FieldValueForbidden",
        field: "status.conditions",
        detail: `updates may not remove a condition of type ${JSON.stringify(type)}`
      }
  }
  const before = old.status?.certificate ?? ""
  if (before !== "" && status?.certificate !== before)
    yield { type: "FieldValueForbidden", field: "status.certificate", detail: "updates may not set certificate content" }
}
