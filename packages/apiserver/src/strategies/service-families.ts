/** Which address families a Service has, from what it asks for and what the cluster offers. @module */
import { type FieldError, fieldError, invalid } from "@tsukube/api"
import { type Service, type ServiceSpec, services } from "@tsukube/api/core-v1"
import { type AddressRange, type Family, familyOf } from "../allocate/cidr.ts"

/** The spec with `ipFamilies` and `ipFamilyPolicy` filled in; 422 for what this cluster cannot give. */
export const withFamilies = (service: Service, ranges: ReadonlyArray<AddressRange>): ServiceSpec => {
  const spec = service.spec ?? {}
  if (spec.type === "ExternalName") {
    const { ipFamilies: _a, ipFamilyPolicy: _b, ...rest } = spec
    return rest
  }
  const offered = ranges.map(({ family }) => family)
  const asked = (spec.ipFamilies ?? []) as ReadonlyArray<Family>
  const addresses = (spec.clusterIPs ?? []).filter((address) => address !== "None" && address !== "")
  const headless = spec.clusterIPs?.[0] === "None"
  const selectorless = Object.keys(spec.selector ?? {}).length === 0
  if (headless && selectorless) return selectorlessFamilies(spec, offered[0] ?? "IPv4")
  const errors: Array<FieldError> = asked.flatMap((family, i) =>
    offered.includes(family) ? [] : [fieldError.invalid(`spec.ipFamilies[${i}]`, family, "not configured on this cluster")]
  )
  if (spec.ipFamilyPolicy === "RequireDualStack" && offered.length < 2) {
    errors.push(
      fieldError.invalid("spec.ipFamilyPolicy", spec.ipFamilyPolicy, "this cluster is not configured for dual-stack services")
    )
  }
  if (errors.length > 0) throw invalid(services, service.metadata?.name ?? "", errors)
  const policy = spec.ipFamilyPolicy ?? (asked.length === 2 || addresses.length === 2 ? "RequireDualStack" : "SingleStack")
  const wanted = policy === "SingleStack" ? 1 : offered.length
  const families = [...new Set([...asked, ...addresses.map(familyOf), ...offered])].filter((family) => offered.includes(family))
  return { ...spec, ipFamilyPolicy: policy, ipFamilies: families.slice(0, Math.max(wanted, asked.length)) }
}

/** Nothing is allocated and nothing is selected, so both families may be meant whatever the cluster offers. */
const selectorlessFamilies = (spec: ServiceSpec, primary: Family): ServiceSpec => {
  const asked = spec.ipFamilies ?? [primary]
  const policy = spec.ipFamilyPolicy ?? "RequireDualStack"
  const other = asked[0] === "IPv4" ? "IPv6" : "IPv4"
  const both = policy !== "SingleStack" && asked.length < 2
  return { ...spec, ipFamilyPolicy: policy, ipFamilies: both ? [...asked, other] : asked }
}
