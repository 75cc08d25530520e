/** Where expressions stand, what they may speak of, and that a change is not blamed for what was there before. @module */
import { expect, test } from "bun:test"
import { findByKind } from "../catalog.ts"
import { formatFieldError } from "../field-error.ts"
import type { KubernetesObject } from "../resource.ts"
import { table } from "./table.ts"
import { validateUpdate } from "./validate.ts"

const admission = "admissionregistration.k8s.io/v1"
const undeclared = (path: string, expression: string, name = expression): string =>
  `${path}: Invalid value: ${JSON.stringify(expression)}: compilation failed: ERROR: <input>:1:1: undeclared reference to '${name}' (in container '')\n | ${expression}\n | ^`
const gives = (path: string, expression: string, sentence: string): string =>
  `${path}: Invalid value: ${JSON.stringify(expression)}: must evaluate to ${sentence}`

const webhook = {
  name: "a.example.com",
  clientConfig: { url: "https://example.com/hook" },
  sideEffects: "None",
  admissionReviewVersions: ["v1"],
  matchConditions: [{ name: "first", expression: "true" }]
}
for (const kind of ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"]) {
  const place = "webhooks[0].matchConditions[0].expression"
  const saying = (expression: string) => ({ [place]: expression })
  table(`${admission}/${kind}`, {
    minimal: { webhooks: [webhook] },
    bad: [
      [saying("a"), undeclared(place, "a")],
      [saying("params.a == 1"), undeclared(place, "params.a == 1", "params")],
      [saying("variables.a"), undeclared(place, "variables.a", "variables")],
      [saying("1"), gives(place, "1", "bool but got int")],
      [saying("object"), gives(place, "object", "bool but got dyn")]
    ]
  })
}

const frame = {
  matchConstraints: {
    resourceRules: [{ apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["deployments"] }]
  },
  matchConditions: [{ name: "first", expression: "request.dryRun" }],
  variables: [
    { name: "replicas", expression: "1" },
    { name: "more", expression: "variables.replicas + 1" }
  ]
}
table(`${admission}/ValidatingAdmissionPolicy`, {
  minimal: {
    spec: {
      ...frame,
      validations: [
        { expression: "object.spec.replicas == variables.more", messageExpression: "'not ' + string(variables.more)" }
      ],
      auditAnnotations: [{ key: "count", valueExpression: "null" }]
    }
  },
  bad: [
    [
      { "spec.matchConditions[0].expression": "variables.more == 1" },
      undeclared("spec.matchConditions[0].expression", "variables.more == 1", "variables")
    ],
    [{ "spec.validations[0].expression": "params.a" }, undeclared("spec.validations[0].expression", "params.a", "params")],
    [
      { "spec.validations[0].expression": "variables.more" },
      gives("spec.validations[0].expression", "variables.more", "bool but got int")
    ],
    [
      { "spec.validations[0].messageExpression": "authorizer.a" },
      undeclared("spec.validations[0].messageExpression", "authorizer.a", "authorizer")
    ],
    [
      { "spec.validations[0].messageExpression": "object.a" },
      gives("spec.validations[0].messageExpression", "object.a", "string but got dyn")
    ],
    [
      { "spec.auditAnnotations[0].valueExpression": "1" },
      gives("spec.auditAnnotations[0].valueExpression", "1", "one of [string null_type] but got int")
    ],
    [
      { "spec.variables[0].expression": "variables.more" },
      `spec.variables[0].expression: Invalid value: "variables.more": compilation failed: ERROR: <input>:1:10: undefined field 'more'\n | variables.more\n | .........^`
    ]
  ]
})

const changing = { ...frame, reinvocationPolicy: "Never", failurePolicy: "Fail" }
const apply = "spec.mutations[0].applyConfiguration.expression"
const patch = "spec.mutations[1].jsonPatch.expression"
table(`${admission}/MutatingAdmissionPolicy`, {
  minimal: {
    spec: {
      ...changing,
      mutations: [
        {
          patchType: "ApplyConfiguration",
          applyConfiguration: { expression: "Object{spec: Object.spec{replicas: variables.more}}" }
        },
        { patchType: "JSONPatch", jsonPatch: { expression: "[JSONPatch{op: 'add', path: '/a', value: 1}]" } }
      ]
    }
  },
  bad: [
    [{ [apply]: "object" }, gives(apply, "object", "Object but got dyn")],
    [{ [apply]: "a" }, undeclared(apply, "a")],
    [{ [patch]: "[1]" }, gives(patch, "[1]", "list(JSONPatch) but got list(int)")]
  ]
})

const wrongType = "must evaluate to bool or the unknown type, not string"
table("resource.k8s.io/v1/DeviceClass", {
  minimal: { spec: { selectors: [{ cel: { expression: "cel.bind(d, device.driver, d == 'gpu.example.com')" } }] } },
  bad: [
    [{ "spec.selectors[0].cel.expression": "object" }, undeclared("spec.selectors[0].cel.expression", "object")],
    [
      { "spec.selectors[0].cel.expression": "device.driver" },
      `spec.selectors[0].cel.expression: Invalid value: "device.driver": ${wrongType}`
    ]
  ]
})
const claim = {
  devices: {
    requests: [
      {
        name: "a",
        exactly: { deviceClassName: "c", selectors: [{ cel: { expression: "device.attributes['x.example.com'].y" } }] }
      },
      { name: "b", firstAvailable: [{ name: "s", deviceClassName: "c", selectors: [{ cel: { expression: "true" } }] }] }
    ]
  }
}
const places = ["requests[0].exactly", "requests[1].firstAvailable[0]"]
for (const [kind, spec, path] of [
  ["ResourceClaim", claim, "spec"],
  ["ResourceClaimTemplate", { spec: claim }, "spec.spec"]
] as const) {
  table(`resource.k8s.io/v1/${kind}`, {
    minimal: { spec },
    bad: places.map((place) => {
      const at = `${path}.devices.${place}.selectors[0].cel.expression`
      return [{ [at]: "a" }, undeclared(at, "a")]
    })
  })
}

test("a change is blamed for new expressions only", () => {
  const resource = findByKind(admission, "ValidatingWebhookConfiguration")!
  const configuration = (...expressions: ReadonlyArray<string>): KubernetesObject => {
    const matchConditions = expressions.map((expression, i) => ({ name: `c${i}`, expression }))
    return {
      apiVersion: admission,
      kind: "ValidatingWebhookConfiguration",
      metadata: { name: "a", uid: "u", resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z" },
      webhooks: [
        {
          ...webhook,
          failurePolicy: "Fail",
          matchPolicy: "Exact",
          timeoutSeconds: 1,
          namespaceSelector: {},
          objectSelector: {},
          matchConditions
        }
      ]
    } as KubernetesObject
  }
  const say = (now: KubernetesObject, before: KubernetesObject) => validateUpdate(now, before, resource).map(formatFieldError)
  expect(say(configuration("a"), configuration("a"))).toEqual([])
  expect(say(configuration("true", "a"), configuration("a"))).toEqual([])
  expect(say(configuration("a", "b"), configuration("a"))).toEqual([undeclared("webhooks[0].matchConditions[1].expression", "b")])
})
