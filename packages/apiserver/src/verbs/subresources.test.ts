import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { type Answer, pod, type Running, startServer } from "../testing/server.ts"

let server: Running
beforeAll(async () => {
  server = await startServer()
  await server.json("POST", "/api/v1/namespaces/default/serviceaccounts", { metadata: { name: "default" } })
})
afterAll(() => server.close())

const pods = "/api/v1/namespaces/default/pods"
const deployments = "/apis/apps/v1/namespaces/default/deployments"
const merge = { headers: { "content-type": "application/merge-patch+json" } }

const deployment = (name: string): Answer => ({
  metadata: { name },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "main", image: "nginx" }] } }
  }
})

describe("status", () => {
  test("is written by its own path only, and writes nothing else", async () => {
    const made = await server.json("POST", deployments, { ...deployment("web"), status: { replicas: 7 } })
    expect(made.status).toEqual({})
    expect(made.metadata.generation).toBe(1)
    const both = { spec: { replicas: 5 }, status: { replicas: 3 } }
    const status = await server.json("PATCH", `${deployments}/web/status`, both, merge)
    expect([status.spec.replicas, status.status.replicas, status.metadata.generation]).toEqual([2, 3, 1])
    const main = await server.json("PATCH", `${deployments}/web`, { spec: { replicas: 5 }, status: { replicas: 9 } }, merge)
    expect([main.spec.replicas, main.status.replicas, main.metadata.generation]).toEqual([5, 3, 2])
    expect(await server.json("GET", `${deployments}/web/status`)).toEqual(main)
  })
})

describe("scale", () => {
  test("shows and changes the replicas", async () => {
    await server.json("POST", deployments, deployment("scaled"))
    const scale = await server.json("GET", `${deployments}/scaled/scale`)
    expect(scale).toMatchObject({
      kind: "Scale",
      apiVersion: "autoscaling/v1",
      spec: { replicas: 2 },
      status: { selector: "app=scaled" }
    })
    const put = await server.json("PUT", `${deployments}/scaled/scale`, { ...scale, spec: { replicas: 4 } })
    expect(put.spec.replicas).toBe(4)
    await server.json("PUT", `${deployments}/scaled/scale`, { ...scale, spec: { replicas: 1 } }, { code: 409 })
    expect((await server.json("PATCH", `${deployments}/scaled/scale`, { spec: { replicas: 6 } }, merge)).spec.replicas).toBe(6)
    const now = await server.json("GET", `${deployments}/scaled`)
    expect([now.spec.replicas, now.metadata.generation]).toEqual([6, 3])
    await server.json("PATCH", `${deployments}/scaled/scale`, { spec: { replicas: -1 } }, { ...merge, code: 422 })
  })
})

describe("a pod", () => {
  test("begins pending, with an account, a token and a priority", async () => {
    const made = await server.json("POST", pods, pod("fresh"))
    expect(made.status).toMatchObject({ phase: "Pending", qosClass: "BestEffort" })
    expect(made.spec).toMatchObject({ serviceAccountName: "default", priority: 0, preemptionPolicy: "PreemptLowerPriority" })
    expect(made.spec.volumes[0].name).toMatch(/^kube-api-access-[a-z0-9]{5}$/)
    expect(made.spec.containers[0].volumeMounts[0].mountPath).toBe("/var/run/secrets/kubernetes.io/serviceaccount")
    expect(made.spec.tolerations).toHaveLength(2)
  })

  test("is bound once", async () => {
    await server.json("POST", pods, pod("bound"))
    const binding = { target: { kind: "Node", name: "node-1" } }
    expect(await server.json("POST", `${pods}/bound/binding`, binding, { code: 201 })).toMatchObject({ status: "Success" })
    const now = await server.json("GET", `${pods}/bound`)
    expect(now.spec.nodeName).toBe("node-1")
    expect(now.status.conditions[0]).toMatchObject({ type: "PodScheduled", status: "True" })
    const again = await server.json(
      "POST",
      "/api/v1/namespaces/default/bindings",
      { ...binding, metadata: { name: "bound" } },
      { code: 409 }
    )
    expect(again.message).toBe(
      'Operation cannot be fulfilled on pods/binding "bound": pod bound is already assigned to node "node-1"'
    )
    const elsewhere = await server.json("GET", `/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-1`)
    expect(elsewhere.items.map((item: Answer) => item.metadata.name)).toEqual(["bound"])
    const byOldName = await server.json("GET", `/api/v1/pods?fieldSelector=spec.host%3Dnode-1`)
    expect(byOldName.items).toHaveLength(1)
  })

  test("takes debugging containers and other resources without being replaced", async () => {
    const small = { requests: { cpu: "50m" } }
    await server.json(
      "POST",
      pods,
      pod("debugged", { spec: { containers: [{ name: "main", image: "busybox", resources: small }] } })
    )
    const containers = [{ name: "debug", image: "busybox", targetContainerName: "main" }]
    const strategic = { headers: { "content-type": "application/strategic-merge-patch+json" } }
    const debugged = await server.json(
      "PATCH",
      `${pods}/debugged/ephemeralcontainers`,
      { spec: { ephemeralContainers: containers } },
      strategic
    )
    expect(debugged.spec.ephemeralContainers[0].name).toBe("debug")
    expect(debugged.spec.containers).toHaveLength(1)
    const resources = { limits: { cpu: "200m" }, requests: { cpu: "100m" } }
    const resized = await server.json(
      "PATCH",
      `${pods}/debugged/resize`,
      { spec: { containers: [{ name: "main", resources }] } },
      strategic
    )
    expect(resized.spec.containers[0]).toMatchObject({ image: "busybox", resources })
    expect(resized.spec.ephemeralContainers).toHaveLength(1)
    const equal = { limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "1", memory: "1Gi" } }
    const refused = await server.json(
      "PATCH",
      `${pods}/debugged/resize`,
      { spec: { containers: [{ name: "main", resources: equal }] } },
      { ...strategic, code: 422 }
    )
    expect(refused.message).toBe(
      'Pod "debugged" is invalid: spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing'
    )
  })
})

describe("eviction", () => {
  const budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
  const ready = { status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] } }

  test("asks the disruption budget", async () => {
    for (const name of ["guarded-1", "guarded-2"]) {
      await server.json("POST", pods, { ...pod(name), metadata: { name, labels: { app: "guarded" } } })
      await server.json("PATCH", `${pods}/${name}/status`, ready, merge)
    }
    await server.json("POST", budgets, {
      metadata: { name: "budget" },
      spec: { minAvailable: 1, selector: { matchLabels: { app: "guarded" } } }
    })
    const evict = (name: string, code: number) =>
      server.json("POST", `${pods}/${name}/eviction`, { kind: "Eviction", apiVersion: "policy/v1", metadata: { name } }, { code })
    expect((await evict("guarded-1", 429)).details.causes[0].message).toContain("still being processed")
    const status = {
      status: { observedGeneration: 1, disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1, expectedPods: 2 }
    }
    await server.json("PATCH", `${budgets}/budget/status`, status, merge)
    await evict("guarded-1", 201)
    expect((await server.send("GET", `${pods}/guarded-1`)).status).toBe(404)
    const refused = await evict("guarded-2", 429)
    expect(refused.message).toBe("Cannot evict pod as it would violate the pod's disruption budget.")
    expect((await server.json("GET", `${budgets}/budget`)).status.disruptionsAllowed).toBe(0)
  })
})

test("a token is asked for and is known", async () => {
  const account = "/api/v1/namespaces/default/serviceaccounts/default"
  const answer = await server.json("POST", `${account}/token`, { spec: { expirationSeconds: 600 } }, { code: 201 })
  expect(answer.status.token.split(".")).toHaveLength(3)
  const review = await server.json("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {
    spec: { token: answer.status.token }
  })
  expect(review.status).toMatchObject({ authenticated: true, user: { username: "system:serviceaccount:default:default" } })
  await server.json("POST", `${account}/token`, { spec: { expirationSeconds: 5 } }, { code: 422 })
})

test("a certificate request keeps who made it, and is approved in its own place", async () => {
  const path = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
  const request = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KQUFBQQotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K"
  const spec = { request, signerName: "kubernetes.io/kube-apiserver-client", usages: ["client auth"], username: "somebody else" }
  const made = await server.json("POST", path, { metadata: { name: "csr" }, spec })
  expect(made.spec.username).toBe("admin")
  const approved = { ...made, status: { conditions: [{ type: "Approved", status: "True", reason: "Test", message: "fine" }] } }
  const ignored = await server.json("PUT", `${path}/csr/status`, approved)
  expect(ignored.status.conditions).toBeUndefined()
  const answer = await server.json("PUT", `${path}/csr/approval`, { ...approved, metadata: ignored.metadata })
  expect(answer.status.conditions[0].type).toBe("Approved")
  expect(answer.status.conditions[0].lastUpdateTime).toBeString()
})

test("an event is one object under two groups", async () => {
  const core = "/api/v1/namespaces/default/events"
  const involvedObject = { kind: "Pod", namespace: "default", name: "x", uid: "u" }
  await server.json("POST", core, {
    metadata: { name: "event" },
    involvedObject,
    reason: "Because",
    message: "said",
    type: "Normal"
  })
  const other = await server.json("GET", "/apis/events.k8s.io/v1/namespaces/default/events/event")
  expect(other).toMatchObject({ apiVersion: "events.k8s.io/v1", kind: "Event", note: "said", regarding: involvedObject })
  const list = await server.json("GET", `${core}?fieldSelector=involvedObject.name%3Dx,reason%3DBecause`)
  expect(list.items).toHaveLength(1)
})

test("an autoscaler of version 1 is one of version 2", async () => {
  const group = "/apis/autoscaling"
  const spec = {
    maxReplicas: 3,
    scaleTargetRef: { kind: "Deployment", name: "web", apiVersion: "apps/v1" },
    targetCPUUtilizationPercentage: 50
  }
  await server.json("POST", `${group}/v1/namespaces/default/horizontalpodautoscalers`, { metadata: { name: "hpa" }, spec })
  const second = await server.json("GET", `${group}/v2/namespaces/default/horizontalpodautoscalers/hpa`)
  expect(second.spec.metrics[0].resource).toEqual({ name: "cpu", target: { type: "Utilization", averageUtilization: 50 } })
  const first = await server.json("GET", `${group}/v1/namespaces/default/horizontalpodautoscalers/hpa`)
  expect(first.spec.targetCPUUtilizationPercentage).toBe(50)
})

test("what a Secret is given as text it keeps as data", async () => {
  const secret = await server.json("POST", "/api/v1/namespaces/default/secrets", {
    metadata: { name: "s" },
    stringData: { a: "x" }
  })
  expect(secret).toMatchObject({ data: { a: "eA==" }, type: "Opaque" })
  expect(secret.stringData).toBeUndefined()
})

test("a lease may be created by PUT and is never overwritten blindly", async () => {
  const path = "/apis/coordination.k8s.io/v1/namespaces/default/leases/l"
  const lease = { metadata: { name: "l" }, spec: { holderIdentity: "a", leaseDurationSeconds: 15 } }
  expect((await server.send("PUT", path, lease)).status).toBe(201)
  expect((await server.json("PUT", path, lease, { code: 422 })).message).toContain("must be specified for an update")
})
