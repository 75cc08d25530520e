/** Validation of the smaller parts of a pod: DNS, gates, claims to devices, amounts for the whole pod. @module */
import { duplicate, forbidden, invalid, notFound, notSupported, required } from "../field-error.ts"
import { isDns1123Label, isDns1123Subdomain, isQualifiedName } from "../name.ts"
import { addQuantity, compareQuantity, formatQuantity, parseQuantity } from "../quantity.ts"
import type { Container, ContainerResizePolicy, EphemeralContainer, PodDNSConfig, PodSpec } from "../types/core-v1.ts"
import type { Findings, Loose } from "./findings.ts"
import { isIp } from "./ip.ts"
import { validateResources } from "./resources.ts"
import { givenText, items, text } from "./rule.ts"

const maxNameservers = 3
const maxSearches = 32
const maxSearchChars = 2048
type AnyContainer = Loose<Container | EphemeralContainer>

/** How names are looked up. */
export function* validateDns(config: Loose<PodDNSConfig> | undefined, policy: string | undefined, path: string): Findings {
  if (policy === "None" && config === undefined) yield required(path, "must provide `dnsConfig` when `dnsPolicy` is None")
  if (config === undefined) return
  const { nameservers = [], searches = [], options = [] } = config
  if (policy === "None" && nameservers.length === 0)
    yield required(`${path}.nameservers`, "must provide at least one DNS nameserver when `dnsPolicy` is None")
  if (nameservers.length > maxNameservers)
    yield invalid(`${path}.nameservers`, nameservers, `must not have more than ${maxNameservers} nameservers`)
  for (const [i, server] of nameservers.entries())
    for (const sentence of isIp(server)) yield invalid(`${path}.nameservers[${i}]`, server, sentence)
  if (searches.length > maxSearches)
    yield invalid(`${path}.searches`, searches, `must not have more than ${maxSearches} search paths`)
  if (searches.join(" ").length > maxSearchChars)
    yield invalid(
      `${path}.searches`,
      searches,
      `must not have more than ${maxSearchChars} characters (including spaces) in the search list`
    )
  for (const [i, search] of searches.entries()) {
    // Names with an underscore are let pass, as resolvers do.
    const name = search.replace(/\.$/, "").replaceAll("_", "a")
    if (search !== ".") for (const sentence of isDns1123Subdomain(name)) yield invalid(`${path}.searches[${i}]`, search, sentence)
  }
  for (const [i, { name = "" }] of options.entries())
    if (name === "") yield required(`${path}.options[${i}]`, "must not be empty")
}

/** What has to hold before the pod is scheduled, and before it is ready. */
export function* validateGates(spec: Loose<PodSpec>, path: string): Findings {
  yield* items<{ readonly conditionType?: string | undefined }>((gate, at) =>
    givenText(isQualifiedName)(gate?.conditionType ?? "", `${at}.conditionType`)
  )(spec.readinessGates, `${path}.readinessGates`)
  yield* items<{ readonly name?: string | undefined }>((gate, at) => givenText(isQualifiedName)(gate?.name ?? "", at), {
    unique: { by: ({ name }) => name }
  })(spec.schedulingGates, `${path}.schedulingGates`)
}

/** Devices that the pod asks for, and the containers that use them. */
export function* validateDeviceClaims(spec: Loose<PodSpec>, path: string): Findings {
  const names = new Set<string>()
  for (const [i, claim] of (spec.resourceClaims ?? []).entries()) {
    const at = `${path}.resourceClaims[${i}]`
    const { name = "", resourceClaimName, resourceClaimTemplateName } = claim
    yield* text(isDns1123Label)(name, `${at}.name`)
    if (name !== "" && names.has(name)) yield duplicate(`${at}.name`, name)
    names.add(name)
    if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined)
      yield invalid(at, claim, "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified")
    if (resourceClaimName === undefined && resourceClaimTemplateName === undefined)
      yield invalid(at, claim, "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`")
    yield* givenText(isDns1123Subdomain)(resourceClaimName, `${at}.resourceClaimName`)
    yield* givenText(isDns1123Subdomain)(resourceClaimTemplateName, `${at}.resourceClaimTemplateName`)
  }
  for (const list of ["initContainers", "containers"] as const) {
    for (const [i, container] of (spec[list] ?? []).entries()) {
      const used = new Set<string>()
      for (const [j, { name = "", request = "" }] of (container.resources?.claims ?? []).entries()) {
        const at = `${path}.${list}[${i}].resources.claims[${j}]`
        const key = request === "" ? name : `${name}/${request}`
        if (name === "") yield required(at)
        else {
          if (used.has(key) || used.has(name)) yield duplicate(at, used.has(name) ? name : key)
          if (!names.has(name)) yield { ...notFound(at, name), detail: knownClaims(names) }
        }
        used.add(key)
      }
    }
  }
}

const knownClaims = (names: ReadonlySet<string>): string =>
  `must be one of the names in pod.spec.resourceClaims${names.size === 0 ? " which is empty" : `: ${[...names].sort().join(", ")}`}`

/** What the whole pod may use, which is at least what its containers ask for together. */
export function* validateWhole(spec: Loose<PodSpec>, path: string): Findings {
  if (spec.overhead !== undefined) yield* validateResources({ limits: spec.overhead }, `${path}.overhead`)
  const { resources } = spec
  if (resources === undefined) return
  const at = `${path}.resources`
  yield* validateResources(resources, at)
  if ((resources.claims ?? []).length > 0) yield forbidden(`${at}.claims`, "claims may not be set for Resources at pod-level")
  for (const side of ["limits", "requests"] as const) {
    for (const [name, amount = "0"] of Object.entries(resources[side] ?? {})) {
      const field = `${at}.${side}[${name}]`
      if (name !== "cpu" && name !== "memory" && !name.startsWith("hugepages-"))
        yield notSupported(field, name, ["cpu", "hugepages-", "memory"])
      if (side !== "requests") continue
      const sum = totalRequest(spec.containers ?? [], name)
      if (compareQuantity(amount, sum) < 0)
        yield invalid(field, amount, `must be greater than or equal to aggregate container requests of ${sum}`)
    }
  }
  for (const [i, container] of (spec.containers ?? []).entries()) {
    for (const [name, amount = "0"] of Object.entries(container.resources?.limits ?? {})) {
      const most = resources.limits?.[name]
      if (most !== undefined && compareQuantity(amount, most) > 0)
        yield invalid(
          `${path}.containers[${i}].resources.limits[${name}]`,
          amount,
          `must be less than or equal to pod limits of ${most}`
        )
    }
  }
}

const totalRequest = (containers: ReadonlyArray<Loose<Container>>, name: string): string =>
  formatQuantity(
    containers.reduce((sum, { resources }) => addQuantity(sum, resources?.requests?.[name] ?? "0"), parseQuantity("0"))
  )

/** What happens to a container whose resources change while it runs. */
export function* validateResizePolicy(
  policies: ReadonlyArray<Loose<ContainerResizePolicy>>,
  podRestart: string | undefined,
  path: string
): Findings {
  const seen = new Set<string>()
  for (const [i, { resourceName = "", restartPolicy = "" }] of policies.entries()) {
    const at = `${path}[${i}]`
    if (resourceName !== "" && seen.has(resourceName)) yield duplicate(at, resourceName)
    seen.add(resourceName)
    if (resourceName === "") yield required(`${path}`)
    else if (resourceName !== "cpu" && resourceName !== "memory") yield notSupported(path, resourceName, ["cpu", "memory"])
    if (restartPolicy === "") yield required(path)
    else if (restartPolicy !== "NotRequired" && restartPolicy !== "RestartContainer")
      yield notSupported(path, restartPolicy, ["NotRequired", "RestartContainer"])
    if (podRestart === "Never" && restartPolicy === "RestartContainer")
      yield invalid(path, restartPolicy, "must be 'NotRequired' when `restartPolicy` is 'Never'")
  }
}

const maxRestartRules = 20
const maxExitCodes = 255

/** When a container is started again, whatever its pod says. */
export function* validateRestartRules(container: AnyContainer, path: string): Findings {
  const { restartPolicyRules: rules = [], restartPolicy } = container
  if (rules.length === 0) return
  if (restartPolicy === undefined)
    yield required(`${path}.restartPolicy`, "must specify restartPolicy when restart rules are used")
  if (rules.length > maxRestartRules)
    yield {
      type: "FieldValueTooMany",
      field: `${path}.restartPolicyRules`,
      detail: `must have at most ${maxRestartRules} items`,
      badValue: rules.length
    }
  for (const [i, { action = "", exitCodes }] of rules.entries()) {
    const at = `${path}.restartPolicyRules[${i}]`
    if (action !== "Restart" && action !== "RestartAllContainers")
      yield notSupported(`${at}.action`, action, ["Restart", "RestartAllContainers"])
    if (exitCodes === undefined) {
      yield required(`${at}.exitCodes`, "must be specified")
      continue
    }
    const { operator = "", values = [] } = exitCodes
    if (operator !== "In" && operator !== "NotIn") yield notSupported(`${at}.exitCodes.operator`, operator, ["In", "NotIn"])
    if (values.length === 0) yield required(`${at}.exitCodes.values`, "must specify at least one value")
    if (values.length > maxExitCodes)
      yield {
        type: "FieldValueTooMany",
        field: `${at}.exitCodes.values`,
        detail: `must have at most ${maxExitCodes} items`,
        badValue: values.length
      }
    for (const [j, value] of values.entries())
      if (values.indexOf(value) < j) yield duplicate(`${at}.exitCodes.values[${j}]`, value)
  }
}
