/** Validation of FlowSchema and PriorityLevelConfiguration. @module */
import { forbidden, invalid, notSupported, required } from "../field-error.ts"
import { isDns1123Label, isDns1123Subdomain } from "../name.ts"
import type {
  FlowSchema,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  PriorityLevelConfiguration,
  QueuingConfiguration,
  ResourcePolicyRule,
  Subject
} from "../types/flowcontrol-v1.ts"
import type { Findings, Loose } from "./findings.ts"
import { between, number, text } from "./rule.ts"

const maxPrecedence = 10_000
const maxQueues = 10_000_000
const verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"]

/** A FlowSchema, new or changed. */
export function* validateFlowSchema({ metadata, spec = {} }: Loose<FlowSchema>): Findings {
  const { matchingPrecedence: precedence = 0, distinguisherMethod } = spec
  if (precedence <= 0) yield invalid("spec.matchingPrecedence", precedence, "must be a positive value")
  if (precedence > maxPrecedence)
    yield invalid("spec.matchingPrecedence", precedence, `must not be greater than ${maxPrecedence}`)
  if (precedence === 1 && metadata?.name !== "exempt")
    yield invalid("spec.matchingPrecedence", precedence, "only the schema named 'exempt' may have matchingPrecedence 1")
  if (distinguisherMethod !== undefined && !["ByNamespace", "ByUser"].includes(distinguisherMethod.type ?? ""))
    yield notSupported("spec.distinguisherMethod", distinguisherMethod, ["ByNamespace", "ByUser"])
  yield* text(isDns1123Subdomain, "must reference a priority level")(
    spec.priorityLevelConfiguration?.name,
    "spec.priorityLevelConfiguration.name"
  )
  for (const [i, rule] of (spec.rules ?? []).entries()) yield* validateRules(rule, `spec.rules[${i}]`)
}

function* validateRules(
  { subjects = [], resourceRules = [], nonResourceRules = [] }: Loose<PolicyRulesWithSubjects>,
  path: string
): Findings {
  if (subjects.length === 0) yield required(`${path}.subjects`, "subjects must contain at least one value")
  for (const [i, subject] of subjects.entries()) yield* validateSubject(subject, `${path}.subjects[${i}]`)
  if (resourceRules.length + nonResourceRules.length === 0)
    yield required(path, "at least one of resourceRules and nonResourceRules has to be non-empty")
  for (const [i, rule] of resourceRules.entries()) yield* validateResourceRule(rule, `${path}.resourceRules[${i}]`)
  for (const [i, rule] of nonResourceRules.entries()) yield* validateUrlRule(rule, `${path}.nonResourceRules[${i}]`)
}

const partOfKind = { ServiceAccount: "serviceAccount", User: "user", Group: "group" } as const

function* validateSubject(subject: Loose<Subject> & { readonly kind?: string | undefined }, path: string): Findings {
  const { kind = "" } = subject
  if (!Object.hasOwn(partOfKind, kind)) {
    yield notSupported(`${path}.kind`, kind, ["Group", "ServiceAccount", "User"])
    return
  }
  for (const [owner, part] of Object.entries(partOfKind)) {
    const given = subject[part]
    if (owner !== kind && given !== undefined)
      yield forbidden(`${path}.${part}`, `${part} is forbidden when subject kind is not '${owner}'`)
    if (owner !== kind) continue
    if (given === undefined) yield required(`${path}.${part}`, `${part} is required when subject kind is '${owner}'`)
    else if ((given.name ?? "") === "") yield required(`${path}.${part}.name`)
  }
  const account = subject.serviceAccount
  if (kind !== "ServiceAccount" || account === undefined) return
  if (account.name !== "*" && account.name !== undefined)
    for (const sentence of isDns1123Subdomain(account.name)) yield invalid(`${path}.serviceAccount.name`, account.name, sentence)
  yield* text(isDns1123Label, "must specify namespace for service account")(account.namespace, `${path}.serviceAccount.namespace`)
}

function* starAlone(values: ReadonlyArray<string>, path: string, empty: string, word: string): Findings {
  if (values.length === 0) yield required(path, empty)
  else if (values.length > 1 && values.includes("*"))
    yield invalid(path, values, `if '*' is present, must not specify other ${word}`)
}

function* validateResourceRule(rule: Loose<ResourcePolicyRule>, path: string): Findings {
  yield* validateVerbs(rule.verbs ?? [], `${path}.verbs`)
  yield* starAlone(rule.apiGroups ?? [], `${path}.apiGroups`, "resource rules must supply at least one api group", "api groups")
  yield* starAlone(rule.resources ?? [], `${path}.resources`, "resource rules must supply at least one resource", "resources")
  if ((rule.namespaces ?? []).length === 0 && rule.clusterScope !== true)
    yield required(`${path}.namespaces`, "resource rules that are not cluster scoped must supply at least one namespace")
  else if ((rule.namespaces ?? []).includes("*")) {
    if ((rule.namespaces ?? []).length > 1)
      yield invalid(`${path}.namespaces`, rule.namespaces, "if '*' is present, must not specify other namespaces")
  } else
    for (const [i, namespace] of (rule.namespaces ?? []).entries())
      for (const sentence of isDns1123Label(namespace)) yield invalid(`${path}.namespaces[${i}]`, namespace, sentence)
}

function* validateVerbs(given: ReadonlyArray<string>, path: string): Findings {
  yield* starAlone(given, path, "verbs must contain at least one value", "verbs")
  if (!given.includes("*") && given.some((verb) => !verbs.includes(verb))) yield notSupported(path, given, verbs)
}

function* validateUrlRule(rule: Loose<NonResourcePolicyRule>, path: string): Findings {
  const httpVerbs = ["delete", "get", "head", "options", "patch", "post", "put"]
  const given = rule.verbs ?? []
  yield* starAlone(given, `${path}.verbs`, "verbs must contain at least one value", "verbs")
  if (!given.includes("*") && given.some((verb) => !httpVerbs.includes(verb)))
    yield notSupported(`${path}.verbs`, given, httpVerbs)
  const urls = rule.nonResourceURLs ?? []
  yield* starAlone(urls, `${path}.nonResourceURLs`, "nonResourceURLs must contain at least one value", "non-resource URLs")
  for (const [i, url] of urls.entries()) {
    const at = `${path}.nonResourceURLs[${i}]`
    if (url === "") yield required(at)
    else if (url === "*") continue
    else if (!url.startsWith("/")) yield invalid(at, url, "must start with slash")
    else if (url.includes(" ")) yield invalid(at, url, "must not contain white-space")
    else if (url.includes("//")) yield invalid(at, url, "must not contain double slash")
    else if (url.slice(0, -1).includes("*")) yield invalid(at, url, "wildcard can only do suffix matching")
  }
}

/** A PriorityLevelConfiguration, new or changed. */
export function* validatePriorityLevel({ metadata, spec = {} }: Loose<PriorityLevelConfiguration>): Findings {
  const { type = "", limited, exempt } = spec
  if ((metadata?.name === "exempt") !== (type === "Exempt"))
    yield invalid("spec.type", type, "must be 'Exempt' if and only if `name` is 'exempt'")
  if (type !== "Exempt" && type !== "Limited") {
    yield notSupported("spec.type", type, ["Exempt", "Limited"])
    return
  }
  if (type === "Limited" && limited === undefined) yield required("spec.limited", "must not be empty when type is Limited")
  if (type !== "Limited" && limited !== undefined) yield forbidden("spec.limited", "must be nil if the type is not Limited")
  if (type !== "Exempt" && exempt !== undefined) yield forbidden("spec.exempt", "must be nil if the type is not Exempt")
  for (const [name, part] of Object.entries({ exempt, limited })) {
    yield* number((shares) => shares >= 0, "must be a non-negative integer")(
      part?.nominalConcurrencyShares,
      `spec.${name}.nominalConcurrencyShares`
    )
    yield* between(0, 100)(part?.lendablePercent, `spec.${name}.lendablePercent`)
  }
  if (limited === undefined) return
  yield* number((percent) => percent >= 0, "if specified, must be a non-negative integer")(
    limited.borrowingLimitPercent,
    "spec.limited.borrowingLimitPercent"
  )
  const { type: response = "", queuing } = limited.limitResponse ?? {}
  const path = "spec.limited.limitResponse"
  if (response === "Reject") {
    if (queuing !== undefined) yield forbidden(`${path}.queuing`, "must be nil if limited.limitResponse.type is not Limited")
  } else if (response !== "Queue") yield notSupported(`${path}.type`, response, ["Queue", "Reject"])
  else if (queuing === undefined) yield required(`${path}.queuing`, "must not be empty if limited.limitResponse.type is Limited")
  else yield* validateQueuing(queuing, `${path}.queuing`)
}

function* validateQueuing(
  { queueLengthLimit = 0, queues = 0, handSize = 0 }: Loose<QueuingConfiguration>,
  path: string
): Findings {
  if (queueLengthLimit <= 0) yield invalid(`${path}.queueLengthLimit`, queueLengthLimit, "must be positive")
  if (queues <= 0) yield invalid(`${path}.queues`, queues, "must be positive")
  else if (queues > maxQueues) yield invalid(`${path}.queues`, queues, `must not be greater than ${maxQueues}`)
  if (handSize <= 0) yield invalid(`${path}.handSize`, handSize, "must be positive")
  else if (handSize > queues) yield invalid(`${path}.handSize`, handSize, `should not be greater than queues (${queues})`)
}
