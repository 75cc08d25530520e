/** API operations of the resources that steer the API server itself: flow control and admission policies. @module */
import {
  type MatchResources,
  mutatingadmissionpolicies,
  mutatingadmissionpolicybindings,
  validatingadmissionpolicies,
  validatingadmissionpolicybindings
} from "@tsukube/api/admissionregistration-v1"
import { flowschemas, prioritylevelconfigurations } from "@tsukube/api/flowcontrol-v1"
import { apiOperations, statusConditions } from "../api-operations.ts"
import type { ConformanceTest } from "../suite.ts"

const flowSchema = apiOperations(flowschemas)(
  "[sig-api-machinery] API priority and fairness should support FlowSchema API operations",
  {
    make: () => ({
      spec: {
        matchingPrecedence: 9000,
        priorityLevelConfiguration: { name: "global-default" },
        distinguisherMethod: { type: "ByUser" },
        rules: [
          {
            subjects: [{ kind: "User", user: { name: "conformance-user-that-is-nobody" } }],
            nonResourceRules: [{ verbs: ["get"], nonResourceURLs: ["/conformance"] }]
          }
        ]
      }
    }),
    change: (object) => ({ ...object, spec: { ...object.spec!, matchingPrecedence: 9001 } }),
    changed: ({ spec }) => spec?.matchingPrecedence === 9001,
    status: statusConditions()
  }
)

const priorityLevel = apiOperations(prioritylevelconfigurations)(
  "[sig-api-machinery] API priority and fairness should support PriorityLevelConfiguration API operations",
  {
    make: () => ({
      spec: { type: "Limited", limited: { nominalConcurrencyShares: 2, limitResponse: { type: "Reject" } } }
    }),
    change: (object) => ({
      ...object,
      spec: { type: "Limited", limited: { nominalConcurrencyShares: 4, limitResponse: { type: "Reject" } } }
    }),
    changed: ({ spec }) => spec?.limited?.nominalConcurrencyShares === 4,
    status: statusConditions()
  }
)

const matchNothing: MatchResources = {
  resourceRules: [
    { apiGroups: ["conformance.example.com"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["nothings"] }
  ]
}

const validatingPolicy = apiOperations(validatingadmissionpolicies)(
  "[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should support ValidatingAdmissionPolicy API operations",
  {
    make: () => ({
      spec: {
        failurePolicy: "Ignore",
        matchConstraints: matchNothing,
        validations: [{ expression: "object.spec.replicas <= 100" }]
      }
    }),
    change: (object) => ({ ...object, spec: { ...object.spec, validations: [{ expression: "true", message: "never" }] } }),
    changed: ({ spec }) => spec?.validations?.[0]?.message === "never",
    status: statusConditions()
  }
)

const validatingBinding = apiOperations(validatingadmissionpolicybindings)(
  "[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should support ValidatingAdmissionPolicyBinding API operations",
  {
    make: () => ({ spec: { policyName: "conformance-no-such-policy", validationActions: ["Deny"] } }),
    change: (object) => ({ ...object, spec: { ...object.spec, validationActions: ["Warn"] } }),
    changed: ({ spec }) => spec?.validationActions?.join() === "Warn"
  }
)

const mutatingPolicy = apiOperations(mutatingadmissionpolicies)(
  "[sig-api-machinery] MutatingAdmissionPolicy [Privileged:ClusterAdmin] should support MutatingAdmissionPolicy API operations",
  {
    make: () => ({
      spec: {
        failurePolicy: "Ignore",
        reinvocationPolicy: "Never",
        matchConstraints: matchNothing,
        mutations: [
          {
            patchType: "ApplyConfiguration",
            applyConfiguration: { expression: `Object{metadata: Object.metadata{labels: {"mutated": "true"}}}` }
          }
        ]
      }
    }),
    change: (object) => ({ ...object, spec: { ...object.spec, failurePolicy: "Fail" } }),
    changed: ({ spec }) => spec?.failurePolicy === "Fail"
  }
)

const mutatingBinding = apiOperations(mutatingadmissionpolicybindings)(
  "[sig-api-machinery] MutatingAdmissionPolicy [Privileged:ClusterAdmin] should support MutatingAdmissionPolicyBinding API operations",
  {
    make: () => ({ spec: { policyName: "conformance-no-such-policy" } }),
    change: (object) => ({ ...object, spec: { ...object.spec, policyName: "conformance-no-other-policy" } }),
    changed: ({ spec }) => spec?.policyName === "conformance-no-other-policy"
  }
)

export const apiObjects: ReadonlyArray<ConformanceTest> = [
  flowSchema,
  priorityLevel,
  validatingPolicy,
  validatingBinding,
  mutatingPolicy,
  mutatingBinding
]
