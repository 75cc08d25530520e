/** The functions of Kubernetes' expressions (CEL): of the language and of the libraries that the API server puts into it. @module */
import { readType, type Type } from "./type.ts"

/** A way to call a function. */
export interface Overload {
  readonly on?: Type
  readonly args: ReadonlyArray<Type>
  readonly result: Type
}

const checks =
  "dns1123Label dns1123Subdomain dns1035Label qualifiedName dns1123LabelPrefix dns1123SubdomainPrefix dns1035LabelPrefix labelValue uri uuid byte date datetime"
const days = "getDate getDayOfMonth getDayOfWeek getDayOfYear getFullYear getMonth"
const hours = "getHours getMinutes getSeconds getMilliseconds"
const each = (names: string, line: (name: string) => string): string => names.split(" ").map(line).join("\n")

/** One a line: what it is called on, its name, what it takes, what it gives. A capital letter is any type. */
const lines = `
${each("string bytes list(A) map(A,B)", (type) => `size(${type}): int\n${type}.size(): int`)}
string.contains(string): bool
string.endsWith(string): bool
string.startsWith(string): bool
string.matches(string): bool
matches(string, string): bool
${each("int uint double string bytes timestamp duration bool", (name) => `${name}(A): ${{ timestamp: "google.protobuf.Timestamp", duration: "google.protobuf.Duration" }[name] ?? name}`)}
dyn(A): dyn
type(A): A
${each(days, (name) => `google.protobuf.Timestamp.${name}(): int\ngoogle.protobuf.Timestamp.${name}(string): int`)}
${each(hours, (name) => `google.protobuf.Timestamp.${name}(): int\ngoogle.protobuf.Timestamp.${name}(string): int\ngoogle.protobuf.Duration.${name}(): int`)}
optional.of(A): optional_type(A)
optional.ofNonZeroValue(A): optional_type(A)
optional.none(): optional_type(A)
optional.unwrap(list(A)): list(A)
list(A).unwrapOpt(): list(A)
optional_type(A).hasValue(): bool
optional_type(A).value(): A
optional_type(A).or(A): optional_type(A)
optional_type(A).orValue(B): A
string.charAt(int): string
string.indexOf(string): int
string.indexOf(string, int): int
string.lastIndexOf(string): int
string.lastIndexOf(string, int): int
string.lowerAscii(): string
string.upperAscii(): string
string.replace(string, string): string
string.replace(string, string, int): string
string.split(string): list(string)
string.split(string, int): list(string)
string.substring(int): string
string.substring(int, int): string
string.trim(): string
string.format(list(A)): string
list(A).join(): string
list(A).join(string): string
strings.quote(string): string
sets.contains(list(A), list(B)): bool
sets.equivalent(list(A), list(B)): bool
sets.intersects(list(A), list(B)): bool
list(A).isSorted(): bool
list(A).sum(): A
list(A).min(): A
list(A).max(): A
list(A).indexOf(B): int
list(A).lastIndexOf(B): int
list(A).slice(int, int): list(A)
list(A).flatten(): list(A)
list(A).flatten(int): list(A)
list(A).sort(): list(A)
list(A).distinct(): list(A)
list(A).reverse(): list(A)
list(A).first(): optional_type(A)
list(A).last(): optional_type(A)
lists.range(int): list(int)
string.find(string): string
string.findAll(string): list(string)
string.findAll(string, int): list(string)
url(string): kubernetes.URL
isURL(string): bool
${each("getScheme getHost getHostname getPort getEscapedPath", (name) => `kubernetes.URL.${name}(): string`)}
kubernetes.URL.getQuery(): map(string, list(string))
quantity(string): kubernetes.Quantity
isQuantity(string): bool
sign(kubernetes.Quantity): int
kubernetes.Quantity.isInteger(): bool
kubernetes.Quantity.asInteger(): int
kubernetes.Quantity.asApproximateFloat(): double
${each("add sub", (name) => `kubernetes.Quantity.${name}(kubernetes.Quantity): kubernetes.Quantity\nkubernetes.Quantity.${name}(int): kubernetes.Quantity`)}
${each("Quantity Semver", (name) => `kubernetes.${name}.isGreaterThan(kubernetes.${name}): bool\nkubernetes.${name}.isLessThan(kubernetes.${name}): bool\nkubernetes.${name}.compareTo(kubernetes.${name}): int`)}
semver(string): kubernetes.Semver
semver(string, bool): kubernetes.Semver
isSemver(string): bool
isSemver(string, bool): bool
${each("major minor patch", (name) => `kubernetes.Semver.${name}(): int`)}
ip(string): net.IP
isIP(string): bool
ip.isCanonical(string): bool
net.IP.family(): int
${each("isUnspecified isLoopback isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast", (name) => `net.IP.${name}(): bool`)}
cidr(string): net.CIDR
isCIDR(string): bool
${each("string net.IP", (type) => `net.CIDR.containsIP(${type}): bool`)}
${each("string net.CIDR", (type) => `net.CIDR.containsCIDR(${type}): bool`)}
net.CIDR.ip(): net.IP
net.CIDR.prefixLength(): int
net.CIDR.masked(): net.CIDR
${each(checks, (name) => `format.${name}(): kubernetes.NamedFormat`)}
format.named(string): optional_type(kubernetes.NamedFormat)
kubernetes.NamedFormat.validate(string): optional_type(list(string))
kubernetes.authorization.Authorizer.path(string): kubernetes.authorization.PathCheck
kubernetes.authorization.Authorizer.group(string): kubernetes.authorization.GroupCheck
kubernetes.authorization.Authorizer.serviceAccount(string, string): kubernetes.authorization.Authorizer
kubernetes.authorization.GroupCheck.resource(string): kubernetes.authorization.ResourceCheck
${each("subresource namespace name fieldSelector labelSelector", (name) => `kubernetes.authorization.ResourceCheck.${name}(string): kubernetes.authorization.ResourceCheck`)}
${each("PathCheck ResourceCheck", (name) => `kubernetes.authorization.${name}.check(string): kubernetes.authorization.Decision`)}
${each("allowed errored", (name) => `kubernetes.authorization.Decision.${name}(): bool`)}
${each("error reason", (name) => `kubernetes.authorization.Decision.${name}(): string`)}
jsonpatch.escapeKey(string): string
`

/** Names before a dot that are no type, but part of a function's name. */
const spaces = new Set("optional strings sets lists ip format jsonpatch".split(" "))

const readFunctions = (): ReadonlyMap<string, ReadonlyArray<Overload>> => {
  const found = new Map<string, Array<Overload>>()
  for (const line of lines.trim().split("\n")) {
    const [, on = "", name = "", args = "", result = ""] = /^(?:(.*)\.)?(\w+)\((.*)\): (.*)$/.exec(line) ?? []
    const isMember = on !== "" && !spaces.has(on)
    const full = on === "" || isMember ? name : `${on}.${name}`
    const overloads = found.get(full) ?? []
    found.set(full, overloads)
    overloads.push({
      ...(isMember ? { on: readType(on) } : {}),
      args: args === "" ? [] : readType(`of(${args})`).parts,
      result: readType(result)
    })
  }
  return found
}

/** Read when the first expression comes. */
let functions: ReturnType<typeof readFunctions> | undefined

/** The ways to call a function; none if there is no such function. */
export const overloadsOf = (name: string): ReadonlyArray<Overload> => {
  functions ??= readFunctions()
  return functions.get(name) ?? []
}

/** Types that stand as values: what `type()` gives is compared with them. */
export const typeNames: ReadonlySet<string> = new Set(
  "bool int uint double string bytes list map null_type type optional_type google.protobuf.Timestamp google.protobuf.Duration net.IP net.CIDR kubernetes.URL kubernetes.Quantity kubernetes.Semver kubernetes.NamedFormat".split(
    " "
  )
)

const gvk = { group: "string", version: "string", kind: "string" }
const gvr = { group: "string", version: "string", resource: "string" }

/** Types whose fields are known, one after the other. */
export const fieldsOf: Readonly<Record<string, Readonly<Record<string, Type>>>> = Object.fromEntries(
  Object.entries({
    "kubernetes.AdmissionRequest": {
      kind: "kubernetes.GroupVersionKind",
      resource: "kubernetes.GroupVersionResource",
      subResource: "string",
      requestKind: "kubernetes.GroupVersionKind",
      requestResource: "kubernetes.GroupVersionResource",
      requestSubResource: "string",
      name: "string",
      namespace: "string",
      operation: "string",
      userInfo: "kubernetes.UserInfo",
      dryRun: "bool",
      options: "dyn"
    },
    "kubernetes.GroupVersionKind": gvk,
    "kubernetes.GroupVersionResource": gvr,
    "kubernetes.UserInfo": { username: "string", uid: "string", groups: "list(string)", extra: "map(string, list(string))" },
    "kubernetes.Namespace": { metadata: "A", spec: "A", status: "A" },
    "kubernetes.authorization.Authorizer": { requestResource: "kubernetes.authorization.ResourceCheck" },
    "kubernetes.DRADevice": {
      driver: "string",
      attributes: "map(string, map(string, A))",
      capacity: "map(string, map(string, kubernetes.Quantity))",
      allowMultipleAllocations: "bool"
    }
  }).map(([name, fields]) => [name, Object.fromEntries(Object.entries(fields).map(([key, type]) => [key, readType(type)]))])
)
