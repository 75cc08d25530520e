import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { pod, type Running, startServer } from "../testing/server.ts"

let server: Running
beforeAll(async () => {
  server = await startServer()
  await server.json("POST", "/api/v1/namespaces/default/serviceaccounts", { metadata: { name: "default" } })
})
afterAll(() => server.close())

const pods = "/api/v1/namespaces/default/pods"
const withSpec = (name: string, spec: object): object => {
  const base = pod(name) as { readonly spec?: object }
  return { ...base, spec: { ...base.spec, ...spec } }
}

describe("service accounts", () => {
  test("must be there", async () => {
    const answer = await server.json("POST", pods, withSpec("x", { serviceAccountName: "nobody" }), { code: 403 })
    expect(answer.message).toBe(
      'pods "x" is forbidden: error looking up service account default/nobody: serviceaccount "nobody" not found'
    )
  })

  test("of a new namespace are waited for", async () => {
    await server.json("POST", "/api/v1/namespaces", { metadata: { name: "young" } })
    const made = server.json("POST", "/api/v1/namespaces/young/pods", pod("early"))
    await server.json("POST", "/api/v1/namespaces/young/serviceaccounts", { metadata: { name: "default" } })
    expect((await made).spec.serviceAccountName).toBe("default")
  })

  test("mount no token where that is not wanted", async () => {
    const made = await server.json("POST", pods, withSpec("tokenless", { automountServiceAccountToken: false }))
    expect(made.spec.volumes).toBeUndefined()
  })
})

describe("priority", () => {
  test("comes from the class", async () => {
    const made = await server.json("POST", pods, withSpec("critical", { priorityClassName: "system-node-critical" }))
    expect(made.spec.priority).toBe(2_000_001_000)
    const unknown = await server.json("POST", pods, withSpec("y", { priorityClassName: "unknown" }), { code: 403 })
    expect(unknown.message).toBe('pods "y" is forbidden: no PriorityClass with name unknown was found')
    const given = await server.json("POST", pods, withSpec("z", { priority: 7 }), { code: 403 })
    expect(given.message).toContain("the integer value of priority (7) must not be provided in pod spec")
  })
})

describe("limit ranges", () => {
  const namespace = "/api/v1/namespaces/limited"
  const resources = (limits: object, requests: object) =>
    withSpec("r", { containers: [{ name: "main", image: "x", resources: { limits, requests } }] })

  beforeAll(async () => {
    await server.json("POST", "/api/v1/namespaces", { metadata: { name: "limited" } })
    await server.json("POST", `${namespace}/serviceaccounts`, { metadata: { name: "default" } })
    const container = {
      type: "Container",
      max: { cpu: "1" },
      min: { cpu: "50m" },
      default: { cpu: "500m" },
      defaultRequest: { cpu: "100m" },
      maxLimitRequestRatio: { cpu: "10" }
    }
    const claim = { type: "PersistentVolumeClaim", max: { storage: "2Gi" } }
    await server.json("POST", `${namespace}/limitranges`, { metadata: { name: "limits" }, spec: { limits: [container, claim] } })
  })

  test("fill in what is not said", async () => {
    const made = await server.json("POST", `${namespace}/pods`, pod("plain"))
    expect(made.spec.containers[0].resources).toEqual({ limits: { cpu: "500m" }, requests: { cpu: "100m" } })
    expect(made.metadata.annotations["kubernetes.io/limit-ranger"]).toBe(
      "LimitRanger plugin set: cpu request for container main; cpu limit for container main"
    )
    expect(made.status.qosClass).toBe("Burstable")
  })

  test("refuse what is too much or too little", async () => {
    const refused = async (limits: object, requests: object) =>
      (await server.json("POST", `${namespace}/pods`, resources(limits, requests), { code: 403 })).message
    expect(await refused({ cpu: "2" }, { cpu: "500m" })).toBe(
      'pods "r" is forbidden: maximum cpu usage per Container is 1, but limit is 2'
    )
    expect(await refused({ cpu: "100m" }, { cpu: "10m" })).toBe(
      'pods "r" is forbidden: minimum cpu usage per Container is 50m, but request is 10m'
    )
    expect(await refused({ cpu: "1" }, { cpu: "60m" })).toContain("cpu max limit to request ratio per Container is 10")
    const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "5Gi" } } }
    const claim = await server.json(
      "POST",
      `${namespace}/persistentvolumeclaims`,
      { metadata: { name: "c" }, spec },
      { code: 403 }
    )
    expect(claim.message).toContain("maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 5Gi")
  })
})

test("a claim gets the default storage class, the newest of several", async () => {
  const classes = "/apis/storage.k8s.io/v1/storageclasses"
  const annotations = { "storageclass.kubernetes.io/is-default-class": "true" }
  await server.json("POST", classes, { metadata: { name: "standard", annotations }, provisioner: "example.com/x" })
  const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } }
  const claims = "/api/v1/namespaces/default/persistentvolumeclaims"
  const made = await server.json("POST", claims, { metadata: { name: "a" }, spec })
  expect(made.spec.storageClassName).toBe("standard")
  expect(made.status.phase).toBe("Pending")
  const none = await server.json("POST", claims, { metadata: { name: "b" }, spec: { ...spec, storageClassName: "" } })
  expect(none.spec.storageClassName).toBe("")
})

test("a new node is not ready yet", async () => {
  const made = await server.json("POST", "/api/v1/nodes", { metadata: { name: "n" }, status: { capacity: { cpu: "2" } } })
  expect(made.spec.taints).toEqual([{ key: "node.kubernetes.io/not-ready", effect: "NoSchedule" }])
  expect(made.status.allocatable).toEqual({ cpu: "2" })
})
