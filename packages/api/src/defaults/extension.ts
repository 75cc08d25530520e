/** Defaults of what extends the API: webhooks, admission policies, custom resources, aggregated APIs, and flow control. @module */
import type {
  MatchResources,
  MutatingAdmissionPolicy,
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
  WebhookClientConfig
} from "../types/admissionregistration-v1.ts"
import type { CustomResourceDefinition } from "../types/apiextensions-v1.ts"
import type { APIService } from "../types/apiregistration-v1.ts"
import type { FlowSchema, PriorityLevelConfiguration } from "../types/flowcontrol-v1.ts"
import { change, each, fill, fillZero, maybe } from "./fill.ts"
import { type DefaultsTable, kind } from "./table.ts"

const httpsPort = 443

const defaultClient = (client: WebhookClientConfig): WebhookClientConfig =>
  change(client, { service: maybe(client.service, (service) => fillZero(service, { port: httpsPort })) })

const defaultWebhook = <W extends ValidatingWebhook | MutatingWebhook>(webhook: W): W =>
  change<ValidatingWebhook | MutatingWebhook>(
    fill<ValidatingWebhook | MutatingWebhook>(webhook, {
      failurePolicy: "Fail",
      matchPolicy: "Equivalent",
      namespaceSelector: {},
      objectSelector: {},
      timeoutSeconds: 10
    }),
    {
      clientConfig: maybe(webhook.clientConfig, defaultClient),
      rules: each(webhook.rules, (rule) => fill(rule, { scope: "*" }))
    }
  ) as W

const defaultValidating = (object: ValidatingWebhookConfiguration): ValidatingWebhookConfiguration =>
  change(object, { webhooks: each(object.webhooks, defaultWebhook) })

const defaultMutating = (object: MutatingWebhookConfiguration): MutatingWebhookConfiguration =>
  change(object, { webhooks: each(object.webhooks, (webhook) => fill(defaultWebhook(webhook), { reinvocationPolicy: "Never" })) })

const defaultMatch = (match: MatchResources): MatchResources =>
  change(fill(match, { matchPolicy: "Equivalent", namespaceSelector: {}, objectSelector: {} }), {
    resourceRules: each(match.resourceRules, (rule) => fill(rule, { scope: "*" })),
    excludeResourceRules: each(match.excludeResourceRules, (rule) => fill(rule, { scope: "*" }))
  })

/** Validating and mutating policies have these fields in common. */
const defaultPolicy = <P extends ValidatingAdmissionPolicy | MutatingAdmissionPolicy>(policy: P): P => {
  if (policy.spec === undefined) return policy
  const spec = change(fill(policy.spec, { failurePolicy: "Fail" }), {
    matchConstraints: maybe(policy.spec.matchConstraints, defaultMatch)
  })
  return change<ValidatingAdmissionPolicy | MutatingAdmissionPolicy>(policy, { spec }) as P
}

const defaultBinding = (binding: ValidatingAdmissionPolicyBinding): ValidatingAdmissionPolicyBinding =>
  change(binding, {
    spec: maybe(binding.spec, (spec) => change(spec, { matchResources: maybe(spec.matchResources, defaultMatch) }))
  })

const defaultDefinition = (definition: CustomResourceDefinition): CustomResourceDefinition => {
  const { spec } = definition
  const { kind: name = "" } = spec.names ?? {}
  return change(definition, {
    spec: change(fill(spec, { conversion: { strategy: "None" } }), {
      names: maybe(spec.names, (names) =>
        fill(names, { singular: name.toLowerCase() || undefined, listKind: name === "" ? undefined : `${name}List` })
      )
    })
  })
}

const defaultService = (service: APIService): APIService =>
  change(service, {
    spec: maybe(service.spec, (spec) =>
      change(spec, { service: maybe(spec.service, (reference) => fillZero(reference, { port: httpsPort })) })
    )
  })

const defaultFlowSchema = (schema: FlowSchema): FlowSchema =>
  change(schema, { spec: maybe(schema.spec, (spec) => fillZero(spec, { matchingPrecedence: 1000 })) })

const defaultLevel = (level: PriorityLevelConfiguration): PriorityLevelConfiguration =>
  change(level, {
    spec: maybe(level.spec, (spec) =>
      change(spec, {
        exempt: maybe(spec.exempt, (exempt) => fill(exempt, { nominalConcurrencyShares: 0, lendablePercent: 0 })),
        limited: maybe(spec.limited, (limited) =>
          change(fill(limited, { nominalConcurrencyShares: 30, lendablePercent: 0 }), {
            limitResponse: maybe(limited.limitResponse, (response) =>
              change(response, {
                queuing: maybe(response.queuing, (queuing) =>
                  fillZero(queuing, { handSize: 8, queues: 64, queueLengthLimit: 50 })
                )
              })
            )
          })
        )
      })
    )
  })

export const admissionregistration: DefaultsTable = {
  MutatingAdmissionPolicy: kind<MutatingAdmissionPolicy>(defaultPolicy),
  MutatingAdmissionPolicyBinding: kind(defaultBinding),
  MutatingWebhookConfiguration: kind(defaultMutating),
  ValidatingAdmissionPolicy: kind<ValidatingAdmissionPolicy>(defaultPolicy),
  ValidatingAdmissionPolicyBinding: kind(defaultBinding),
  ValidatingWebhookConfiguration: kind(defaultValidating)
}

export const apiextensions: DefaultsTable = { CustomResourceDefinition: kind(defaultDefinition) }

export const apiregistration: DefaultsTable = { APIService: kind(defaultService) }

export const flowcontrol: DefaultsTable = { FlowSchema: kind(defaultFlowSchema), PriorityLevelConfiguration: kind(defaultLevel) }
