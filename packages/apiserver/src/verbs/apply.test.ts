import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { type Answer, configMap, pod, type Running, startServer } from "../testing/server.ts"

let server: Running
beforeAll(async () => {
  server = await startServer({ disableAdmissionPlugins: ["ServiceAccount"] })
})
afterAll(() => server.close())

const yaml = { "content-type": "application/apply-patch+yaml" }
const merge = { "content-type": "application/merge-patch+json" }
const configMaps = "/api/v1/namespaces/default/configmaps"
const deployments = "/apis/apps/v1/namespaces/default/deployments"

const apply = (path: string, manager: string, body: object, query = "") =>
  server.send("PATCH", `${path}?fieldManager=${manager}${query}`, body, yaml)
const applied = async (path: string, manager: string, body: object, query = ""): Promise<Answer> => {
  const response = await apply(path, manager, body, query)
  const answer = (await response.json()) as Answer
  if (!response.ok) throw new Error(JSON.stringify(answer))
  return answer
}

/** The managers of an object as `manager operation subresource`, with their fields. */
const owners = ({ metadata }: Answer): Record<string, unknown> =>
  Object.fromEntries(
    (metadata.managedFields ?? []).map((entry: Answer) => [
      [entry.manager, entry.operation, ...(entry.subresource === undefined ? [] : [entry.subresource])].join(" "),
      entry.fieldsV1
    ])
  )

const map = (name: string, data: Record<string, string>) => ({ ...configMap(name, data) })

const web = (spec: object) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web" },
  spec: {
    selector: { matchLabels: { app: "web" } },
    template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "c", image: "x" }] } },
    ...spec
  }
})

describe("managed fields", () => {
  test("create, update and patch say who changed what", async () => {
    const agent = { "user-agent": "kubectl/v1.32.0 (linux/amd64)" }
    const made = await server.json("POST", configMaps, configMap("tracked", { a: "1", b: "1" }), { headers: agent })
    expect(made.metadata.managedFields).toEqual([
      {
        manager: "kubectl",
        operation: "Update",
        apiVersion: "v1",
        time: made.metadata.creationTimestamp,
        fieldsType: "FieldsV1",
        fieldsV1: { "f:data": { ".": {}, "f:a": {}, "f:b": {} } }
      }
    ])
    const patched = await server.json(
      "PATCH",
      `${configMaps}/tracked?fieldManager=other`,
      { data: { b: "2" } },
      { headers: merge }
    )
    expect(owners(patched)).toEqual({
      "kubectl Update": { "f:data": { ".": {}, "f:a": {} } },
      "other Update": { "f:data": { "f:b": {} } }
    })
    const same = await server.json("PATCH", `${configMaps}/tracked?fieldManager=third`, { data: { b: "2" } }, { headers: merge })
    expect(same).toEqual(patched)
    const cleared = await server.json("PUT", `${configMaps}/tracked`, {
      ...patched,
      metadata: { ...patched.metadata, managedFields: [{}] }
    })
    expect(cleared.metadata.managedFields).toBeUndefined()
  })

  test("a status is owned apart, and what was not tracked by an update of it stays out", async () => {
    const made = await server.json("POST", "/api/v1/namespaces/default/pods?fieldManager=me", pod("statused"))
    const status = { phase: "Running", podIP: "10.0.0.1" }
    const path = "/api/v1/namespaces/default/pods/statused/status"
    const shown = await server.json("PUT", `${path}?fieldManager=kubelet`, { ...made, status: { ...made.status, ...status } })
    expect(owners(shown)["kubelet Update status"]).toMatchObject({ "f:status": { "f:phase": {}, "f:podIP": {} } })
    expect(Object.keys(owners(shown)).sort()).toEqual(["kubelet Update status", "me Update"])
  })
})

describe("server-side apply", () => {
  test("creates with 201, changes with 200, and takes out what is given up", async () => {
    const first = await apply(`${configMaps}/applied`, "one", map("applied", { a: "1", b: "1" }))
    expect(first.status).toBe(201)
    const second = await apply(`${configMaps}/applied`, "one", map("applied", { a: "2" }))
    expect(second.status).toBe(200)
    const object = (await second.json()) as Answer
    expect(object.data).toEqual({ a: "2" })
    expect(owners(object)).toEqual({ "one Apply": { "f:data": { "f:a": {} } } })
  })

  test("fields of others conflict as kubectl prints it, and force takes them", async () => {
    await applied(`${configMaps}/contested`, "one", map("contested", { a: "1" }))
    const refused = await apply(`${configMaps}/contested`, "two", map("contested", { a: "2" }))
    expect(refused.status).toBe(409)
    expect((await refused.json()) as Answer).toMatchObject({
      reason: "Conflict",
      message: 'Apply failed with 1 conflict: conflict with "one": .data.a',
      details: { causes: [{ reason: "FieldManagerConflict", message: 'conflict with "one"', field: ".data.a" }] }
    })
    const forced = await applied(`${configMaps}/contested`, "two", map("contested", { a: "2" }), "&force=true")
    expect(owners(forced)).toEqual({ "two Apply": { "f:data": { "f:a": {} } } })
  })

  test("needs a manager, and force belongs to it alone", async () => {
    const nobody = await server.send("PATCH", `${configMaps}/x`, map("x", {}), yaml)
    expect([nobody.status, ((await nobody.json()) as Answer).message]).toEqual([
      422,
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'
    ])
    await server.json("POST", configMaps, configMap("forced"))
    expect((await server.send("PATCH", `${configMaps}/forced?force=true`, {}, merge)).status).toBe(422)
  })

  test("a dry run changes nothing", async () => {
    const dry = await apply(`${configMaps}/dry`, "one", map("dry", { a: "1" }), "&dryRun=All")
    expect(dry.status).toBe(201)
    expect((await server.send("GET", `${configMaps}/dry`)).status).toBe(404)
  })

  test("the status has appliers of its own", async () => {
    await applied(`${deployments}/web`, "one", web({ replicas: 1 }))
    const status = { apiVersion: "apps/v1", kind: "Deployment", status: { replicas: 1 } }
    const object = await applied(`${deployments}/web/status`, "counter", status)
    expect(object.status.replicas).toBe(1)
    expect(owners(object)["counter Apply status"]).toEqual({ "f:status": { "f:replicas": {} } })
    expect((await apply(`${deployments}/none/status`, "counter", status)).status).toBe(404)
  })

  test("whoever scales owns the replicas, and the next apply of another number conflicts with them", async () => {
    await applied(`${deployments}/web`, "one", web({ replicas: 1 }))
    await server.json("PATCH", `${deployments}/web/scale?fieldManager=scaler`, { spec: { replicas: 3 } }, { headers: merge })
    const object = await server.json("GET", `${deployments}/web`)
    expect(object.spec.replicas).toBe(3)
    expect(owners(object)["scaler Update scale"]).toEqual({ "f:spec": { "f:replicas": {} } })
    const refused = await apply(`${deployments}/web`, "one", web({ replicas: 1 }))
    expect(((await refused.json()) as Answer).message).toBe(
      'Apply failed with 1 conflict: conflict with "scaler" with subresource "scale" using apps/v1: .spec.replicas'
    )
    await applied(`${deployments}/web`, "one", web({}))
    const scale = { apiVersion: "autoscaling/v1", kind: "Scale", spec: { replicas: 4 } }
    expect((await apply(`${deployments}/web/scale`, "applier", scale)).status).toBe(409)
    const scaled = await applied(`${deployments}/web/scale`, "applier", scale, "&force=true")
    expect(scaled.spec.replicas).toBe(4)
    expect(owners(await server.json("GET", `${deployments}/web`))["applier Apply scale"]).toEqual({
      "f:spec": { "f:replicas": {} }
    })
  })

  test("a field that the kind does not have is refused with upstream's words", async () => {
    const response = await apply(`${configMaps}/odd`, "one", { ...map("odd", {}), spec: {} })
    expect(((await response.json()) as Answer).message).toContain(".spec: field not declared in schema")
    expect(response.status).toBe(400)
  })

  test("twenty appliers of one object at once all come through", async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => apply(`${configMaps}/shared`, `m${i}`, map("shared", { [`k${i}`]: "v" })))
    )
    expect(answers.every(({ ok }) => ok)).toBe(true)
    const object = await server.json("GET", `${configMaps}/shared`)
    expect(Object.keys(object.data)).toHaveLength(20)
    expect(object.metadata.managedFields).toHaveLength(20)
  })
})
