import { expect, test } from "bun:test"
import { request } from "node:https"
import { type Pod, pods } from "@tsukube/api/core-v1"
import { clusterrolebindings, clusterroles } from "@tsukube/api/rbac-v1"
import { type CertificatePair, createAuthority, issueCertificate } from "@tsukube/apiserver/certificates"
import { eventually, live } from "@tsukube/testing"
import { Effect } from "effect"
import { WebSocket } from "ws"
import { runKubelet } from "./kubelet.ts"
import { makeSimulated } from "./runtimes/simulated.ts"
import { boundPod, startApi } from "./testing/api.ts"

interface Answer {
  readonly status: number
  readonly body: string
}

const get = (port: number, path: string, ca: string, who?: CertificatePair): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port, path, ca, agent: false, ...who }, (response) => {
      let body = ""
      response.setEncoding("utf8").on("data", (text: string) => (body += text))
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }))
    })
    call.on("error", reject)
    call.end()
  })

const exec = (port: number, path: string, ca: string, who: CertificatePair): Promise<ReadonlyArray<string>> =>
  new Promise((resolve, reject) => {
    const messages: Array<string> = []
    const socket = new WebSocket(`wss://127.0.0.1:${port}${path}`, ["v5.channel.k8s.io"], { ca, ...who })
    socket.binaryType = "nodebuffer"
    socket.on("message", (data: Buffer) => void messages.push(`${data[0]}${data.subarray(1).toString("utf8")}`))
    socket.on("error", reject)
    socket.on("close", () => resolve(messages))
  })

const setUp = Effect.gen(function* () {
  const client = yield* startApi()
  const authority = yield* Effect.promise(() => createAuthority())
  const server = yield* Effect.promise(() => issueCertificate(authority, { commonName: "n", ipAddresses: ["127.0.0.1"] }))
  const apiserver = yield* Effect.promise(() =>
    issueCertificate(authority, { commonName: "kube-apiserver", organizations: ["system:masters"], usages: ["client"] })
  )
  const runtime = yield* makeSimulated({ nodeName: "sim-1", podCidr: "10.244.3.0/24" })
  const { port } = yield* runKubelet({
    client,
    nodeName: "sim-1",
    runtime,
    rootDir: "/nowhere",
    addresses: ["127.0.0.1"],
    port: 0,
    tls: { ...server, clientCa: authority.cert }
  })
  yield* client.create(pods, boundPod("web", "sim-1"))
  yield* Effect.promise(() =>
    eventually(
      async () => (await Effect.runPromise(client.get(pods, { namespace: "default", name: "web" }))).status?.phase === "Running"
    )
  )
  const user = yield* Effect.promise(() => issueCertificate(authority, { commonName: "alice", organizations: ["dev"] }))
  return { port, ca: authority.cert, apiserver, user, client }
})

test(
  "whoever has the right to a node's subresources is answered about those, and about nothing else",
  live(() =>
    Effect.gen(function* () {
      const { port, ca, user, client } = yield* setUp
      const ask = (path: string) => Effect.promise(() => get(port, path, ca, user))
      expect(yield* ask("/pods")).toEqual({
        status: 403,
        body: "Forbidden (user=alice, verb=get, resource=nodes, subresource=proxy)"
      })
      const role = (name: string, resource: string) =>
        Effect.gen(function* () {
          const rules = [{ apiGroups: [""], resources: [resource], resourceNames: ["sim-1"], verbs: ["get"] }]
          yield* client.create(clusterroles, { metadata: { name }, rules })
          const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name }
          const subjects = [{ kind: "User", name: "alice", apiGroup: "rbac.authorization.k8s.io" }]
          yield* client.create(clusterrolebindings, { metadata: { name }, roleRef, subjects })
        })
      const becomes = (path: string, status: number) =>
        Effect.promise(() => eventually(async () => (await get(port, path, ca, user)).status === status))
      yield* role("pods", "nodes/pods")
      yield* becomes("/pods", 200)
      expect((yield* ask("/containerLogs/default/web/main")).status).toBe(403)
      yield* role("all", "nodes/proxy")
      yield* becomes("/containerLogs/default/web/main", 200)
      expect((yield* ask("/healthz")).status).toBe(200)
      expect((yield* ask("/metrics")).status).toBe(403)
    })
  )
)

test(
  "nobody without a right is answered, nor anybody whom another authority vouches for",
  live(() =>
    Effect.gen(function* () {
      const { port, ca, apiserver, user } = yield* setUp
      const stranger = yield* Effect.promise(async () =>
        issueCertificate(await createAuthority(), { commonName: "kube-apiserver" })
      )
      for (const path of ["/pods", "/healthz", "/containerLogs/default/web/main"]) {
        expect((yield* Effect.promise(() => get(port, path, ca))).status).toBe(401)
        expect((yield* Effect.promise(() => get(port, path, ca, stranger))).status).toBe(401)
        expect((yield* Effect.promise(() => get(port, path, ca, user))).status).toBe(403)
        expect((yield* Effect.promise(() => get(port, path, ca, apiserver))).status).toBe(200)
      }
      const listed: { readonly items: ReadonlyArray<Pod> } = JSON.parse(
        (yield* Effect.promise(() => get(port, "/pods", ca, apiserver))).body
      )
      expect(listed.items.map(({ metadata }) => metadata?.name)).toEqual(["web"])
    })
  )
)

test(
  "a simulated node says that it is one, and runs the commands that it knows",
  live(() =>
    Effect.gen(function* () {
      const { port, ca, apiserver } = yield* setUp
      const logs = yield* Effect.promise(() => get(port, "/containerLogs/default/web/main?tailLines=5", ca, apiserver))
      expect(logs.body).toBe('node "sim-1" is simulated: container "main" does not run and writes no log\n')
      const ask = (query: string) =>
        Effect.promise(() => exec(port, `/exec/default/web/main?${query}&output=1&error=1`, ca, apiserver))
      const unknown = yield* ask("command=nginx")
      expect(unknown[0]).toBe('2exec: "nginx": executable file not found in $PATH (node "sim-1" is simulated)\n')
      expect(JSON.parse(unknown[1]?.slice(1) ?? "")).toMatchObject({
        status: "Failure",
        reason: "NonZeroExitCode",
        details: { causes: [{ reason: "ExitCode", message: "127" }] }
      })
      expect(yield* ask("command=hostname")).toEqual(["1web\n", '3{"metadata":{},"status":"Success"}'])
    })
  )
)

test(
  "what is not there is named as upstream names it",
  live(() =>
    Effect.gen(function* () {
      const { port, ca, apiserver } = yield* setUp
      const ask = (path: string) => Effect.promise(() => get(port, path, ca, apiserver))
      expect(yield* ask("/containerLogs/default/gone/main")).toEqual({ status: 404, body: 'pod "default/gone" does not exist' })
      expect(yield* ask("/containerLogs/default/web/other")).toEqual({
        status: 400,
        body: "container other is not valid for pod web"
      })
      expect(yield* ask("/containerLogs/default/web/main?previous=true")).toEqual({
        status: 400,
        body: 'previous terminated container "main" in pod "web" not found'
      })
      expect((yield* ask("/containerLogs/default/web/main?tailLines=x")).status).toBe(400)
      expect((yield* ask("/nothing")).status).toBe(404)
    })
  )
)
