import { expect, test } from "bun:test"
import { resources } from "@tsukube/api"
import { type Pod, pods, type ResourceQuota, services } from "@tsukube/api/core-v1"
import { planQuota, resourcesOf } from "./plan.ts"

const quota = (hard: Record<string, string>, spec: object = {}): ResourceQuota => ({
  metadata: { name: "q", namespace: "a" },
  spec: { hard, ...spec }
})
const pod = (cpu: string, phase: NonNullable<Pod["status"]>["phase"] = "Running"): Pod => ({
  spec: { containers: [{ name: "c", resources: { requests: { cpu }, limits: { cpu, memory: "1Gi" } } }] },
  status: { phase }
})

test("only lists that a quota needs are made", () => {
  const names = (hard: Record<string, string>) => resourcesOf(quota(hard), resources).map(({ plural }) => plural)
  expect(names({ cpu: "1", "limits.memory": "1Gi" })).toEqual(["pods"])
  expect(names({ "count/deployments.apps": "1" })).toEqual(["deployments"])
  expect(names({ "services.nodeports": "1", "requests.storage": "1Gi" })).toEqual(["persistentvolumeclaims", "services"])
})

test("pods that ended count as objects alone", () => {
  const counted = [{ resource: pods, objects: [pod("500m"), pod("1"), pod("2", "Succeeded")] }]
  const hard = { "count/pods": "10", pods: "10", cpu: "4", "limits.memory": "8Gi" }
  expect(planQuota(quota(hard), counted, 0)?.used).toEqual({ "count/pods": "3", pods: "2", cpu: "1500m", "limits.memory": "2Gi" })
})

test("a quota that is right is left alone", () => {
  const hard = { services: "2" }
  const right = { ...quota(hard), status: { hard, used: { services: "1" } } }
  expect(planQuota(right, [{ resource: services, objects: [{}] }], 0)).toBeUndefined()
  expect(planQuota(right, [{ resource: services, objects: [] }], 0)?.used).toEqual({ services: "0" })
})

test("scopes leave the others out", () => {
  const guaranteed = pod("1")
  const counted = [{ resource: pods, objects: [guaranteed, { ...guaranteed, spec: { containers: [{ name: "c" }] } }] }]
  expect(planQuota(quota({ pods: "9" }, { scopes: ["BestEffort"] }), counted, 0)?.used).toEqual({ pods: "1" })
  expect(planQuota(quota({ pods: "9" }, { scopes: ["NotTerminating"] }), counted, 0)?.used).toEqual({ pods: "2" })
  expect(planQuota(quota({ pods: "9" }, { scopes: ["Terminating"] }), counted, 0)?.used).toEqual({ pods: "0" })
})
