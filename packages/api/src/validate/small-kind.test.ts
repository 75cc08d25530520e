/** The kinds that have little to say. */
import { table } from "./table.ts"

/** What is said of a qualified name that is empty. */
const unnamed = (field: string) => [
  `${field}: Invalid value: "": name part must be non-empty`,
  `${field}: Invalid value: "": name part must consist of…`
]

const data = { a: 1 }
table("v1/ServiceAccount", {
  minimal: {},
  maximal: { secrets: [{ name: "s" }], imagePullSecrets: [{ name: "p" }], automountServiceAccountToken: false },
  bad: [[{ "metadata.name": "A" }, 'metadata.name: Invalid value: "A": a lowercase RFC 1123 subdomain…']]
})
table("v1/Binding", {
  minimal: { target: { name: "n" } },
  bad: [
    [{ target: { kind: "Pod", name: "n" } }, 'target.kind: Unsupported value: "Pod": supported values: "Node", "<empty>"'],
    [{ target: { kind: "Node" } }, "target.name: Required value"]
  ]
})
table("apps/v1/ControllerRevision", {
  minimal: { data, revision: 1 },
  bad: [
    [{ data: undefined }, "data: Required value: data is mandatory"],
    [{ revision: -1 }, "revision: Invalid value: -1: must be greater than or equal to 0"]
  ],
  frozen: [[{ data: { a: 2 } }, 'data: Invalid value: {"a":2}: field is immutable']]
})
table("node.k8s.io/v1/RuntimeClass", {
  minimal: { handler: "runc" },
  maximal: {
    handler: "kata",
    overhead: { podFixed: { cpu: "100m", memory: "64Mi" } },
    scheduling: { nodeSelector: { a: "b" }, tolerations: [{ key: "k", operator: "Exists" }] }
  },
  bad: [
    [{ handler: "A" }, 'handler: Invalid value: "A": a lowercase RFC 1123 label…'],
    [{ overhead: { podFixed: { cpu: "-1" } } }, 'overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
    [
      { scheduling: { nodeSelector: { "a b": "" } } },
      'scheduling.nodeSelector: Invalid value: "a b": name part must consist of…'
    ],
    [
      { scheduling: { tolerations: [{ operator: "Exists" }, { operator: "Exists" }] } },
      'scheduling.tolerations[1]: Duplicate value: {"operator":"Exists"}'
    ]
  ],
  frozen: [[{ handler: "runc" }, 'handler: Invalid value: "runc": field is immutable']]
})

table("networking.k8s.io/v1/IngressClass", {
  minimal: { spec: { controller: "example.com/c" } },
  maximal: {
    spec: {
      controller: "example.com/c",
      parameters: { apiGroup: "example.com", kind: "P", name: "p", scope: "Namespace", namespace: "n" }
    }
  },
  bad: [
    [{ "spec.controller": "" }, "spec.controller: Required value"],
    [{ "spec.controller": "c" }, 'spec.controller: Invalid value: "c": must be a domain-prefixed path (such as "acme.io/foo")'],
    [
      { "spec.parameters": { kind: "P", name: "p", scope: "Namespace" } },
      "spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"
    ],
    [
      { "spec.parameters": { kind: "P", name: "p", namespace: "n" } },
      "spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"
    ]
  ],
  frozen: [[{ "spec.controller": "example.com/d" }, 'spec.controller: Invalid value: "example.com/d": field is immutable']]
})
table("networking.k8s.io/v1/IPAddress", {
  minimal: { metadata: { name: "10.0.0.1" }, spec: { parentRef: { resource: "services", name: "s", namespace: "n" } } },
  bad: [
    [{ "metadata.name": "x" }, 'metadata.name: Invalid value: "x": must be a valid IP address…'],
    [{ "spec.parentRef": undefined }, "spec.parentRef: Required value"],
    [{ "spec.parentRef.name": "" }, "spec.parentRef.name: Required value"]
  ],
  frozen: [[{ "spec.parentRef.name": "t" }, "spec.parentRef: Invalid value: …"]]
})
table("networking.k8s.io/v1/ServiceCIDR", {
  minimal: { spec: { cidrs: ["10.0.0.0/24"] } },
  bad: [
    [{ "spec.cidrs": [] }, "spec.cidrs: Required value: at least one CIDR required"],
    [{ "spec.cidrs": ["10.0.0.0/24", "10.1.0.0/24"] }, "spec.cidrs: Invalid value: …"],
    [{ "spec.cidrs": ["x"] }, 'spec.cidrs[0]: Invalid value: "x": must be a valid CIDR value…']
  ],
  frozen: [[{ "spec.cidrs": ["10.1.0.0/24"] }, 'spec.cidrs[0]: Invalid value: "10.1.0.0/24": field is immutable']]
})

table("storage.k8s.io/v1/CSIDriver", {
  minimal: { spec: {} },
  defaults: {
    "spec.attachRequired": true,
    "spec.fsGroupPolicy": "ReadWriteOnceWithFSType",
    "spec.volumeLifecycleModes": ["Persistent"]
  },
  maximal: {
    spec: {
      attachRequired: false,
      fsGroupPolicy: "File",
      tokenRequests: [{ audience: "a", expirationSeconds: 600 }],
      volumeLifecycleModes: ["Ephemeral"]
    }
  },
  bad: [
    [
      { "spec.fsGroupPolicy": "X" },
      'spec.fsGroupPolicy: Unsupported value: "X": supported values: "File", "None", "ReadWriteOnceWithFSType"'
    ],
    [
      { "spec.tokenRequests": [{ audience: "a", expirationSeconds: 5 }] },
      "spec.tokenRequests[0].expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes"
    ],
    [{ "spec.tokenRequests": [{ audience: "x" }, { audience: "x" }] }, 'spec.tokenRequests[1].audience: Duplicate value: "x"']
  ],
  frozen: [[{ "spec.attachRequired": true }, "spec.attachedRequired: Invalid value: true: field is immutable"]]
})
table("storage.k8s.io/v1/CSINode", {
  minimal: { spec: { drivers: [] } },
  maximal: { spec: { drivers: [{ name: "d.example.com", nodeID: "n", topologyKeys: ["zone"], allocatable: { count: 5 } }] } },
  bad: [
    [{ "spec.drivers": [{ name: "d", nodeID: "" }] }, "spec.drivers[0].nodeID: Required value"],
    [{ "spec.drivers": [{ name: "d", nodeID: "n", topologyKeys: ["a", "a"] }] }, 'spec.drivers[0]: Duplicate value: "a"']
  ],
  frozen: [[{ "spec.drivers[0].nodeID": "m" }, "spec.drivers: Invalid value: …"]]
})
table("storage.k8s.io/v1/CSIStorageCapacity", {
  minimal: { storageClassName: "c" },
  maximal: { storageClassName: "c", capacity: "1Gi", maximumVolumeSize: "1Mi", nodeTopology: { matchLabels: { a: "b" } } },
  bad: [[{ capacity: "-1" }, 'capacity: Invalid value: "-1": must be greater than or equal to 0']],
  frozen: [[{ storageClassName: "d" }, 'storageClassName: Invalid value: "d": field is immutable']]
})
table("storage.k8s.io/v1/VolumeAttachment", {
  minimal: { spec: { attacher: "d.example.com", nodeName: "n", source: { persistentVolumeName: "v" } } },
  bad: [
    [{ "spec.source": {} }, "spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName"],
    [{ "spec.attacher": "" }, "spec.attacher: Required value"]
  ],
  frozen: [[{ "spec.nodeName": "m" }, "spec: Invalid value: …"]]
})
table("storage.k8s.io/v1/VolumeAttributesClass", {
  minimal: { driverName: "d.example.com", parameters: { a: "b" } },
  bad: [
    [{ parameters: {} }, "parameters: Required value: must contain at least one key/value pair"],
    [{ driverName: "" }, "driverName: Required value"]
  ],
  frozen: [
    [{ parameters: { a: "c" } }, "parameters: Forbidden: updates to parameters are forbidden."],
    [{ driverName: "e.example.com" }, "driverName: Forbidden: updates to driverName are forbidden."]
  ]
})
table("storage.k8s.io/v1/StorageClass", {
  minimal: { provisioner: "p.example.com" },
  defaults: { reclaimPolicy: "Delete", volumeBindingMode: "Immediate" },
  maximal: {
    provisioner: "p.example.com",
    parameters: { a: "b" },
    allowedTopologies: [{ matchLabelExpressions: [{ key: "zone", values: ["a"] }] }],
    allowVolumeExpansion: true
  },
  bad: [
    [{ provisioner: "" }, "provisioner: Required value"],
    [
      { allowedTopologies: [{ matchLabelExpressions: [{ key: "zone", values: [] }] }] },
      "allowedTopologies[0].matchLabelExpressions[0].values: Required value"
    ]
  ],
  frozen: [[{ reclaimPolicy: "Retain" }, 'reclaimPolicy: Invalid value: "Retain": field is immutable']]
})

const request = btoa("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n")
table("certificates.k8s.io/v1/CertificateSigningRequest", {
  minimal: { spec: { request, signerName: "example.com/s", usages: ["client auth"] } },
  bad: [
    [{ "spec.request": btoa("x") }, "spec.request: Invalid value: …"],
    [{ "spec.usages": [] }, "spec.usages: Required value"],
    [{ "spec.usages": ["client auth", "client auth"] }, 'spec.usages[1]: Duplicate value: "client auth"'],
    [
      { "spec.signerName": "s" },
      `spec.signerName: Invalid value: "s": must be a fully qualified domain and path of the form 'example.com/signer-name'`
    ],
    [
      { "spec.expirationSeconds": 5 },
      "spec.expirationSeconds: Invalid value: 5: may not specify a duration less than 600 seconds (10 minutes)"
    ]
  ]
})

const event = {
  eventTime: "2026-01-01T00:00:00.000000Z",
  type: "Normal",
  action: "Do",
  reason: "Because",
  reportingController: "example.com/c",
  reportingInstance: "i",
  regarding: { namespace: "default" }
}
table("events.k8s.io/v1/Event", {
  minimal: event,
  maximal: { ...event, note: "n", series: { count: 2, lastObservedTime: "2026-01-01T00:00:00.000000Z" } },
  bad: [
    [{ action: "" }, "action: Required value"],
    [{ type: "Odd" }, 'type: Invalid value: "": has invalid value: Odd'],
    [{ reportingController: "" }, "reportingController: Required value", ...unnamed("reportingController")],
    [{ "series.count": 1 }, 'series.count: Invalid value: "": should be at least 2', "series.lastObservedTime: Required value"],
    [{ deprecatedCount: 3 }, 'count: Invalid value: "": needs to be unset']
  ],
  frozen: [[{ reason: "Other" }, 'reason: Invalid value: "Other": field is immutable']]
})
table("v1/Event", {
  minimal: { involvedObject: { namespace: "default" } },
  bad: [
    [{ "involvedObject.namespace": "x" }, 'involvedObject.namespace: Invalid value: "x": does not match event.namespace'],
    [
      { eventTime: event.eventTime, action: "a", reason: "b", reportingInstance: "i" },
      "reportingComponent: Required value",
      ...unnamed("reportingComponent")
    ]
  ]
})

const nonResourceAttributes = { path: "/healthz", verb: "get" }
table("authorization.k8s.io/v1/SubjectAccessReview", {
  minimal: { spec: { user: "me", nonResourceAttributes } },
  bad: [
    [{ "spec.user": "" }, 'spec.user: Invalid value: "": at least one of user or group must be specified'],
    [
      { "spec.nonResourceAttributes": undefined },
      "spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified"
    ],
    [{ "spec.resourceAttributes": { verb: "get" } }, "spec.nonResourceAttributes: Invalid value: …"],
    [{ "metadata.name": "x" }, 'metadata: Invalid value: {"name":"x"}: must be empty']
  ]
})
table("authorization.k8s.io/v1/SelfSubjectAccessReview", {
  minimal: { spec: { nonResourceAttributes } },
  bad: [[{ "spec.nonResourceAttributes": undefined }, "spec.resourceAttributes: Invalid value: null: exactly one…"]]
})
table("authorization.k8s.io/v1/LocalSubjectAccessReview", {
  minimal: {
    metadata: { namespace: "n" },
    spec: { user: "me", resourceAttributes: { namespace: "n", verb: "get", resource: "pods" } }
  },
  bad: [
    [
      { "spec.resourceAttributes.namespace": "m" },
      'spec.resourceAttributes.namespace: Invalid value: "m": must match metadata.namespace'
    ]
  ]
})
for (const kind of ["authentication.k8s.io/v1/TokenReview", "authorization.k8s.io/v1/SelfSubjectRulesReview"])
  table(kind, { minimal: { spec: kind.endsWith("TokenReview") ? { token: "t" } : { namespace: "n" } } })
