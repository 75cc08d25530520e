/** Webhook configurations and CustomResourceDefinitions as objects of the API; no webhook is called here. @module */
import {
  type MatchCondition,
  type MutatingWebhook,
  mutatingwebhookconfigurations,
  type ValidatingWebhook,
  validatingwebhookconfigurations
} from "@tsukube/api/admissionregistration-v1"
import { customresourcedefinitions } from "@tsukube/api/apiextensions-v1"
import { expectDiscovered } from "../api-operations.ts"
import { type ConformanceTest, expectEqual, expectRefused, expectThat, retryOnConflict } from "../suite.ts"

const webhooks = "[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin]"

const discovered: ReadonlyArray<ConformanceTest> = [
  {
    name: `${webhooks} should include webhook resources in discovery documents`,
    run: async (cluster) => {
      await expectDiscovered(cluster, mutatingwebhookconfigurations)
      await expectDiscovered(cluster, validatingwebhookconfigurations)
    }
  },
  {
    name: "[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] should include custom resource definition resources in discovery documents",
    run: (cluster) => expectDiscovered(cluster, customresourcedefinitions)
  }
]

/** Matches objects of a group that nobody serves, and fails open: no other test may feel it. */
const webhook = (matchConditions: ReadonlyArray<MatchCondition>): MutatingWebhook & ValidatingWebhook => ({
  name: "conformance.example.com",
  clientConfig: { url: "https://conformance.invalid/never-called" },
  rules: [{ apiGroups: ["conformance.example.com"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["nothings"] }],
  sideEffects: "None",
  failurePolicy: "Ignore",
  admissionReviewVersions: ["v1"],
  matchConditions
})

const one: ReadonlyArray<MatchCondition> = [{ name: "expression-1", expression: "object.metadata.namespace == 'production'" }]
const two: ReadonlyArray<MatchCondition> = [...one, { name: "expression-2", expression: "object.metadata.name != 'skipped'" }]
const broken: ReadonlyArray<MatchCondition> = [{ name: "invalid-expression", expression: "... [] bad expression" }]

const kinds = [
  ["mutating", mutatingwebhookconfigurations],
  ["validating", validatingwebhookconfigurations]
] as const

const accepts = ([word, resource]: (typeof kinds)[number]): ConformanceTest => ({
  name: `${webhooks} should be able to create and update ${word} webhook configurations with match conditions`,
  run: async (cluster) => {
    const { client } = cluster
    const name = cluster.unique("conformance-webhook")
    cluster.afterwards(() => client.delete(resource, { name }))
    const created = await client.create(resource, { metadata: { name }, webhooks: [webhook(one)] })
    expectEqual(created.webhooks?.[0]?.matchConditions, one, "match conditions after the create")
    const updated = await retryOnConflict(async () => {
      const current = await client.get(resource, { name })
      return client.update(resource, { ...current, webhooks: [webhook(two)] })
    })
    expectEqual(updated.webhooks?.[0]?.matchConditions, two, "match conditions after the update")
  }
})

const rejects = ([word, resource]: (typeof kinds)[number]): ConformanceTest => ({
  name: `${webhooks} should reject ${word} webhook configurations with invalid match conditions`,
  run: async (cluster) => {
    const { client } = cluster
    const name = cluster.unique("conformance-webhook")
    cluster.afterwards(() => client.delete(resource, { name }))
    const create = client.create(resource, { metadata: { name }, webhooks: [webhook(broken)] })
    const refusal = await expectRefused(create, 422, "a match condition that is no expression")
    expectThat(refusal.message.includes("compilation failed"), `the message says why: ${refusal.message}`)
  }
})

export const webhookConfigurations: ReadonlyArray<ConformanceTest> = [...discovered, ...kinds.map(accepts), ...kinds.map(rejects)]
