/** Validation of what webhooks and admission policies have in common: which requests they are for. @module */
import { type FieldError, forbidden, invalid, notSupported, required } from "../field-error.ts"
import { isDns1123Label, isPathSegment, isQualifiedName } from "../name.ts"
import type {
  MatchCondition,
  MatchResources,
  NamedRuleWithOperations,
  ParamKind,
  ParamRef
} from "../types/admissionregistration-v1.ts"
import type { Findings, Loose } from "./findings.ts"
import { validateLabelSelector } from "./label-selector.ts"
import { fields, items, oneOf, type Rule, text } from "./rule.ts"

const maxConditions = 64
const operations = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"]

/** A label selector in its place. */
export const labelSelector: Rule<Parameters<typeof validateLabelSelector>[0] & object> = (selector, path) =>
  validateLabelSelector(selector, path)

/** Which operations on which resources. */
export function* validateRule(rule: Loose<NamedRuleWithOperations>, path: string): Findings {
  yield* starAlone(rule.operations ?? [], `${path}.operations`, "operations")
  for (const [i, operation] of (rule.operations ?? []).entries())
    if (!operations.includes(operation)) yield notSupported(`${path}.operations[${i}]`, operation, operations)
  yield* starAlone(rule.apiGroups ?? [], `${path}.apiGroups`, "API groups")
  yield* starAlone(rule.apiVersions ?? [], `${path}.apiVersions`, "API versions")
  for (const [i, version] of (rule.apiVersions ?? []).entries()) if (version === "") yield required(`${path}.apiVersions[${i}]`)
  if ((rule.resources ?? []).length === 0) yield required(`${path}.resources`)
  yield* validateResources(rule.resources ?? [], `${path}.resources`)
  yield* oneOf("*", "Cluster", "Namespaced")(rule.scope, `${path}.scope`)
  const names = new Set<string>()
  for (const [i, name] of (rule.resourceNames ?? []).entries()) {
    for (const sentence of isPathSegment(name)) yield invalid(`${path}.resourceNames[${i}]`, name, sentence)
    if (names.has(name)) yield { type: "FieldValueDuplicate", field: `${path}.resourceNames[${i}]`, detail: "", badValue: name }
    names.add(name)
  }
}

function* starAlone(values: ReadonlyArray<string>, path: string, word: string): Findings {
  if (values.length === 0) yield required(path)
  if (values.length > 1 && values.includes("*")) yield invalid(path, values, `if '*' is present, must not specify other ${word}`)
}

/** A star covers what it covers: naming that again is a mistake. */
function* validateResources(resources: ReadonlyArray<string>, path: string): Findings {
  const wholes = new Set<string>()
  const parts = new Set<string>()
  for (const [i, resource] of resources.entries()) {
    const at = `${path}[${i}]`
    if (resource === "") {
      yield required(at)
      continue
    }
    if (resource === "*/*" && resources.length > 1)
      yield invalid(path, resources, "if '*/*' is present, must not specify other resources")
    const [whole = "", part = ""] = resource.split("/")
    const complain = (star: string): FieldError => invalid(at, resource, `if '${star}' is present, must not specify ${resource}`)
    if (part !== "" && part !== "*" && wholes.has(whole)) yield complain(`${whole}/*`)
    if (part !== "" && whole !== "*" && parts.has(part)) yield complain(`*/${part}`)
    if (part === "*") wholes.add(whole)
    if (whole === "*" && part !== "") parts.add(part)
  }
  if (
    resources.length > 1 &&
    resources.includes("*") &&
    resources.some((resource) => !resource.includes("/") && resource !== "*")
  )
    yield invalid(path, resources, "if '*' is present, must not specify other resources without subresources")
}

/** Expressions that a request has to satisfy besides; `expression.ts` compiles them. */
export const matchConditions: Rule<ReadonlyArray<Loose<MatchCondition>>> = items(
  fields<Loose<MatchCondition>>({ name: text(isQualifiedName), expression: text() }),
  { max: maxConditions, unique: { by: ({ name }) => name, field: "name" } }
)

/** Which requests a policy is for. */
export const matchResources: Rule<Loose<MatchResources>> = function* (match = {}, path) {
  if (match.matchPolicy === undefined) yield required(`${path}.matchPolicy`)
  yield* oneOf("Equivalent", "Exact")(match.matchPolicy, `${path}.matchPolicy`)
  for (const key of ["namespaceSelector", "objectSelector"] as const) {
    if (match[key] === undefined) yield required(`${path}.${key}`)
    yield* validateLabelSelector(match[key], `${path}.${key}`)
  }
  for (const list of ["resourceRules", "excludeResourceRules"] as const)
    for (const [i, rule] of (match[list] ?? []).entries()) yield* validateRule(rule, `${path}.${list}[${i}]`)
}

/** The kind of a policy's parameters. */
export function* validateParamKind(
  kind: Loose<ParamKind> & { readonly apiVersion?: string | undefined; readonly kind?: string | undefined },
  path: string
): Findings {
  const { apiVersion = "", kind: name = "" } = kind
  if (apiVersion === "") yield required(`${path}.apiVersion`)
  else if (apiVersion.split("/").length > 2)
    yield invalid(`${path}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`)
  if (name === "") yield required(`${path}.kind`)
  else
    for (const sentence of isDns1123Label(name.toLowerCase()))
      yield invalid(`${path}.kind`, name, `may have mixed case, but should otherwise match: ${sentence}`)
}

/** Which parameters a binding uses: one by name, or those of a selector. */
export function* validateParamRef({ name = "", selector, parameterNotFoundAction }: Loose<ParamRef>, path: string): Findings {
  if (name !== "") for (const sentence of isPathSegment(name)) yield invalid(`${path}.name`, name, sentence)
  if (name !== "" && selector !== undefined) yield forbidden(`${path}.name`, "name and selector are mutually exclusive")
  if (name === "" && selector === undefined) yield required(path, "one of name or selector must be specified")
  yield* validateLabelSelector(selector, `${path}.selector`)
  if (parameterNotFoundAction === undefined) yield required(`${path}.parameterNotFoundAction`)
  yield* oneOf("Allow", "Deny")(parameterNotFoundAction, `${path}.parameterNotFoundAction`)
}
