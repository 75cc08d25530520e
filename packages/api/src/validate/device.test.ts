/** Devices and fairness: resource.k8s.io and flowcontrol.apiserver.k8s.io. */
import { table } from "./table.ts"

const request = { name: "gpu", exactly: { deviceClassName: "gpu.example.com" } }
const devices = { requests: [request] }

table("resource.k8s.io/v1/ResourceClaim", {
  minimal: { spec: { devices } },
  defaults: { "spec.devices.requests[0].exactly.allocationMode": "ExactCount", "spec.devices.requests[0].exactly.count": 1 },
  maximal: {
    spec: {
      devices: {
        requests: [
          request,
          {
            name: "any",
            firstAvailable: [{ name: "big", deviceClassName: "c", count: 2, selectors: [{ cel: { expression: "true" } }] }]
          }
        ],
        constraints: [{ requests: ["gpu", "any/big"], matchAttribute: "example.com/numa" }],
        config: [{ requests: ["gpu"], opaque: { driver: "d.example.com", parameters: { a: 1 } } }]
      }
    }
  },
  bad: [
    [
      { "spec.devices.requests": [{ name: "a" }] },
      "spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required"
    ],
    [
      { "spec.devices.requests[0].exactly.deviceClassName": "" },
      "spec.devices.requests[0].exactly.deviceClassName: Required value"
    ],
    [
      { "spec.devices.requests[0].exactly.allocationMode": "All", "spec.devices.requests[0].exactly.count": 2 },
      "spec.devices.requests[0].exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'"
    ],
    [{ "spec.devices.requests": [request, request] }, 'spec.devices.requests[1]: Duplicate value: "gpu"'],
    [
      { "spec.devices.constraints": [{ requests: ["x"], matchAttribute: "a.b/c" }] },
      "spec.devices.constraints[0].requests[0]: Invalid value: \"x\": must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"
    ],
    [
      { "spec.devices.constraints": [{ matchAttribute: "c" }] },
      'spec.devices.constraints[0].matchAttribute: Invalid value: "c": a fully qualified name must be a domain and a name separated by a slash'
    ],
    [{ "spec.devices.config": [{}] }, "spec.devices.config[0].opaque: Required value"]
  ],
  frozen: [
    [
      { "spec.devices.requests[0].name": "other" },
      "spec.devices.constraints[0].requests[0]: …",
      "spec.devices.config[0].requests[0]: …",
      "spec: Invalid value: …"
    ]
  ]
})
table("resource.k8s.io/v1/ResourceClaimTemplate", {
  minimal: { spec: { spec: { devices } } },
  bad: [
    [
      { "spec.spec.devices.requests[0].name": "A" },
      'spec.spec.devices.requests[0].name: Invalid value: "A": a lowercase RFC 1123 label…'
    ]
  ],
  frozen: [[{ "spec.spec.devices.requests[0].name": "b" }, "spec: Invalid value: …"]]
})
table("resource.k8s.io/v1/DeviceClass", {
  minimal: { spec: {} },
  maximal: { spec: { selectors: [{ cel: { expression: "device.driver == 'd'" } }], extendedResourceName: "example.com/gpu" } },
  bad: [
    [{ "spec.selectors": [{ cel: { expression: "" } }] }, "spec.selectors[0].cel.expression: Required value"],
    [{ "spec.selectors": [{}] }, "spec.selectors[0].cel: Required value"]
  ]
})
const slice = { driver: "d.example.com", nodeName: "n", pool: { name: "p", generation: 0, resourceSliceCount: 1 } }
table("resource.k8s.io/v1/ResourceSlice", {
  minimal: { spec: slice },
  maximal: {
    spec: {
      ...slice,
      devices: [
        {
          name: "dev-0",
          attributes: { model: { string: "x" }, "a.b/v": { version: "1.2.3" } },
          capacity: { memory: { value: "1Gi" } }
        }
      ]
    }
  },
  bad: [
    [
      { "spec.nodeName": undefined },
      "spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"
    ],
    [{ "spec.pool.resourceSliceCount": 0 }, "spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero"],
    [{ "spec.devices": [{ name: "a" }, { name: "a" }] }, 'spec.devices[1]: Duplicate value: "a"'],
    [
      { "spec.devices": [{ name: "a", attributes: { x: {} } }] },
      'spec.devices[0].attributes[x]: Invalid value: "": exactly one value must be specified'
    ],
    [
      { "spec.devices": [{ name: "a", attributes: { x: { version: "1" } } }] },
      'spec.devices[0].attributes[x].version: Invalid value: "1": must be a string compatible with semver.org spec 2.0.0'
    ]
  ],
  frozen: [[{ "spec.nodeName": "m" }, 'spec.nodeName: Invalid value: "m": field is immutable']]
})

const resourceRules = [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"], clusterScope: true }]
const rules = [{ subjects: [{ kind: "Group", group: { name: "g" } }], resourceRules }]
table("flowcontrol.apiserver.k8s.io/v1/FlowSchema", {
  minimal: { spec: { priorityLevelConfiguration: { name: "p" } } },
  defaults: { "spec.matchingPrecedence": 1000 },
  maximal: {
    spec: { priorityLevelConfiguration: { name: "p" }, matchingPrecedence: 5, distinguisherMethod: { type: "ByUser" }, rules }
  },
  bad: [
    [
      { "spec.matchingPrecedence": 1 },
      "spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1"
    ],
    [{ "spec.matchingPrecedence": 10001 }, "spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000"],
    [
      { "spec.rules": [{ subjects: [], resourceRules }] },
      "spec.rules[0].subjects: Required value: subjects must contain at least one value"
    ],
    [
      { "spec.rules": [{ subjects: [{ kind: "User" }], resourceRules }] },
      "spec.rules[0].subjects[0].user: Required value: user is required when subject kind is 'User'"
    ]
  ]
})
const limited = { limitResponse: { type: "Reject" } }
table("flowcontrol.apiserver.k8s.io/v1/PriorityLevelConfiguration", {
  minimal: { spec: { type: "Limited", limited } },
  defaults: { "spec.limited.nominalConcurrencyShares": 30, "spec.limited.lendablePercent": 0 },
  maximal: {
    spec: {
      type: "Limited",
      limited: {
        nominalConcurrencyShares: 5,
        lendablePercent: 50,
        borrowingLimitPercent: 10,
        limitResponse: { type: "Queue", queuing: { queues: 16, handSize: 4, queueLengthLimit: 10 } }
      }
    }
  },
  bad: [
    [{ "spec.type": "Odd" }, 'spec.type: Unsupported value: "Odd": supported values: "Exempt", "Limited"'],
    [{ "spec.limited": undefined }, "spec.limited: Required value: must not be empty when type is Limited"],
    [
      { "spec.limited.lendablePercent": 101 },
      "spec.limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive"
    ],
    [
      { "spec.limited.limitResponse": { type: "Queue" } },
      "spec.limited.limitResponse.queuing: Required value: must not be empty if limited.limitResponse.type is Limited"
    ]
  ]
})
