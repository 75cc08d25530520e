import { expect, test } from "bun:test"
import { checkStructure, decodeMessage, strictMessage } from "./structural.ts"

const deployment = "io.k8s.api.apps.v1.Deployment"
const pod = "io.k8s.api.core.v1.Pod"
const messages = (object: unknown, definition = pod): ReadonlyArray<string> =>
  checkStructure(object, definition).issues.map(({ message }) => message)

test("an object that is already as it should be comes back itself", () => {
  const object = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "a", labels: { app: "x" }, creationTimestamp: "2026-01-01T00:00:00Z" },
    spec: { containers: [{ name: "a", image: "b", resources: { limits: { cpu: "100m" } } }], hostNetwork: true }
  }
  const { pruned, issues, unknown } = checkStructure(object, pod)
  expect([issues, unknown]).toEqual([[], []])
  expect(pruned).toBe(object)
})

test("wrong types are refused in the decoder's words", () => {
  expect(messages({ spec: { replicas: "3" } }, deployment)).toEqual([
    "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"
  ])
  const env = [{ name: "A", value: 1 }]
  expect(messages({ spec: { template: { spec: { containers: [{ name: "a", env }] } } } }, deployment)).toEqual([
    "json: cannot unmarshal number into Go struct field EnvVar.spec.template.spec.containers.env.value of type string"
  ])
  expect(messages({ metadata: { labels: { a: 1 } } })).toEqual([
    "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string"
  ])
  expect(messages({ spec: "x" })).toEqual(["json: cannot unmarshal string into Go struct field Pod.spec of type v1.PodSpec"])
  expect(messages({ spec: { containers: {} } })).toEqual([
    "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container"
  ])
  expect(messages({ spec: { replicas: 1.5 } }, deployment)[0]).toContain(
    "cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas"
  )
  expect(messages({ spec: { hostNetwork: "yes" } })[0]).toEndWith("PodSpec.spec.hostNetwork of type bool")
  expect(messages({ spec: { replicas: 3_000_000_000 } }, deployment)[0]).toContain("number 3000000000")
})

test("values that are no quantity, time, base64 or port are refused", () => {
  const limits = (cpu: unknown) => ({ spec: { containers: [{ name: "a", resources: { limits: { cpu } } }] } })
  expect(messages(limits("lots"))[0]).toStartWith("quantities must match the regular expression")
  expect(messages(limits(true))).toHaveLength(1)
  expect(messages({ metadata: { creationTimestamp: "yesterday" } })[0]).toStartWith('parsing time "yesterday" as')
  expect(messages({ data: { a: "%" } }, "io.k8s.api.core.v1.Secret")).toEqual(["illegal base64 data at input byte 0"])
  expect(messages({ spec: { ports: [{ port: 1, targetPort: true }] } }, "io.k8s.api.core.v1.Service")).toEqual([
    "json: cannot unmarshal bool into Go value of type int32"
  ])
})

test("values are brought into canonical form", () => {
  const { pruned } = checkStructure(
    {
      metadata: { creationTimestamp: "2026-01-01T02:00:00.5+02:00" },
      spec: { containers: [{ name: "a", resources: { limits: { cpu: 0.5, memory: "1024Mi" } } }] }
    },
    pod
  )
  expect(pruned).toEqual({
    metadata: { creationTimestamp: "2026-01-01T00:00:00Z" },
    spec: { containers: [{ name: "a", resources: { limits: { cpu: "500m", memory: "1Gi" } } }] }
  })
  const lease = checkStructure({ spec: { renewTime: "2026-01-01T00:00:00.5Z" } }, "io.k8s.api.coordination.v1.Lease")
  expect(lease.pruned).toEqual({ spec: { renewTime: "2026-01-01T00:00:00.500000Z" } })
})

test("unknown fields are named and dropped, nulls and empty collections go", () => {
  const { pruned, unknown, issues } = checkStructure(
    {
      foo: 1,
      metadata: { labels: {}, name: null, annotations: { a: null } },
      spec: {
        containers: [{ name: "a", bar: 1, command: [], args: [null] }],
        Containers: [],
        constructor: 1,
        volumes: [{ name: "v", emptyDir: {} }]
      }
    },
    pod
  )
  expect(issues).toEqual([])
  expect(unknown).toEqual(["foo", "spec.containers[0].bar", "spec.Containers", "spec.constructor"])
  expect(pruned).toEqual({
    metadata: { annotations: { a: "" } },
    spec: { containers: [{ name: "a", args: [""] }], volumes: [{ name: "v", emptyDir: {} }] }
  })
  expect(decodeMessage("Pod", "v1", strictMessage(["spec.foo"]))).toBe(
    'Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.foo"'
  )
})

test("open values are left alone", () => {
  const object = { data: { anything: [null, { x: {} }] }, revision: 1 }
  expect(checkStructure(object, "io.k8s.api.apps.v1.ControllerRevision")).toEqual({ pruned: object, issues: [], unknown: [] })
})

test("pruning twice is pruning once", () => {
  const object = { spec: { x: 1, containers: [{ name: "a", resources: { requests: { cpu: "0.10" } } }, null], tolerations: [] } }
  const once = checkStructure(object, pod).pruned
  expect(checkStructure(once, pod).pruned).toBe(once)
})
