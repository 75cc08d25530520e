/** Reads a method and URL as Kubernetes does: which verb on which resource, of which namespace and name. @module */
import type { RequestInfo } from "./request.ts"

const verbOf: Readonly<Record<string, string>> = {
  POST: "create",
  GET: "get",
  HEAD: "get",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete"
}

/** What `/api/v1/namespaces/NAME/…` may be followed by without meaning a namespaced resource. */
const namespaceSubresources = new Set(["status", "finalize"])

/** `?watch`, `?watch=1`, `?watch=true` ask for a watch; `false` and `0` do not. */
export const isTrue = (value: string | null): boolean => value !== null && value !== "false" && value !== "0"

/** Splits a path into its decoded segments; a broken escape is kept as it stands. */
const segmentsOf = (path: string): Array<string> => {
  const segments = path.split("/").filter((segment) => segment !== "")
  return path.includes("%") ? segments.map(decoded) : segments
}

const decoded = (segment: string): string => {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

const plain = (method: string, path: string): RequestInfo => ({
  isResource: false,
  path,
  verb: method.toLowerCase(),
  group: "",
  version: "",
  resource: "",
  subresource: "",
  namespace: "",
  name: "",
  rest: ""
})

/** The name that a collection request asks for by `fieldSelector=metadata.name=x`: authorizers see it as a request for that name. */
const nameOfFieldSelector = (selector: string | null): string => /^metadata\.name==?([^,=!]+)$/.exec(selector ?? "")?.[1] ?? ""

/** Reads the method and URL of a request. Paths outside `/api/v1/…` and `/apis/GROUP/VERSION/…` are plain. */
export const readPath = (method: string, url: URL): RequestInfo => {
  const path = url.pathname
  const segments = segmentsOf(path)
  const legacy = segments[0] === "api"
  const start = legacy ? 2 : 3
  if ((!legacy && segments[0] !== "apis") || segments.length <= start) return plain(method, path)
  const group = legacy ? "" : segments[1]!
  const version = segments[start - 1]!
  let verb = verbOf[method] ?? method.toLowerCase()
  let parts = segments.slice(start)
  let deprecatedWatch = false
  if (parts[0] === "watch" || parts[0] === "proxy") {
    if (parts.length === 1) return plain(method, path)
    verb = parts[0]
    deprecatedWatch = verb === "watch"
    parts = parts.slice(1)
  }
  let namespace = ""
  if (parts[0] === "namespaces" && parts.length > 1) {
    namespace = parts[1]!
    if (parts.length > 2 && !namespaceSubresources.has(parts[2]!)) parts = parts.slice(2)
  }
  const resource = parts[0]!
  let name = parts[1] ?? ""
  const subresource = parts[2] ?? ""
  const rest = parts.slice(3).join("/")
  if (name === "" && !deprecatedWatch) {
    if (verb === "get") verb = isTrue(url.searchParams.get("watch")) ? "watch" : "list"
    if (verb === "delete") verb = "deletecollection"
  }
  if (name === "" && (verb === "list" || verb === "watch" || verb === "deletecollection")) {
    name = nameOfFieldSelector(url.searchParams.get("fieldSelector"))
  }
  return { isResource: true, path, verb, group, version, resource, subresource, namespace, name, rest }
}
