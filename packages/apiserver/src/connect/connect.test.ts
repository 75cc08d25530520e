import { afterAll, beforeAll, expect, test } from "bun:test"
import { createServer, type Server } from "node:https"
import type { AddressInfo } from "node:net"
import type { Duplex } from "node:stream"
import { connect as dial, type TLSSocket } from "node:tls"
import { type CertificatePair, createAuthority, issueCertificate } from "../certificates.ts"
import { type RunningApiserver, startApiserver } from "../promise.ts"

/** Stands where a node's kubelet is: tells what it was asked, echoes upgraded bytes in upper case. */
const asked: Array<string> = []
const followers: Array<{ write: (text: string) => void; closed: Promise<void> }> = []
let authority: CertificatePair
let kubelet: Server
let server: RunningApiserver

const json = async (path: string, method = "GET", body?: unknown) => {
  const init =
    body === undefined ? { method } : { method, body: JSON.stringify(body), headers: { "content-type": "application/json" } }
  const response = await server.fetch(new Request(`https://kubernetes${path}`, init))
  return { status: response.status, text: await response.text() }
}

beforeAll(async () => {
  authority = await createAuthority()
  const [own, client] = await Promise.all([
    issueCertificate(authority, { commonName: "node", ipAddresses: ["127.0.0.1"] }),
    issueCertificate(authority, { commonName: "kube-apiserver-kubelet-client", organizations: ["system:masters"] })
  ])
  kubelet = createServer({ ...own, ca: authority.cert, requestCert: true, rejectUnauthorized: true }, (request, response) => {
    asked.push(request.url ?? "")
    if (request.url?.includes("/waiting?"))
      return response.writeHead(400).end("container is waiting to start: ContainerCreating\n")
    if (!request.url?.includes("follow=true")) return response.end("one\ntwo\n")
    const closed = new Promise<void>((resolve) => response.on("close", resolve))
    response.write("first\n")
    followers.push({ write: (text) => response.write(text), closed })
  })
  kubelet.on("upgrade", (request, socket: Duplex, head: Buffer) => {
    asked.push(
      `${request.method} ${request.url} ${request.headers.authorization ?? "no token"} ${request.headers["sec-websocket-protocol"]}`
    )
    if (request.url?.includes("refused")) return socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 4\r\n\r\nnope")
    socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: SPDY/3.1\r\nConnection: Upgrade\r\n\r\nhello ")
    if (head.length > 0) socket.write(head.toString().toUpperCase())
    socket.on("data", (chunk) => socket.write(String(chunk).toUpperCase()))
    socket.on("error", () => socket.destroy())
  })
  await new Promise<void>((resolve) => kubelet.listen(0, "127.0.0.1", resolve))
  server = await startApiserver({ authority, kubeletClient: { ...client, ca: authority.cert } })
  const { port } = kubelet.address() as AddressInfo
  await json("/api/v1/namespaces/default/serviceaccounts", "POST", {
    kind: "ServiceAccount",
    apiVersion: "v1",
    metadata: { name: "default" }
  })
  const node = { kind: "Node", apiVersion: "v1", metadata: { name: "one" } }
  await json("/api/v1/nodes", "POST", node)
  const status = {
    addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
    daemonEndpoints: { kubeletEndpoint: { Port: port } }
  }
  await json("/api/v1/nodes/one/status", "PUT", { ...node, status })
  const pod = (name: string, containers: ReadonlyArray<string>, spec = {}) => ({
    kind: "Pod",
    apiVersion: "v1",
    metadata: { name },
    spec: { nodeName: "one", containers: containers.map((name) => ({ name, image: "x" })), ...spec }
  })
  for (const object of [
    pod("web", ["main"]),
    pod("two", ["a", "waiting"], { initContainers: [{ name: "i", image: "x" }] }),
    pod("refused", ["main"])
  ]) {
    const created = await json("/api/v1/namespaces/default/pods", "POST", object)
    if (created.status !== 201) throw new Error(created.text)
  }
})
afterAll(async () => {
  await server.close()
  kubelet.closeAllConnections()
  kubelet.close()
})

const podPath = "/api/v1/namespaces/default/pods"

test("a log comes from the pod's kubelet with what was asked for", async () => {
  expect((await json(`${podPath}/web/log?tailLines=2&timestamps=true&limitBytes=10`)).text).toBe("one\ntwo\n")
  expect(asked.at(-1)).toBe("/containerLogs/default/web/main?timestamps=true&tailLines=2&limitBytes=10")
})

test("a followed log is passed on as it comes; leaving it leaves the kubelet", async () => {
  const response = await server.fetch(new Request(`https://kubernetes${podPath}/web/log?follow=true`))
  const reader = response.body!.getReader()
  const next = async () => new TextDecoder().decode((await reader.read()).value)
  expect(await next()).toBe("first\n")
  followers[0]!.write("second\n")
  expect(await next()).toBe("second\n")
  await reader.cancel()
  await followers[0]!.closed
})

test("where a pod has several containers one has to be named", async () => {
  const { status, text } = await json(`${podPath}/two/log`)
  expect(status).toBe(400)
  expect(JSON.parse(text).message).toBe(
    "a container name must be specified for pod two, choose one of: [a waiting] or one of the init containers: [i]"
  )
  expect(JSON.parse((await json(`${podPath}/two/log?container=b`)).text).message).toBe("container b is not valid for pod two")
  const refused = await json(`${podPath}/two/log?container=waiting`)
  expect(refused.status).toBe(400)
  expect(JSON.parse(refused.text).message).toBe("container is waiting to start: ContainerCreating")
  expect((await json(`${podPath}/web/log?tailLines=-1`)).status).toBe(422)
})

/** An upgrade by hand over a TLS socket; resolves with everything received when `until` is in it or the connection ends. */
const upgrade = async (path: string, method: string, headers: ReadonlyArray<string>, user?: CertificatePair) => {
  const { port } = server
  const socket: TLSSocket = dial({ host: "127.0.0.1", port, ca: authority.cert, ALPNProtocols: ["http/1.1"], ...user })
  let received = ""
  const waiting: Array<() => void> = []
  socket.setEncoding("utf8")
  socket.on("data", (chunk) => {
    received += chunk
    for (const wake of waiting) wake()
  })
  let ended = false
  socket.on("close", () => {
    ended = true
    for (const wake of waiting) wake()
  })
  const until = (text: string) =>
    new Promise<string>((resolve) => {
      const check = () => {
        if (received.includes(text) || ended) resolve(received)
      }
      waiting.push(check)
      check()
    })
  socket.write(
    [`${method} ${path} HTTP/1.1`, "Host: x", "Connection: Upgrade", "Upgrade: SPDY/3.1", ...headers, "", ""].join("\r\n")
  )
  return { socket, until }
}

test("exec is tunnelled: handshake, then bytes both ways; the client's token stays here", async () => {
  const user = await issueCertificate(authority, { commonName: "root", organizations: ["system:masters"] })
  const path = `${podPath}/web/exec?command=sh&command=-c&command=a+b&stdin=true&stdout=true`
  const { socket, until } = await upgrade(path, "POST", ["Content-Length: 0", "Sec-WebSocket-Protocol: v5.channel.k8s.io"], user)
  expect(await until("hello ")).toStartWith("HTTP/1.1 101 Switching Protocols\r\nUpgrade: SPDY/3.1\r\n")
  expect(asked.at(-1)).toBe(
    "POST /exec/default/web/main?input=1&output=1&command=sh&command=-c&command=a+b no token v5.channel.k8s.io"
  )
  socket.write("x".repeat(200_000))
  socket.write("done")
  expect(await until("DONE")).toContain("X".repeat(200_000))
  socket.destroy()
})

test("what cannot be tunnelled is answered as a Status", async () => {
  const user = await issueCertificate(authority, { commonName: "root", organizations: ["system:masters"] })
  const refused = await upgrade(`${podPath}/refused/exec?command=x&stdout=true`, "GET", [], user)
  expect(await refused.until("nope")).toStartWith("HTTP/1.1 403")
  const nobody = await upgrade(`${podPath}/web/exec?command=x&stdout=true`, "POST", ["Content-Length: 0"])
  expect(await nobody.until("forbidden")).toStartWith("HTTP/1.1 403 Forbidden")
  const plain = await json(`${podPath}/web/exec?command=x&stdout=true`, "POST")
  expect(plain.status).toBe(400)
  expect(JSON.parse(plain.text).message).toBe("Upgrade request required")
})

test("a WebSocket needs the right to create the subresource, not only to get it", async () => {
  const rule = { apiGroups: [""], resources: ["pods/exec"], verbs: ["get"] }
  const api = "rbac.authorization.k8s.io/v1"
  const roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/default"
  await json(`${roles}/roles`, "POST", { kind: "Role", apiVersion: api, metadata: { name: "reader" }, rules: [rule] })
  const made = await json(`${roles}/rolebindings`, "POST", {
    kind: "RoleBinding",
    apiVersion: api,
    metadata: { name: "reader" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reader" },
    subjects: [{ kind: "User", name: "eve", apiGroup: "rbac.authorization.k8s.io" }]
  })
  expect(made.status).toBe(201)
  const eve = await issueCertificate(authority, { commonName: "eve" })
  const { until } = await upgrade(`${podPath}/web/exec?command=x&stdout=true`, "GET", [], eve)
  expect(await until("cannot create")).toContain('User \\"eve\\" cannot create resource \\"pods/exec\\"')
})
