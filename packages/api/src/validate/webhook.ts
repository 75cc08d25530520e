/** Validation of the configurations of admission webhooks. @module */
import { invalid, required } from "../field-error.ts"
import { isDns1035Label } from "../name.ts"
import type { MutatingWebhook, ValidatingWebhook, ValidatingWebhookConfiguration } from "../types/admissionregistration-v1.ts"
import { labelSelector, matchConditions, validateRule } from "./admission-rule.ts"
import { validateClientConfig } from "./client-config.ts"
import type { Findings, Loose } from "./findings.ts"
import { isFullyQualifiedName } from "./form.ts"
import { fields, items, mustBeOneOf, number, oneOf, type Rule, text } from "./rule.ts"

const knownVersions = ["v1", "v1beta1"]

const reviewVersions: Rule<ReadonlyArray<string>> = function* (versions = [], path) {
  if (versions.length === 0) {
    yield required(path, `must specify one of ${knownVersions.join(", ")}`)
    return
  }
  const seen = new Set<string>()
  for (const [i, version] of versions.entries()) {
    if (seen.has(version)) yield invalid(`${path}[${i}]`, version, "duplicate version")
    seen.add(version)
    for (const sentence of isDns1035Label(version)) yield invalid(`${path}[${i}]`, version, sentence)
  }
  if (!versions.some((version) => knownVersions.includes(version)))
    yield invalid(path, versions, `must include at least one of ${knownVersions.join(", ")}`)
}

type Webhook = ValidatingWebhook & Pick<MutatingWebhook, "reinvocationPolicy">

const webhook: Rule<Loose<Webhook>> = fields<Loose<Webhook>>({
  admissionReviewVersions: reviewVersions,
  name: text(isFullyQualifiedName),
  rules: items((rule = {}, path) => validateRule(rule, path)),
  failurePolicy: oneOf("Fail", "Ignore"),
  matchPolicy: oneOf("Equivalent", "Exact"),
  sideEffects: (value, path) =>
    (value ?? "") === ""
      ? [required(path, "must specify one of None, NoneOnDryRun")]
      : mustBeOneOf("None", "NoneOnDryRun")(value, path),
  timeoutSeconds: number((seconds) => seconds >= 1 && seconds <= 30, "the timeout value must be between 1 and 30 seconds"),
  namespaceSelector: labelSelector,
  objectSelector: labelSelector,
  reinvocationPolicy: oneOf("IfNeeded", "Never"),
  clientConfig: (config = {}, path) => validateClientConfig(config, path),
  matchConditions
})

/** A configuration of either kind of webhooks, new or changed. */
export function* validateWebhooks({ webhooks }: Loose<ValidatingWebhookConfiguration>): Findings {
  yield* items(webhook, { unique: { by: ({ name }) => name, field: "name" } })(webhooks, "webhooks")
}
