import { afterAll, beforeAll, expect, test } from "bun:test"
import { type Answer, configMap, pod, type Running, startServer } from "../testing/server.ts"

let server: Running
beforeAll(async () => {
  server = await startServer({ disableAdmissionPlugins: ["ServiceAccount"] })
})
afterAll(() => server.close())

const quotas = (namespace: string) => `/api/v1/namespaces/${namespace}/resourcequotas`

/** A namespace with a quota whose use has been counted, as the controller does it. */
const limited = async (namespace: string, hard: Record<string, string>, spec: object = {}): Promise<void> => {
  await server.json("POST", "/api/v1/namespaces", { metadata: { name: namespace } })
  const quota = await server.json("POST", quotas(namespace), { metadata: { name: "quota" }, spec: { hard, ...spec } })
  const used = Object.fromEntries(Object.keys(hard).map((name) => [name, "0"]))
  await server.json("PUT", `${quotas(namespace)}/quota/status`, { ...quota, status: { hard, used } })
}
const used = async (namespace: string) => (await server.json("GET", `${quotas(namespace)}/quota`)).status.used
const refusal = async (method: string, path: string, body: unknown): Promise<string> => {
  const response = await server.send(method, path, body)
  expect(response.status).toBe(403)
  return ((await response.json()) as Answer).message
}

const asking = (name: string, cpu: string) =>
  pod(name, { spec: { containers: [{ name: "main", image: "x", resources: { requests: { cpu } } }] } })

test("what is created counts, and the next too many is refused in upstream's words", async () => {
  await limited("counted", { pods: "2", "requests.cpu": "1", "count/configmaps": "1" })
  const path = "/api/v1/namespaces/counted/pods"
  expect(await refusal("POST", path, pod("silent"))).toBe(
    'pods "silent" is forbidden: failed quota: quota: must specify requests.cpu for: main'
  )
  await server.json("POST", path, asking("one", "600m"))
  expect(await used("counted")).toEqual({ pods: "1", "requests.cpu": "600m", "count/configmaps": "0" })
  expect(await refusal("POST", path, asking("two", "500m"))).toBe(
    'pods "two" is forbidden: exceeded quota: quota, requested: requests.cpu=500m, used: requests.cpu=600m, limited: requests.cpu=1'
  )
  await server.json("POST", `${path}?dryRun=All`, asking("three", "400m"))
  expect((await used("counted"))["pods"]).toBe("1")
  await server.json("POST", "/api/v1/namespaces/counted/configmaps", configMap("one"))
  expect(await refusal("POST", "/api/v1/namespaces/counted/configmaps", configMap("two"))).toContain(
    "exceeded quota: quota, requested: count/configmaps=1, used: count/configmaps=1, limited: count/configmaps=1"
  )
})

test("of a hundred at once just those come through that there is room for", async () => {
  await limited("busy", { "count/configmaps": "40" })
  const codes = await Promise.all(
    Array.from({ length: 100 }, async (_, i) => {
      const response = await server.send("POST", "/api/v1/namespaces/busy/configmaps", configMap(`c${i}`))
      return response.status
    })
  )
  expect(codes.filter((code) => code === 201)).toHaveLength(40)
  expect(codes.filter((code) => code === 403)).toHaveLength(60)
  expect(await used("busy")).toEqual({ "count/configmaps": "40" })
  expect((await server.json("GET", "/api/v1/namespaces/busy/configmaps")).items).toHaveLength(40)
})

test("two servers on one store never give the same room twice", async () => {
  const { layerMemory, Store } = await import("@tsukube/store")
  const { Context, Effect, Layer, Scope } = await import("effect")
  const context = await Effect.runPromise(Layer.buildWithScope(Layer.fresh(layerMemory), Scope.makeUnsafe()))
  const store = Layer.succeed(Store, Context.get(context, Store))
  const servers = await Promise.all([startServer({}, store), startServer({}, store)])
  const [first, second] = servers as [Running, Running]
  const quota = await first.json("POST", quotas("default"), { metadata: { name: "quota" }, spec: { hard: { secrets: "10" } } })
  const status = { hard: { secrets: "10" }, used: { secrets: "0" } }
  await first.json("PUT", `${quotas("default")}/quota/status`, { ...quota, status })
  await second.json("GET", `${quotas("default")}/quota`)
  const codes = await Promise.all(
    Array.from({ length: 40 }, async (_, i) => {
      const server = i % 2 === 0 ? first : second
      return (await server.send("POST", "/api/v1/namespaces/default/secrets", { metadata: { name: `s${i}` } })).status
    })
  )
  expect(codes.filter((code) => code === 201)).toHaveLength(10)
  expect((await first.json("GET", "/api/v1/namespaces/default/secrets")).items).toHaveLength(10)
  await Promise.all(servers.map((one) => one.close()))
})

test("scopes choose the pods, and a claim that grows counts for more", async () => {
  await limited("scoped", { pods: "0" }, { scopes: ["BestEffort"] })
  const path = "/api/v1/namespaces/scoped/pods"
  expect(await refusal("POST", path, pod("best"))).toContain(
    "exceeded quota: quota, requested: pods=1, used: pods=0, limited: pods=0"
  )
  await server.json("POST", path, asking("burstable", "1m"))
})

test("services count their ports", async () => {
  await limited("ports", { "services.nodeports": "1", services: "5" })
  const path = "/api/v1/namespaces/ports/services"
  const service = (name: string, type: string, ...ports: Array<number>) => ({
    metadata: { name },
    spec: { type, selector: { a: "b" }, ports: ports.map((port) => ({ name: `p${port}`, port })) }
  })
  expect(await refusal("POST", path, service("two", "NodePort", 80, 81))).toContain("requested: services.nodeports=2")
  const one = await server.json("POST", path, service("one", "ClusterIP", 80))
  await server.json("PUT", `${path}/one`, { ...one, spec: { ...one.spec, type: "NodePort" } })
  expect(await used("ports")).toEqual({ "services.nodeports": "1", services: "1" })
})
