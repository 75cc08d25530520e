import { afterAll, beforeAll, expect, test } from "bun:test"
import { type Answer, pod, type Running, startServer } from "../testing/server.ts"

let server: Running
let issuerServer: Running

const path = "/api/v1/namespaces/default"
const serviceAccount = (name: string) => ({ kind: "ServiceAccount", apiVersion: "v1", metadata: { name } })
const tokenRequest = (spec: object = {}) => ({
  kind: "TokenRequest",
  apiVersion: "authentication.k8s.io/v1",
  spec: { audiences: [], ...spec }
})

beforeAll(async () => {
  server = await startServer({ tokens: { secret: { name: "carol", groups: ["dev"] } } })
  issuerServer = await startServer({ anonymous: false })
  await server.json("POST", `${path}/serviceaccounts`, serviceAccount("default"))
})
afterAll(() => Promise.all([server.close(), issuerServer.close()]))

/** Who the server takes the sender of these headers for; the code when it does not. */
const whoIs = async (headers: Record<string, string>, running = server): Promise<Answer> => {
  const response = await running.apiserver.fetch(
    new Request("https://kubernetes/apis/authentication.k8s.io/v1/selfsubjectreviews", {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: '{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1"}'
    })
  )
  const body: Answer = await response.json()
  return response.ok ? body.status.userInfo : body
}
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

test("without credentials one is anonymous, or nobody where that is off", async () => {
  expect((await whoIs({})).message).toContain('User "system:anonymous" cannot create resource "selfsubjectreviews"')
  expect(await whoIs({}, issuerServer)).toMatchObject({ code: 401, reason: "Unauthorized", message: "Unauthorized" })
})

test("a static token stands for its user; one that nobody knows is a 401", async () => {
  expect(await whoIs(bearer("secret"))).toEqual({ username: "carol", groups: ["dev", "system:authenticated"] })
  expect((await whoIs(bearer("guess"))).code).toBe(401)
})

test("a service account's token is good for as long as the account is there", async () => {
  const account = await server.json("POST", `${path}/serviceaccounts`, serviceAccount("robot"))
  const { status } = await server.json("POST", `${path}/serviceaccounts/robot/token`, tokenRequest({ expirationSeconds: 3600 }))
  expect(await whoIs(bearer(status.token))).toMatchObject({
    username: "system:serviceaccount:default:robot",
    uid: account.metadata.uid,
    groups: ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"]
  })
  const tampered = `${status.token.slice(0, -8)}AAAAAAAA`
  expect((await whoIs(bearer(tampered))).code).toBe(401)
  await server.json("DELETE", `${path}/serviceaccounts/robot`)
  expect((await whoIs(bearer(status.token))).code).toBe(401)
  await server.json("POST", `${path}/serviceaccounts`, serviceAccount("robot"))
  expect((await whoIs(bearer(status.token))).code).toBe(401)
})

test("a token bound to a pod dies with it, and says which pod it is", async () => {
  const created = await server.json("POST", `${path}/pods`, pod("bound"))
  const boundObjectRef = { kind: "Pod", apiVersion: "v1", name: "bound", uid: created.metadata.uid }
  const { status } = await server.json("POST", `${path}/serviceaccounts/default/token`, tokenRequest({ boundObjectRef }))
  expect((await whoIs(bearer(status.token))).extra).toMatchObject({
    "authentication.kubernetes.io/pod-name": ["bound"],
    "authentication.kubernetes.io/pod-uid": [created.metadata.uid]
  })
  await server.json("DELETE", `${path}/pods/bound?gracePeriodSeconds=0`)
  expect((await whoIs(bearer(status.token))).code).toBe(401)
})

test("a token for another audience is not for the API server, and a review says for whom it is", async () => {
  const { status } = await server.json("POST", `${path}/serviceaccounts/default/token`, tokenRequest({ audiences: ["vault"] }))
  expect((await whoIs(bearer(status.token))).code).toBe(401)
  const review = (spec: object) =>
    server.json("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {
      kind: "TokenReview",
      apiVersion: "authentication.k8s.io/v1",
      spec
    })
  expect((await review({ token: status.token, audiences: ["vault", "other"] })).status).toMatchObject({
    authenticated: true,
    audiences: ["vault"],
    user: { username: "system:serviceaccount:default:default" }
  })
  expect((await review({ token: status.token })).status.authenticated).toBe(false)
  expect((await review({ token: "secret" })).status.user.username).toBe("carol")
  expect((await review({ token: "guess" })).status).toEqual({ authenticated: false, user: {}, error: "invalid bearer token" })
})

test("a token verifies against the published keys", async () => {
  const { status } = await server.json("POST", `${path}/serviceaccounts/default/token`, tokenRequest())
  const configuration = await server.json("GET", "/.well-known/openid-configuration")
  expect(configuration.jwks_uri).toBe(`${configuration.issuer}/openid/v1/jwks`)
  const { createLocalJWKSet, jwtVerify } = await import("jose")
  const keys = createLocalJWKSet(await server.json("GET", "/openid/v1/jwks"))
  const { payload } = await jwtVerify(status.token, keys, { issuer: configuration.issuer, audience: configuration.issuer })
  expect(payload.sub).toBe("system:serviceaccount:default:default")
})

test("who may impersonate acts as the other; who may not is told so", async () => {
  const masters = await server.json("POST", `${path}/serviceaccounts/default/token`, tokenRequest())
  const api = "rbac.authorization.k8s.io"
  const refused = await whoIs({ ...bearer("secret"), "impersonate-user": "alice" })
  expect(refused.message).toBe(
    'users "alice" is forbidden: User "carol" cannot impersonate resource "users" in API group "" at the cluster scope'
  )
  await server.json("POST", `/apis/${api}/v1/clusterrolebindings`, {
    kind: "ClusterRoleBinding",
    apiVersion: `${api}/v1`,
    metadata: { name: "carol" },
    roleRef: { apiGroup: api, kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ apiGroup: api, kind: "Group", name: "dev" }]
  })
  const asAlice = {
    ...bearer("secret"),
    "impersonate-user": "alice",
    "impersonate-group": "a, b",
    "impersonate-extra-scopes": "x"
  }
  expect(await whoIs(asAlice)).toEqual({
    username: "alice",
    groups: ["a", "b", "system:authenticated"],
    extra: { scopes: ["x"] }
  })
  expect((await whoIs({ ...bearer("secret"), "impersonate-group": "a" })).code).toBe(400)
  expect(masters.status.token).toBeString()
})
