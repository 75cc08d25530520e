/** What names, labels and keys may look like; each check returns upstream's sentences, none when all is well. @module */

const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
const subdomain = `${label}(\\.${label})*`
const qualified = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"

interface Form {
  readonly regex: RegExp
  readonly source: string
  readonly sentence: string
  readonly examples: ReadonlyArray<string>
}

const form = (source: string, sentence: string, examples: ReadonlyArray<string>): Form => ({
  regex: new RegExp(`^(?:${source})$`),
  source,
  sentence,
  examples
})

const dns1123Label = form(
  label,
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  ["my-name", "123-abc"]
)
const dns1123Subdomain = form(
  subdomain,
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  ["example.com"]
)
const dns1035Label = form(
  "[a-z]([-a-z0-9]*[a-z0-9])?",
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  ["my-name", "abc-123"]
)
const wildcardSubdomain = form(
  `\\*\\.${subdomain}`,
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
  ["*.example.com"]
)
const qualifiedName = form(
  qualified,
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  ["MyName", "my.name", "123-abc"]
)
const labelValue = form(
  `(${qualified})?`,
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  ["MyValue", "my_value", "12345"]
)
const configMapKey = form("[-._a-zA-Z0-9]+", "a valid config key must consist of alphanumeric characters, '-', '_' or '.'", [
  "key.name",
  "KEY_NAME",
  "key-name"
])
const percent = form("[0-9]+%", "a valid percent string must be a numeric string followed by an ending '%'", ["1%", "93%"])

const mismatch = ({ sentence, source, examples }: Form): string =>
  `${sentence} (e.g. ${examples.map((example) => `'${example}', `).join(" or ")}regex used for validation is '${source}')`

const nothing: ReadonlyArray<string> = []

const check = (text: string, { maxBytes, form }: { readonly maxBytes: number; readonly form: Form }): ReadonlyArray<string> => {
  const fits = form.regex.test(text)
  // What has the form of a name has only letters of one byte.
  if (fits && text.length <= maxBytes) return nothing
  return [...(byteLength(text) > maxBytes ? [tooLongSentence(maxBytes)] : []), ...(fits ? [] : [mismatch(form)])]
}

const tooLongSentence = (maxBytes: number): string => `must be no more than ${maxBytes} bytes`

/** How many bytes a text has in UTF-8. */
export const byteLength = (text: string): number => {
  let bytes = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    // Each half of a surrogate pair stands for two of its four bytes.
    bytes += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 2 : 3
  }
  return bytes
}

/** A label of RFC 1123: namespaces, container names, port names of Services. */
export const isDns1123Label = (text: string): ReadonlyArray<string> => {
  if (text.length <= 63 && dns1123Label.regex.test(text)) return nothing
  if (dns1123Label.regex.test(text) || !dns1123Subdomain.regex.test(text))
    return check(text, { maxBytes: 63, form: dns1123Label })
  return [...(byteLength(text) > 63 ? [tooLongSentence(63)] : []), "must not contain dots"]
}

/** A subdomain of RFC 1123: the names of most objects. */
export const isDns1123Subdomain = (text: string): ReadonlyArray<string> => check(text, { maxBytes: 253, form: dns1123Subdomain })

/** A label of RFC 1035, which begins with a letter: names of Services. */
export const isDns1035Label = (text: string): ReadonlyArray<string> => check(text, { maxBytes: 63, form: dns1035Label })

/** `*.` and a subdomain: hosts of an Ingress. */
export const isWildcardDns1123Subdomain = (text: string): ReadonlyArray<string> =>
  check(text, { maxBytes: 253, form: wildcardSubdomain })

/** A name with an optional DNS prefix and `/`: label and annotation keys, resource names. */
export const isQualifiedName = (text: string): ReadonlyArray<string> => {
  if (text.length <= 63 && qualifiedName.regex.test(text)) return nothing
  const parts = text.split("/")
  if (parts.length > 2)
    return [
      `a qualified name ${mismatch(qualifiedName)} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`
    ]
  const name = parts.at(-1) ?? ""
  const prefix = parts.length === 2 ? (parts[0] ?? "") : undefined
  const prefixErrors = prefix === undefined ? [] : prefix === "" ? ["must be non-empty"] : isDns1123Subdomain(prefix)
  const nameErrors =
    name === "" ? ["must be non-empty", mismatch(qualifiedName)] : check(name, { maxBytes: 63, form: qualifiedName })
  return [...prefixErrors.map((error) => `prefix part ${error}`), ...nameErrors.map((error) => `name part ${error}`)]
}

/** The value of a label; may be empty. */
export const isLabelValue = (text: string): ReadonlyArray<string> => check(text, { maxBytes: 63, form: labelValue })

/** A key of a ConfigMap or Secret. */
export const isConfigMapKey = (text: string): ReadonlyArray<string> => {
  const errors = check(text, { maxBytes: 253, form: configMapKey })
  if (text === ".") return [...errors, "must not be '.'"]
  if (text === "..") return [...errors, "must not be '..'"]
  return text.startsWith("..") ? [...errors, "must not start with '..'"] : errors
}

/** The name of an environment variable, as relaxed since v1.34. */
export const isEnvVarName = (text: string): ReadonlyArray<string> => {
  if (text === "") return ["environment variable name must be non-empty"]
  return /^[ -<>-~]+$/.test(text)
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"]
}

/** The name of a container port: at most 15 characters, a letter among them. */
export const isPortName = (text: string): ReadonlyArray<string> => {
  if (/^[a-z][a-z0-9]{0,14}$/.test(text)) return nothing
  return [
    ...(byteLength(text) > 15 ? [tooLongSentence(15)] : []),
    ...(/^[-a-z0-9]+$/.test(text) ? [] : ["must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"]),
    ...(/[a-z]/.test(text) ? [] : ["must contain at least one letter (a-z)"]),
    ...(text.includes("--") ? ["must not contain consecutive hyphens"] : []),
    ...(text.startsWith("-") || text.endsWith("-") ? ["must not begin or end with a hyphen"] : [])
  ]
}

/** A port number. */
export const isPortNumber = (port: number): ReadonlyArray<string> =>
  port >= 1 && port <= 65535 ? [] : ["must be between 1 and 65535, inclusive"]

/** A percentage such as `25%`. */
export const isPercent = (text: string): ReadonlyArray<string> => (percent.regex.test(text) ? [] : [mismatch(percent)])

/** A name that only has to fit into a URL path: RBAC's roles and bindings. */
export const isPathSegment = (text: string): ReadonlyArray<string> => {
  if (text === "." || text === "..") return [`may not be '${text}'`]
  return ["/", "%"].filter((part) => text.includes(part)).map((part) => `may not contain '${part}'`)
}

/** Letters of generated names: none that could spell a word or be mistaken for another. */
export const generatedNameAlphabet = "bcdfghjklmnpqrstvwxz2456789"
const suffixLength = 5
const generatedNameMax = 63

/** A name for `metadata.generateName`: the prefix, cut so that the whole stays within 63, and five random letters. */
export const generateName = (prefix: string, random: () => number = Math.random): string => {
  const letter = (): string => generatedNameAlphabet[Math.floor(random() * generatedNameAlphabet.length)] ?? "b"
  return prefix.slice(0, generatedNameMax - suffixLength) + Array.from({ length: suffixLength }, letter).join("")
}
