/** What extends the API: webhooks, policies, definitions, aggregated APIs. */
import { table } from "./table.ts"

const clientConfig = { url: "https://hooks.example.com/check" }
const webhook = { name: "check.example.com", clientConfig, admissionReviewVersions: ["v1"], sideEffects: "None" }
const rule = { operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods"] }

for (const kind of ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"]) {
  table(`admissionregistration.k8s.io/v1/${kind}`, {
    minimal: { webhooks: [webhook] },
    defaults: {
      "webhooks[0].failurePolicy": "Fail",
      "webhooks[0].matchPolicy": "Equivalent",
      "webhooks[0].timeoutSeconds": 10,
      "webhooks[0].namespaceSelector": {}
    },
    maximal: {
      webhooks: [
        {
          ...webhook,
          clientConfig: { service: { name: "s", namespace: "n", path: "/a/b", port: 8443 }, caBundle: "eA==" },
          rules: [{ ...rule, scope: "Namespaced" }],
          failurePolicy: "Ignore",
          matchPolicy: "Exact",
          timeoutSeconds: 30,
          objectSelector: { matchLabels: { a: "b" } },
          matchConditions: [{ name: "only-these", expression: "true" }]
        },
        { ...webhook, name: "other.example.com", clientConfig }
      ]
    },
    bad: [
      [
        { "webhooks[0].name": "short.name" },
        'webhooks[0].name: Invalid value: "short.name": should be a domain with at least three segments separated by dots'
      ],
      [
        { "webhooks[0].sideEffects": "Some" },
        'webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"'
      ],
      [
        { "webhooks[0].sideEffects": undefined },
        "webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun"
      ],
      [
        { "webhooks[0].timeoutSeconds": 31 },
        "webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds"
      ],
      [
        { "webhooks[0].admissionReviewVersions": [] },
        "webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1"
      ],
      [
        { "webhooks[0].admissionReviewVersions": ["v9"] },
        'webhooks[0].admissionReviewVersions: Invalid value: ["v9"]: must include at least one of v1, v1beta1'
      ],
      [{ "webhooks[0].clientConfig": {} }, "webhooks[0].clientConfig: Required value: exactly one of url or service is required"],
      [
        { "webhooks[0].clientConfig.url": "http://a.b/" },
        `webhooks[0].clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme; desired format: https://host[/path]`
      ],
      [
        { "webhooks[0].clientConfig": { service: { name: "", namespace: "n" } } },
        "webhooks[0].clientConfig.service.namespace: Required value"
      ],
      [{ webhooks: [webhook, webhook] }, 'webhooks[1].name: Duplicate value: "check.example.com"'],
      [
        { "webhooks[0].rules": [{ ...rule, operations: ["*", "CREATE"] }] },
        `webhooks[0].rules[0].operations: Invalid value: ["*","CREATE"]: if '*' is present, must not specify other operations`
      ],
      [{ "webhooks[0].rules": [{ ...rule, resources: [] }] }, "webhooks[0].rules[0].resources: Required value"],
      [
        { "webhooks[0].matchConditions": [{ name: "a", expression: "" }] },
        "webhooks[0].matchConditions[0].expression: Required value"
      ]
    ]
  })
}

const matchConstraints = { resourceRules: [rule] }

table("admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy", {
  minimal: { spec: { matchConstraints, validations: [{ expression: "true" }] } },
  defaults: { "spec.failurePolicy": "Fail", "spec.matchConstraints.matchPolicy": "Equivalent" },
  maximal: {
    spec: {
      failurePolicy: "Ignore",
      paramKind: { apiVersion: "v1", kind: "ConfigMap" },
      matchConstraints: { ...matchConstraints, excludeResourceRules: [{ ...rule, resourceNames: ["x"] }] },
      matchConditions: [{ name: "c", expression: "true" }],
      variables: [{ name: "v", expression: "1" }],
      validations: [{ expression: "variables.v > 0", message: "no", reason: "Forbidden" }],
      auditAnnotations: [{ key: "k", valueExpression: "'x'" }]
    }
  },
  bad: [
    [{ "spec.matchConstraints": undefined }, "spec.matchConstraints: Required value"],
    [{ "spec.matchConstraints.resourceRules": [] }, "spec.matchConstraints.resourceRules: Required value"],
    [
      { "spec.validations": [] },
      "spec.validations: Required value: validations or auditAnnotations must contain at least one item",
      "spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item"
    ],
    [{ "spec.validations[0].expression": " " }, "spec.validations[0].expression: Required value: expression is not specified"],
    [
      { "spec.validations[0].message": "a\nb" },
      'spec.validations[0].message: Invalid value: "a\\nb": must not contain line breaks'
    ],
    [
      { "spec.variables": [{ name: "in", expression: "1" }] },
      'spec.variables[0].name: Invalid value: "in": must be a valid CEL identifier'
    ],
    [{ "spec.paramKind": { apiVersion: "v1" } }, "spec.paramKind.kind: Required value"]
  ]
})

table("admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding", {
  minimal: { spec: { policyName: "p", validationActions: ["Deny"] } },
  maximal: {
    spec: {
      policyName: "p",
      validationActions: ["Warn", "Audit"],
      paramRef: { name: "x", namespace: "n", parameterNotFoundAction: "Deny" },
      matchResources: { resourceRules: [rule] }
    }
  },
  bad: [
    [{ "spec.policyName": "" }, "spec.policyName: Required value"],
    [{ "spec.validationActions": [] }, "spec.validationActions: Required value: at least one validation action is required"],
    [{ "spec.validationActions": ["Deny", "Deny"] }, 'spec.validationActions[1]: Duplicate value: "Deny"'],
    [
      { "spec.validationActions": ["Deny", "Warn"] },
      'spec.validationActions: Invalid value: ["Deny","Warn"]: must not contain both Deny and Warn…'
    ],
    [
      { "spec.paramRef": { parameterNotFoundAction: "Deny" } },
      "spec.paramRef: Required value: one of name or selector must be specified"
    ]
  ]
})

table("admissionregistration.k8s.io/v1/MutatingAdmissionPolicy", {
  minimal: {
    spec: {
      matchConstraints,
      reinvocationPolicy: "Never",
      mutations: [{ patchType: "JSONPatch", jsonPatch: { expression: "[]" } }]
    }
  },
  defaults: { "spec.failurePolicy": "Fail" },
  bad: [
    [{ "spec.mutations": [] }, "spec.mutations: Required value: mutations must contain at least one item"],
    [{ "spec.reinvocationPolicy": undefined }, "spec.reinvocationPolicy: Required value"],
    [
      { "spec.mutations": [{ patchType: "JSONPatch" }] },
      "spec.mutations[0].jsonPatch: Required value: must be specified when patchType is JSONPatch"
    ]
  ]
})

table("admissionregistration.k8s.io/v1/MutatingAdmissionPolicyBinding", {
  minimal: { spec: { policyName: "p" } },
  bad: [[{ "spec.policyName": "" }, "spec.policyName: Required value"]]
})

const version = (name: string, storage: boolean) => ({
  name,
  served: true,
  storage,
  schema: { openAPIV3Schema: { type: "object" } }
})
const crd = {
  metadata: { name: "lamps.example.com" },
  spec: { group: "example.com", scope: "Namespaced", names: { plural: "lamps", kind: "Lamp" }, versions: [version("v1", true)] }
}
const schemaPath = "spec.versions[0].schema.openAPIV3Schema"
/** Where upstream says that a schema of all versions is. */
const shared = "spec.validation.openAPIV3Schema"

table("apiextensions.k8s.io/v1/CustomResourceDefinition", {
  minimal: crd,
  defaults: { "spec.names.singular": "lamp", "spec.names.listKind": "LampList", "spec.conversion": { strategy: "None" } },
  maximal: {
    metadata: crd.metadata,
    spec: {
      ...crd.spec,
      names: { ...crd.spec.names, shortNames: ["lp"], categories: ["all"] },
      conversion: {
        strategy: "Webhook",
        webhook: { conversionReviewVersions: ["v1"], clientConfig: { service: { name: "s", namespace: "n" } } }
      },
      versions: [
        version("v1beta1", false),
        {
          ...version("v1", true),
          subresources: { status: {}, scale: { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" } },
          additionalPrinterColumns: [{ name: "On", type: "boolean", jsonPath: ".spec.on" }],
          schema: {
            openAPIV3Schema: {
              type: "object",
              properties: {
                spec: {
                  type: "object",
                  properties: {
                    port: { "x-kubernetes-int-or-string": true, anyOf: [{ type: "integer" }, { type: "string" }] },
                    rooms: {
                      type: "array",
                      "x-kubernetes-list-type": "map",
                      "x-kubernetes-list-map-keys": ["name"],
                      items: { type: "object", required: ["name"], properties: { name: { type: "string" } } }
                    },
                    extra: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
                    labels: { type: "object", additionalProperties: { type: "string" } }
                  }
                }
              }
            }
          }
        }
      ]
    }
  },
  bad: [
    [
      { "metadata.name": "lamp.example.com" },
      'metadata.name: Invalid value: "lamp.example.com": must be spec.names.plural+"."+spec.group'
    ],
    [
      { "spec.group": "example", "metadata.name": "lamps.example" },
      'spec.group: Invalid value: "example": should be a domain with at least one dot'
    ],
    [{ "spec.scope": "Here" }, 'spec.scope: Unsupported value: "Here": supported values: "Cluster", "Namespaced"'],
    [
      { "spec.versions[0].storage": false },
      "spec.versions: Invalid value: …",
      "status.storedVersions: Invalid value: null: must have at least one stored version"
    ],
    [{ "spec.versions[0].schema": undefined }, "spec.versions[0].schema.openAPIV3Schema: Required value"],
    [
      { "spec.names.kind": "" },
      "spec.names.singular: Required value",
      "spec.names.kind: Required value",
      "spec.names.listKind: Required value"
    ],
    [
      { "spec.preserveUnknownFields": true },
      "spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
    ],
    [
      { "metadata.name": "lamps.a.k8s.io", "spec.group": "a.k8s.io" },
      'metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111'
    ],
    [
      { [schemaPath]: { type: "array" } },
      `${shared}.items: Required value: must be specified`,
      `${shared}.type: Invalid value: "array": must be object at the root`
    ],
    [
      { [schemaPath]: { type: "object", properties: { a: {} } } },
      `${shared}.properties[a].type: Required value: must not be empty for specified object fields`
    ],
    [
      { [schemaPath]: { type: "object", properties: { a: { type: "array" } } } },
      `${shared}.properties[a].items: Required value: must be specified`
    ],
    [
      { [schemaPath]: { type: "object", additionalProperties: { type: "string" }, properties: { a: { type: "string" } } } },
      `${shared}.additionalProperties: Forbidden: must not be used at the root`,
      `${shared}.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive`
    ]
  ],
  frozen: [
    [
      { "spec.group": "example.org", "metadata.name": "lamps.example.com" },
      "metadata.name: …",
      'spec.group: Invalid value: "example.org": field is immutable'
    ],
    [{ "spec.names.plural": "lights" }, "metadata.name: …", 'spec.names.plural: Invalid value: "lights": field is immutable']
  ]
})

table("apiregistration.k8s.io/v1/APIService", {
  minimal: {
    metadata: { name: "v1.example.com" },
    spec: { group: "example.com", version: "v1", groupPriorityMinimum: 1000, versionPriority: 15 }
  },
  maximal: {
    metadata: { name: "v1.example.com" },
    spec: {
      group: "example.com",
      version: "v1",
      groupPriorityMinimum: 1000,
      versionPriority: 15,
      caBundle: "eA==",
      service: { name: "s", namespace: "n", port: 8443 }
    }
  },
  bad: [
    [{ "metadata.name": "x" }, 'metadata.name: Invalid value: "x": must be `spec.version+"."+spec.group`: "v1.example.com"'],
    [{ "spec.groupPriorityMinimum": 0 }, "spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000"],
    [{ "spec.versionPriority": 2000 }, "spec.versionPriority: Invalid value: 2000: must be positive and less than 1000"],
    [
      { "spec.insecureSkipTLSVerify": true },
      "spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify"
    ],
    [{ "spec.service": { name: "s" } }, "spec.service.namespace: Required value"]
  ]
})
