/** What upstream calls deprecated, told to whoever uses it. @module */
import { type Resource, typeNameOf } from "@tsukube/api"
import type { RequestContext } from "./request.ts"

/** By `apiVersion/kind`. */
const warnings: Readonly<Record<string, string>> = {
  "v1/ComponentStatus": "v1 ComponentStatus is deprecated in v1.19+",
  "v1/Endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
  "networking.k8s.io/v1beta1/IPAddress":
    "networking.k8s.io/v1beta1 IPAddress is deprecated in v1.34+, unavailable in v1.37+; use networking.k8s.io/v1 IPAddress",
  "networking.k8s.io/v1beta1/ServiceCIDR":
    "networking.k8s.io/v1beta1 ServiceCIDR is deprecated in v1.34+, unavailable in v1.37+; use networking.k8s.io/v1 ServiceCIDR"
}

/** Adds a warning to the answer of a request for a deprecated resource. */
export const warnOfDeprecation = (context: RequestContext, resource: Resource): void => {
  const warning = warnings[typeNameOf(resource)]
  if (warning !== undefined) context.warnings.push(warning)
}
