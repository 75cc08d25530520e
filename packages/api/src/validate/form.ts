/** Forms of texts that several kinds share, each with upstream's sentences. @module */
import { byteLength, isDns1123Label, isDns1123Subdomain, isQualifiedName } from "../name.ts"
import type { Form } from "./rule.ts"

/** A driver's name is a subdomain of at most 63 bytes, in which capitals are let pass. */
export const isDriverName: Form = (name) => [
  ...(byteLength(name) > 63 ? ["must be no more than 63 bytes"] : []),
  ...isDns1123Subdomain(name.toLowerCase())
]

/** A qualified name in which capitals are let pass: provisioners. */
export const isLooseQualifiedName: Form = (name) => isQualifiedName(name.toLowerCase())

/** `acme.io/foo`: a domain and a path. */
export const isDomainPrefixedPath: Form = (text) => {
  const [host = "", ...rest] = text.split("/")
  const path = rest.join("/")
  if (host === "" || path === "") return ['must be a domain-prefixed path (such as "acme.io/foo")']
  return [
    ...isDns1123Subdomain(host),
    ...(/^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(path)
      ? []
      : ["Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')"])
  ]
}

/** A domain of three labels or more: names of webhooks. */
export const isFullyQualifiedName: Form = (name) => {
  const wrong = isDns1123Subdomain(name)
  if (wrong.length > 0) return wrong
  return name.split(".").length < 3 ? ["should be a domain with at least three segments separated by dots"] : []
}

/** `domain/name` as devices name their attributes; the domain may be absent. */
export const isDeviceQualifiedName: Form = (name) => {
  const parts = name.split("/")
  if (parts.length > 2) return ["too many slashes"]
  const [first = "", second] = parts
  const [domain, identifier] = second === undefined ? [undefined, first] : [first, second]
  return [
    ...(domain === undefined ? [] : domain === "" ? ["the domain must not be empty"] : isDomain(domain)),
    ...(identifier === "" ? ["the name must not be empty"] : isIdentifier(identifier))
  ]
}

const isDomain: Form = (domain) => [
  ...(byteLength(domain) > 63 ? ["must be no more than 63 bytes"] : []),
  ...isDns1123Subdomain(domain)
]

/** A name of the language C, as expressions use them. */
export const isIdentifier: Form = (name) => [
  ...(byteLength(name) > 32 ? ["must be no more than 32 bytes"] : []),
  ...(/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
    ? []
    : [
        "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')"
      ])
]

/** Words that expressions reserve for themselves. */
const reserved: ReadonlySet<string> = new Set([
  ...["true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let"],
  ...["loop", "package", "namespace", "return", "var", "void", "while"]
])

/** A name that an expression may use for a variable. */
export const isExpressionName: Form = (name) =>
  /^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name) && !reserved.has(name) ? [] : ["must be a valid CEL identifier"]

/** A pool of devices: subdomains between slashes. */
export const isPoolName: Form = (name) => [
  ...(byteLength(name) > 253 ? ["must be no more than 253 bytes"] : []),
  ...name.split("/").flatMap((part) => isDns1123Subdomain(part))
]

/** The name of a request, or of a request and one of its alternatives: `gpu/small`. */
export const isRequestReference: Form = (name) => {
  const parts = name.split("/")
  return parts.length > 2 ? ["must be the name of a request in the claim"] : parts.flatMap((part) => isDns1123Label(part))
}
