/** Validation of the expressions (CEL) that objects carry: that they compile, and give what they are for. @module */
import type { Scope } from "../expression/check.ts"
import { compile } from "../expression/compile.ts"
import { dyn, isKnown, plain, type Type, typeText, unknown } from "../expression/type.ts"
import { type FieldError, invalid } from "../field-error.ts"
import type {
  MatchCondition,
  MutatingAdmissionPolicy,
  ValidatingAdmissionPolicy,
  ValidatingWebhookConfiguration,
  Variable
} from "../types/admissionregistration-v1.ts"
import type {
  DeviceClass,
  DeviceSelector,
  ResourceClaim,
  ResourceClaimSpec,
  ResourceClaimTemplate
} from "../types/resource-v1.ts"
import type { Findings, Loose } from "./findings.ts"

const maxDeviceExpression = 10 * 1024

const request: Readonly<Record<string, Type>> = {
  object: dyn,
  oldObject: dyn,
  request: plain("kubernetes.AdmissionRequest"),
  namespaceObject: plain("kubernetes.Namespace")
}
const asked: Readonly<Record<string, Type>> = { ...request, authorizer: plain("kubernetes.authorization.Authorizer") }

/** One of these types must come out, or what is not known before it is run. */
function* mustGive(source: string | undefined, path: string, scope: Scope, types: ReadonlyArray<string>): Findings {
  // A missing one is complained of elsewhere, if it has to be there.
  if (source === undefined || source.trim() === "") return
  const { type, problem } = compile(source, scope)
  if (problem !== undefined) yield invalid(path, source, problem)
  else if (isKnown(type) && !types.includes(typeText(type))) {
    const wanted = types.length === 1 ? types[0] : `one of [${types.join(" ")}]`
    yield invalid(path, source, `must evaluate to ${wanted} but got ${typeText(type)}`)
  }
}

function* conditions(list: ReadonlyArray<Loose<MatchCondition>> | undefined, path: string, names: Scope["names"]): Findings {
  for (const [i, { expression }] of (list ?? []).entries())
    yield* mustGive(expression, `${path}[${i}].expression`, { names }, ["bool"])
}

/** Expressions of a configuration of webhooks. */
export function* webhookExpressions({ webhooks = [] }: Loose<ValidatingWebhookConfiguration>): Findings {
  for (const [i, { matchConditions }] of webhooks.entries())
    yield* conditions(matchConditions, `webhooks[${i}].matchConditions`, asked)
}

/** Every variable may speak of those before it, and all that comes after of every variable, if there are any. */
function* variables(
  list: ReadonlyArray<Loose<Variable>>,
  names: Scope["names"]
): Generator<FieldError, Pick<Scope, "variables">> {
  const known: Record<string, Type> = Object.create(null)
  for (const [i, { name = "", expression = "" }] of list.entries()) {
    const { type, problem } = compile(expression, { names, variables: known })
    if (problem !== undefined && expression.trim() !== "") yield invalid(`spec.variables[${i}].expression`, expression, problem)
    known[name] = problem === undefined ? type : unknown
  }
  return list.length === 0 ? {} : { variables: known }
}

const params = (kind: unknown): Readonly<Record<string, Type>> => (kind === undefined ? {} : { params: dyn })

/** Expressions of a policy that refuses. */
export function* validatingPolicyExpressions({ spec = {} }: Loose<ValidatingAdmissionPolicy>): Findings {
  const given = params(spec.paramKind)
  const names = { ...asked, ...given }
  yield* conditions(spec.matchConditions, "spec.matchConditions", names)
  const scope = { names, ...(yield* variables(spec.variables ?? [], names)) }
  for (const [i, { expression, messageExpression }] of (spec.validations ?? []).entries()) {
    const path = `spec.validations[${i}]`
    yield* mustGive(expression, `${path}.expression`, scope, ["bool"])
    yield* mustGive(messageExpression, `${path}.messageExpression`, { ...scope, names: { ...request, ...given } }, ["string"])
  }
  for (const [i, { valueExpression }] of (spec.auditAnnotations ?? []).entries())
    yield* mustGive(valueExpression, `spec.auditAnnotations[${i}].valueExpression`, scope, ["string", "null_type"])
}

/** Expressions of a policy that changes what is sent. */
export function* mutatingPolicyExpressions({ spec = {} }: Loose<MutatingAdmissionPolicy>): Findings {
  const names = { ...asked, ...params(spec.paramKind) }
  yield* conditions(spec.matchConditions, "spec.matchConditions", names)
  const known = yield* variables(spec.variables ?? [], names)
  const scope: Scope = { names, ...known, messages: ["Object", "JSONPatch"] }
  for (const [i, { patchType, applyConfiguration, jsonPatch }] of (spec.mutations ?? []).entries()) {
    const path = `spec.mutations[${i}]`
    if (patchType === "ApplyConfiguration")
      yield* mustGive(applyConfiguration?.expression, `${path}.applyConfiguration.expression`, scope, ["Object"])
    if (patchType === "JSONPatch")
      yield* mustGive(jsonPatch?.expression, `${path}.jsonPatch.expression`, scope, ["list(JSONPatch)"])
  }
}

const device: Scope = { names: { device: plain("kubernetes.DRADevice") }, binds: true }

function* selectors(list: ReadonlyArray<Loose<DeviceSelector>> | undefined, path: string): Findings {
  for (const [i, { cel }] of (list ?? []).entries()) {
    const { expression = "" } = cel ?? {}
    if (expression === "" || expression.length > maxDeviceExpression) continue
    const { type, problem } = compile(expression, device)
    const at = `${path}[${i}].cel.expression`
    if (problem !== undefined) yield invalid(at, expression, problem)
    else if (isKnown(type) && type.name !== "bool" && type.name !== "dyn")
      yield invalid(at, expression, `must evaluate to bool or the unknown type, not ${typeText(type)}`)
  }
}

function* claimSelectors({ devices = {} }: Loose<ResourceClaimSpec>, path: string): Findings {
  for (const [i, { exactly, firstAvailable = [] }] of (devices.requests ?? []).entries()) {
    const at = `${path}.devices.requests[${i}]`
    yield* selectors(exactly?.selectors, `${at}.exactly.selectors`)
    for (const [j, alternative] of firstAvailable.entries())
      yield* selectors(alternative.selectors, `${at}.firstAvailable[${j}].selectors`)
  }
}

/** Expressions of a class of devices. */
export const deviceClassExpressions = ({ spec = {} }: Loose<DeviceClass>): Findings => selectors(spec.selectors, "spec.selectors")

/** Expressions of a claim to devices. */
export const resourceClaimExpressions = ({ spec = {} }: Loose<ResourceClaim>): Findings => claimSelectors(spec, "spec")

/** Expressions of a template of claims to devices. */
export const claimTemplateExpressions = ({ spec = {} }: Loose<ResourceClaimTemplate>): Findings =>
  claimSelectors(spec.spec ?? {}, "spec.spec")

const withoutPlaces = ({ field = "", detail = "", badValue }: FieldError): string =>
  `${field.replace(/\[\d+\]/g, "[]")} ${String(badValue)} ${detail}`

/** What is wrong with the expressions of a changed object; what was already wrong before is left alone. */
export const newProblems = <T>(expressions: (object: T) => Findings, object: T, old: T): ReadonlyArray<FieldError> => {
  const problems = [...expressions(object)]
  if (problems.length === 0) return problems
  const before = new Set([...expressions(old)].map(withoutPlaces))
  return problems.filter((problem) => !before.has(withoutPlaces(problem)))
}
