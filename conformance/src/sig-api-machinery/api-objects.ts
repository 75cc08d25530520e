/** API operations of the resources that steer the API server itself: flow control and admission policies. @module */
import {
  type MatchResources,
  mutatingadmissionpolicies,
  mutatingadmissionpolicybindings,
  validatingadmissionpolicies,
  validatingadmissionpolicybindings
} from "@tsukube/api/admissionregistration-v1"
import { flowschemas, prioritylevelconfigurations } from "@tsukube/api/flowcontrol-v1"
import { apiOperations } from "../api-operations.ts"
import type { ConformanceTest } from "../suite.ts"

const now = "2026-01-01T00:00:00Z"

const flowSchema = apiOperations("[sig-api-machinery] API priority and fairness should support FlowSchema API operations", flowschemas, {
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
  status: {
    patch: {
      conditions: [{ type: "PatchStatusFailed", status: "False", reason: "Patch", message: "m", lastTransitionTime: now }]
    },
    patched: ({ status }) => status?.conditions?.some(({ type }) => type === "PatchStatusFailed") === true,
    update: (object) => ({
      ...object,
      status: {
        conditions: [{ type: "UpdateStatusFailed", status: "False", reason: "Update", message: "m", lastTransitionTime: now }]
      }
    }),
    updated: ({ status }) => status?.conditions?.some(({ type }) => type === "UpdateStatusFailed") === true
  }
})

const priorityLevel = apiOperations(
  "[sig-api-machinery] API priority and fairness should support PriorityLevelConfiguration API operations",
  prioritylevelconfigurations, {
    make: () => ({
      spec: { type: "Limited", limited: { nominalConcurrencyShares: 2, limitResponse: { type: "Reject" } } }
    }),
    change: (object) => ({
      ...object,
      spec: { type: "Limited", limited: { nominalConcurrencyShares: 4, limitResponse: { type: "Reject" } } }
    }),
    changed: ({ spec }) => spec?.limited?.nominalConcurrencyShares === 4,
    status: {
      patch: {
        conditions: [{ type: "PatchStatusFailed", status: "False", reason: "Patch", message: "m", lastTransitionTime: now }]
      },
      patched: ({ status }) => status?.conditions?.some(({ type }) => type === "PatchStatusFailed") === true,
      update: (object) => ({
        ...object,
        status: {
          conditions: [{ type: "UpdateStatusFailed", status: "False", reason: "Update", message: "m", lastTransitionTime: now }]
        }
      }),
      updated: ({ status }) => status?.conditions?.some(({ type }) => type === "UpdateStatusFailed") === true
    }
  }
)

const matchNothing: MatchResources = {
  resourceRules: [
    { apiGroups: ["conformance.example.com"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["nothings"] }
  ]
}

const validatingPolicy = apiOperations(
  "[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should support ValidatingAdmissionPolicy API operations",
  validatingadmissionpolicies, {
    make: () => ({
      spec: {
        failurePolicy: "Ignore",
        matchConstraints: matchNothing,
        validations: [{ expression: "object.spec.replicas <= 100" }]
      }
    }),
    change: (object) => ({ ...object, spec: { ...object.spec, validations: [{ expression: "true", message: "never" }] } }),
    changed: ({ spec }) => spec?.validations?.[0]?.message === "never",
    status: {
      patch: { conditions: [{ type: "Patched", status: "True", reason: "Patch", message: "m", lastTransitionTime: now }] },
      patched: ({ status }) => status?.conditions?.some(({ type }) => type === "Patched") === true,
      update: (object) => ({
        ...object,
        status: {
          ...object.status,
          conditions: [{ type: "Updated", status: "True", reason: "Update", message: "m", lastTransitionTime: now }]
        }
      }),
      updated: ({ status }) => status?.conditions?.some(({ type }) => type === "Updated") === true
    }
  }
)

const validatingBinding = apiOperations(
  "[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should support ValidatingAdmissionPolicyBinding API operations",
  validatingadmissionpolicybindings, {
    make: () => ({ spec: { policyName: "conformance-no-such-policy", validationActions: ["Deny"] } }),
    change: (object) => ({ ...object, spec: { ...object.spec, validationActions: ["Warn"] } }),
    changed: ({ spec }) => spec?.validationActions?.join() === "Warn"
  }
)

const mutatingPolicy = apiOperations(
  "[sig-api-machinery] MutatingAdmissionPolicy [Privileged:ClusterAdmin] should support MutatingAdmissionPolicy API operations",
  mutatingadmissionpolicies, {
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

const mutatingBinding = apiOperations(
  "[sig-api-machinery] MutatingAdmissionPolicy [Privileged:ClusterAdmin] should support MutatingAdmissionPolicyBinding API operations",
  mutatingadmissionpolicybindings, {
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
