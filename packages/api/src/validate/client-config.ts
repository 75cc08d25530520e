/** Validation of how the server reaches a webhook, of admission or of conversion. @module */
import { invalid, required } from "../field-error.ts"
import { isDns1123Subdomain, isPortNumber } from "../name.ts"
import type { ServiceReference, WebhookClientConfig } from "../types/admissionregistration-v1.ts"
import type { Findings, Loose } from "./findings.ts"

const wanted = "; desired format: https://host[/path]"

/** A URL or a Service, not both; `path` is where the configuration stands. */
export function* validateClientConfig({ url, service }: Loose<WebhookClientConfig>, path: string): Findings {
  if ((url === undefined) === (service === undefined)) yield required(path, "exactly one of url or service is required")
  else if (url !== undefined) yield* validateUrl(url, `${path}.url`)
  else if (service !== undefined) yield* validateService(service, `${path}.service`)
}

function* validateUrl(text: string, path: string): Findings {
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(text)?.[1] ?? ""
  if (scheme.toLowerCase() !== "https") yield invalid(path, scheme, `'https' is the only allowed URL scheme${wanted}`)
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!/^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^/?#]/.test(text)) yield invalid(path, "", `host must be specified${wanted}`)
  if (url === undefined) return
  if (url.username !== "" || url.password !== "")
    yield invalid(path, url.username, "user information is not permitted in the URL")
  if (url.hash !== "") yield invalid(path, url.hash.slice(1), "fragments are not permitted in the URL")
  if (url.search !== "") yield invalid(path, url.search.slice(1), "query parameters are not permitted in the URL")
}

function* validateService(
  { name = "", namespace = "", path: route, port = 443 }: Loose<ServiceReference>,
  path: string
): Findings {
  // Upstream takes one for the other here.
  if (namespace === "") yield required(`${path}.name`)
  if (name === "") yield required(`${path}.namespace`)
  for (const sentence of isPortNumber(port)) yield invalid(`${path}.port`, port, `port is not valid: ${sentence}`)
  if (route === undefined || route === "" || route === "/") return
  const complain = (sentence: string) => invalid(`${path}.path`, route, sentence)
  if (route === "//") {
    yield complain("segment[0] may not be empty")
    return
  }
  if (!route.startsWith("/")) yield complain("must start with a '/'")
  for (const [i, segment] of route.slice(1).replace(/\/$/, "").split("/").entries()) {
    if (segment === "") yield complain(`segment[${i}] may not be empty`)
    else for (const sentence of isDns1123Subdomain(segment)) yield complain(`segment[${i}]: ${sentence}`)
  }
}
