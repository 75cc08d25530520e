/** Validation of admission policies and their bindings, but for the expressions themselves (`expression.ts`). @module */
import { duplicate, invalid, notSupported, required } from "../field-error.ts"
import { isDns1123Subdomain } from "../name.ts"
import type {
  AuditAnnotation,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  Mutation,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  Validation,
  Variable
} from "../types/admissionregistration-v1.ts"
import { matchConditions, matchResources, validateParamKind, validateParamRef } from "./admission-rule.ts"
import type { Findings, Loose } from "./findings.ts"
import { isExpressionName } from "./form.ts"
import { fields, items, mustBeOneOf, optional, type Rule, text } from "./rule.ts"

const maxAudits = 20
const reasons = ["Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized"]

const variables: Rule<ReadonlyArray<Loose<Variable>>> = items(
  fields<Loose<Variable>>({
    name: text(isExpressionName, "name is not specified"),
    expression: text(undefined, "expression is not specified")
  }),
  { unique: { by: ({ name }) => name, field: "name" } }
)

/** The fields that both kinds of policies have. */
const frame = {
  failurePolicy: mustBeOneOf("Fail", "Ignore"),
  paramKind: optional((kind: Parameters<typeof validateParamKind>[0] = {}, path: string) => validateParamKind(kind, path)),
  matchConstraints: function* (
    match: Loose<NonNullable<NonNullable<ValidatingAdmissionPolicy["spec"]>["matchConstraints"]>> | undefined,
    path: string
  ) {
    if (match === undefined) {
      yield required(path)
      return
    }
    yield* matchResources(match, path)
    if ((match.resourceRules ?? []).length === 0) yield required(`${path}.resourceRules`)
  },
  matchConditions,
  variables
} as const

const blank = (value: string): boolean => value.trim() === ""

const validation: Rule<Loose<Validation>> = function* ({ expression = "", message = "", messageExpression, reason } = {}, path) {
  if (blank(expression)) yield required(`${path}.expression`, "expression is not specified")
  if (messageExpression !== undefined && messageExpression !== "" && blank(messageExpression))
    yield invalid(`${path}.messageExpression`, messageExpression, "must be non-empty if specified")
  if (message !== "" && blank(message)) yield invalid(`${path}.message`, message, "message must be non-empty if specified")
  else if (message.trim().includes("\n")) yield invalid(`${path}.message`, message, "must not contain line breaks")
  else if (expression.trim().includes("\n") && message === "")
    yield required(`${path}.message`, "message must be specified if expression contains line breaks")
  if (reason !== undefined && !reasons.includes(reason)) yield notSupported(`${path}.reason`, reason, reasons)
}

const validatingSpec: Rule<Loose<NonNullable<ValidatingAdmissionPolicy["spec"]>>> = function* (spec = {}, path) {
  yield* fields<NonNullable<typeof spec>>(frame)(spec, path)
  const { validations = [], auditAnnotations = [] } = spec
  if (validations.length + auditAnnotations.length === 0) {
    yield required(`${path}.validations`, "validations or auditAnnotations must contain at least one item")
    yield required(`${path}.auditAnnotations`, "validations or auditAnnotations must contain at least one item")
    return
  }
  yield* items(validation)(validations, `${path}.validations`)
  yield* items<(typeof auditAnnotations)[number]>(
    fields<Loose<AuditAnnotation>>({ key: text(), valueExpression: text(undefined, "valueExpression is not specified") }),
    {
      max: maxAudits,
      unique: { by: ({ key }) => key, field: "key" }
    }
  )(auditAnnotations, `${path}.auditAnnotations`)
}

/** A ValidatingAdmissionPolicy, new or changed. */
export function* validateValidatingPolicy({ spec }: Loose<ValidatingAdmissionPolicy>): Findings {
  yield* validatingSpec(spec, "spec")
}

const mutation: Rule<Loose<Mutation>> = function* ({ patchType = "", applyConfiguration, jsonPatch } = {}, path) {
  if (patchType === "") {
    yield required(`${path}.patchType`)
    return
  }
  const parts = { ApplyConfiguration: ["applyConfiguration", applyConfiguration], JSONPatch: ["jsonPatch", jsonPatch] } as const
  if (!Object.hasOwn(parts, patchType)) {
    yield notSupported(`${path}.patchType`, patchType, Object.keys(parts))
    return
  }
  for (const [type, [key, part]] of Object.entries(parts)) {
    const at = `${path}.${key}`
    if (type === patchType && part === undefined) yield required(at, `must be specified when patchType is ${type}`)
    else if (type === patchType && blank(part?.expression ?? ""))
      yield required(`${at}.expression`, "expression is not specified")
    else if (type !== patchType && part !== undefined)
      yield invalid(at, `{${key}}`, `must not be specified when patchType is ${patchType}`)
  }
}

const mutatingSpec = fields<Loose<NonNullable<MutatingAdmissionPolicy["spec"]>>>({
  ...frame,
  reinvocationPolicy: mustBeOneOf("IfNeeded", "Never"),
  mutations: items(mutation, { needed: "mutations must contain at least one item" })
})

/** A MutatingAdmissionPolicy, new or changed. */
export function* validateMutatingPolicy({ spec }: Loose<MutatingAdmissionPolicy>): Findings {
  yield* mutatingSpec(spec, "spec")
}

/** A MutatingAdmissionPolicyBinding, new or changed. */
export function* validateMutatingBinding({ spec = {} }: Loose<MutatingAdmissionPolicyBinding>): Findings {
  yield* text(isDns1123Subdomain)(spec.policyName, "spec.policyName")
  if (spec.paramRef !== undefined) yield* validateParamRef(spec.paramRef, "spec.paramRef")
  yield* optional(matchResources)(spec.matchResources, "spec.matchResources")
}

/** A ValidatingAdmissionPolicyBinding, new or changed. */
export function* validateValidatingBinding(binding: Loose<ValidatingAdmissionPolicyBinding>): Findings {
  yield* validateMutatingBinding(binding)
  const actions = binding.spec?.validationActions ?? []
  const path = "spec.validationActions"
  if (actions.length === 0) yield required(path, "at least one validation action is required")
  const seen = new Set<string>()
  for (const [i, action] of actions.entries()) {
    if (!["Audit", "Deny", "Warn"].includes(action)) yield notSupported(`${path}[${i}]`, action, ["Audit", "Deny", "Warn"])
    if (seen.has(action)) yield duplicate(`${path}[${i}]`, action)
    seen.add(action)
  }
  if (seen.has("Deny") && seen.has("Warn")) {
    yield invalid(
      path,
      actions,
      "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)"
    )
  }
}
