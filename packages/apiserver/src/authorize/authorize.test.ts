import { afterAll, beforeAll, expect, test } from "bun:test"
import { layerMemory, Store } from "@tsukube/store"
import { Context, Effect, Layer, Scope } from "effect"
import type { UserInfo } from "../request.ts"
import { type Answer, pod, type Running, startServer } from "../testing/server.ts"

const api = "rbac.authorization.k8s.io"
const rbacPath = `/apis/${api}/v1`
const namespaced = `${rbacPath}/namespaces/default`
const eve: UserInfo = { name: "eve", groups: ["system:authenticated"] }
let server: Running

const role = (kind: string, name: string, rules: ReadonlyArray<object>) => ({
  kind,
  apiVersion: `${api}/v1`,
  metadata: { name },
  rules
})
const binding = (kind: string, roleKind: string, name: string, subjects: ReadonlyArray<object>) => ({
  kind,
  apiVersion: `${api}/v1`,
  metadata: { name },
  roleRef: { apiGroup: api, kind: roleKind, name },
  subjects
})
const user = (name: string) => ({ apiGroup: api, kind: "User", name })

beforeAll(async () => {
  server = await startServer()
  await server.json("POST", "/api/v1/namespaces/default/serviceaccounts", {
    kind: "ServiceAccount",
    apiVersion: "v1",
    metadata: { name: "default" }
  })
})
afterAll(() => server.close())

const codeOf = async (who: UserInfo, method: string, path: string, body?: unknown): Promise<number> =>
  (await server.as(who).send(method, path, body)).status

test("a role holds in its namespace only, from the moment it is bound until it is not", async () => {
  const pods = "/api/v1/namespaces/default/pods"
  expect(await codeOf(eve, "GET", pods)).toBe(403)
  await server.json(
    "POST",
    `${namespaced}/roles`,
    role("Role", "look", [{ apiGroups: [""], resources: ["pods"], verbs: ["list"] }])
  )
  await server.json("POST", `${namespaced}/rolebindings`, binding("RoleBinding", "Role", "look", [user("eve")]))
  expect(await codeOf(eve, "GET", pods)).toBe(200)
  expect(await codeOf(eve, "GET", `${pods}?watch=1`)).toBe(403)
  expect(await codeOf(eve, "GET", "/api/v1/namespaces/kube-system/pods")).toBe(403)
  expect(await codeOf(eve, "GET", "/api/v1/pods")).toBe(403)
  await server.json("DELETE", `${namespaced}/rolebindings/look`)
  expect(await codeOf(eve, "GET", pods)).toBe(403)
})

test("a ClusterRole bound in a namespace holds there; service accounts are found by name", async () => {
  const robot: UserInfo = { name: "system:serviceaccount:default:robot", groups: [] }
  const subject = { kind: "ServiceAccount", name: "robot", namespace: "default" }
  await server.json("POST", `${namespaced}/rolebindings`, binding("RoleBinding", "ClusterRole", "view", [subject]))
  expect(await codeOf(robot, "GET", "/api/v1/namespaces/default/configmaps")).toBe(200)
  expect(await codeOf(robot, "GET", "/api/v1/namespaces/default/secrets")).toBe(403)
  expect(await codeOf(robot, "GET", "/api/v1/configmaps")).toBe(403)
})

test("everybody may discover, nobody unknown may", async () => {
  const anonymous: UserInfo = { name: "system:anonymous", groups: ["system:unauthenticated"] }
  expect(await codeOf(eve, "GET", "/apis")).toBe(200)
  expect(await codeOf(anonymous, "GET", "/apis")).toBe(403)
  expect(await codeOf(anonymous, "GET", "/version")).toBe(200)
})

const review = (kind: string, spec: object, path = `/apis/authorization.k8s.io/v1/${kind.toLowerCase()}s`): Promise<Answer> =>
  server.json("POST", path, { kind, apiVersion: "authorization.k8s.io/v1", spec })

test("access reviews answer for others, and tell wrong questions apart", async () => {
  const resourceAttributes = { verb: "get", resource: "secrets", namespace: "default" }
  expect((await review("SubjectAccessReview", { user: "eve", resourceAttributes })).status).toEqual({ allowed: false })
  const masters = await review("SubjectAccessReview", { user: "x", groups: ["system:masters"], resourceAttributes })
  expect(masters.status.allowed).toBe(true)
  const viewer = {
    user: "system:serviceaccount:default:robot",
    resourceAttributes: { ...resourceAttributes, resource: "configmaps" }
  }
  expect((await review("SubjectAccessReview", viewer)).status).toEqual({
    allowed: true,
    reason: 'RBAC: allowed by RoleBinding "view/default" of ClusterRole "view" to ServiceAccount "robot/default"'
  })
  await expect(review("SubjectAccessReview", { user: "eve" })).rejects.toThrow(
    "exactly one of nonResourceAttributes or resourceAttributes"
  )
  await expect(review("SubjectAccessReview", { resourceAttributes })).rejects.toThrow(
    "at least one of user or group must be specified"
  )
})

test("a node reads the secrets of its own pods and of no others", async () => {
  const node: UserInfo = { name: "system:node:one", groups: ["system:nodes", "system:authenticated"] }
  const secrets = "/api/v1/namespaces/default/secrets"
  for (const name of ["mine", "theirs"]) {
    await server.json("POST", secrets, { kind: "Secret", apiVersion: "v1", metadata: { name } })
    await server.json(
      "POST",
      "/api/v1/namespaces/default/pods",
      pod(name, {
        spec: {
          nodeName: name === "mine" ? "one" : "two",
          containers: [{ name: "main", image: "x" }],
          volumes: [{ name: "s", secret: { secretName: name } }]
        }
      })
    )
  }
  expect(await codeOf(node, "GET", `${secrets}/mine`)).toBe(200)
  expect(await codeOf(node, "GET", `${secrets}/theirs`)).toBe(403)
  expect(await codeOf(node, "GET", secrets)).toBe(403)
  expect(await codeOf(node, "GET", "/api/v1/pods")).toBe(200)
  const status = (name: string) => `/api/v1/namespaces/default/pods/${name}/status`
  expect(await codeOf(node, "PATCH", status("theirs"), {})).toBe(403)
  expect(await codeOf(node, "GET", "/apis/apps/v1/deployments")).toBe(403)
})

test("a server that starts repairs the first roles, and leaves alone what somebody took into his own hands", async () => {
  const scope = Effect.runSync(Scope.make())
  const context = await Effect.runPromise(Layer.buildWithScope(Layer.fresh(layerMemory), scope))
  const store = Layer.succeed(Store, Context.get(context, Store))
  const first = await startServer({}, store)
  const rolePath = (name: string) => `${rbacPath}/clusterroles/${name}`
  const wanted = await first.json("GET", rolePath("system:discovery"))
  await first.json("PUT", rolePath("system:discovery"), { ...wanted, rules: [] })
  const own = await first.json("GET", rolePath("system:basic-user"))
  const annotations = { "rbac.authorization.kubernetes.io/autoupdate": "false" }
  await first.json("PUT", rolePath("system:basic-user"), { ...own, metadata: { ...own.metadata, annotations }, rules: [] })
  await first.close()
  const second = await startServer({}, store)
  expect((await second.json("GET", rolePath("system:discovery"))).rules).toEqual(wanted.rules)
  expect((await second.json("GET", rolePath("system:basic-user"))).rules ?? []).toEqual([])
  await second.close()
})

test("nobody grants what he does not have, by a role or by binding one", async () => {
  const mallory: UserInfo = { name: "mallory", groups: ["system:authenticated"] }
  const own = { apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list"] }
  const manage = { apiGroups: [api], resources: ["roles", "rolebindings"], verbs: ["get", "create", "update"] }
  await server.json("POST", `${namespaced}/roles`, role("Role", "manager", [own, manage]))
  await server.json("POST", `${namespaced}/rolebindings`, binding("RoleBinding", "Role", "manager", [user("mallory")]))
  const { json, send } = server.as(mallory)
  const lesser = role("Role", "lesser", [{ ...own, verbs: ["get"] }])
  const created = await json("POST", `${namespaced}/roles`, lesser)
  await json("POST", `${namespaced}/rolebindings`, binding("RoleBinding", "Role", "lesser", [user("friend")]))
  const greedy = role("Role", "greedy", [{ apiGroups: [""], resources: ["configmaps", "secrets"], verbs: ["get"] }])
  const refused = await send("POST", `${namespaced}/roles`, greedy)
  expect(refused.status).toBe(403)
  expect((await refused.json()).message).toBe(
    'roles.rbac.authorization.k8s.io "greedy" is forbidden: user "mallory" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}'
  )
  expect(await codeOf(mallory, "PUT", `${namespaced}/roles/lesser`, { ...created, rules: [{ ...own, verbs: ["*"] }] })).toBe(403)
  const admin = { ...binding("RoleBinding", "ClusterRole", "cluster-admin", [user("mallory")]) }
  expect(await codeOf(mallory, "POST", `${namespaced}/rolebindings`, admin)).toBe(403)
  await server.json(
    "POST",
    `${namespaced}/roles`,
    role("Role", "binder", [{ apiGroups: [api], resources: ["clusterroles"], verbs: ["bind"], resourceNames: ["edit"] }])
  )
  await server.json("POST", `${namespaced}/rolebindings`, binding("RoleBinding", "Role", "binder", [user("mallory")]))
  expect(
    await codeOf(mallory, "POST", `${namespaced}/rolebindings`, binding("RoleBinding", "ClusterRole", "edit", [user("friend")]))
  ).toBe(201)
})

test("a review has no Table form", async () => {
  const path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
  const body = { spec: { nonResourceAttributes: { path: "/", verb: "get" } } }
  const accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
  expect((await server.send("POST", path, body, { accept })).status).toBe(406)
  expect((await server.send("POST", path, body, { accept: `${accept},application/json` })).status).toBe(201)
})
