/** Validation of APIService. @module */
import { invalid, required } from "../field-error.ts"
import { isDns1035Label, isDns1123Subdomain, isPortNumber } from "../name.ts"
import type { APIService } from "../types/apiregistration-v1.ts"
import type { Findings, Loose } from "./findings.ts"

/** An APIService, new or changed. */
export function* validateApiService({ metadata, spec = {} }: Loose<APIService>): Findings {
  const { group = "", version = "", groupPriorityMinimum = 0, versionPriority = 0, service, caBundle = "" } = spec
  const name = `${version}.${group}`
  if (metadata?.name !== name)
    yield invalid("metadata.name", metadata?.name, `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(name)}`)
  if (group === "" && version !== "v1")
    yield required("spec.group", "only v1 may have an empty group and it better be legacy kube")
  if (group !== "") for (const sentence of isDns1123Subdomain(group)) yield invalid("spec.group", group, sentence)
  for (const sentence of isDns1035Label(version)) yield invalid("spec.version", version, sentence)
  if (groupPriorityMinimum <= 0 || groupPriorityMinimum > 20_000)
    yield invalid("spec.groupPriorityMinimum", groupPriorityMinimum, "must be positive and less than 20000")
  if (versionPriority <= 0 || versionPriority > 1000)
    yield invalid("spec.versionPriority", versionPriority, "must be positive and less than 1000")
  if (service === undefined) {
    if (caBundle !== "")
      yield invalid("spec.caBundle", `${atobLength(caBundle)} bytes`, "local APIServices may not have a caBundle")
    if (spec.insecureSkipTLSVerify === true)
      yield invalid("spec.insecureSkipTLSVerify", true, "local APIServices may not have insecureSkipTLSVerify")
    return
  }
  if ((service.namespace ?? "") === "") yield required("spec.service.namespace")
  if ((service.name ?? "") === "") yield required("spec.service.name")
  for (const sentence of isPortNumber(service.port ?? 443))
    yield invalid("spec.service.port", service.port, `port is not valid: ${sentence}`)
  if (spec.insecureSkipTLSVerify === true && caBundle !== "")
    yield invalid("spec.insecureSkipTLSVerify", true, "may not be true if caBundle is present")
}

const atobLength = (base64: string): number => Math.floor((base64.replace(/=+$/, "").length * 3) / 4)
