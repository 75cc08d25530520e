import { afterAll, beforeAll, expect, test } from "bun:test"
import { createServer, type Server } from "node:http"
import { createServer as createTlsServer } from "node:https"
import type { AddressInfo } from "node:net"
import { createAuthority, issueCertificate } from "../certificates.ts"
import { pod, type Running, startServer } from "../testing/server.ts"
import { splitProxyName } from "./proxy.ts"

let server: Running
let plain: Server
let secure: Server
let port = 0
let securePort = 0
const asked: Array<string> = []

const portOf = async (listening: Server): Promise<number> => {
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve))
  return (listening.address() as AddressInfo).port
}

beforeAll(async () => {
  const authority = await createAuthority()
  const own = await issueCertificate(authority, { commonName: "x", ipAddresses: ["127.0.0.1"] })
  const client = await issueCertificate(authority, {
    commonName: "apiserver",
    organizations: ["system:masters"],
    usages: ["client"]
  })
  plain = createServer(async (request, response) => {
    let body = ""
    for await (const chunk of request) body += chunk
    asked.push(`${request.method} ${request.url} ${request.headers.authorization ?? "-"} ${body}`)
    if (request.url === "/away") return response.writeHead(302, { location: "/home" }).end()
    response.writeHead(request.url === "/missing" ? 404 : 200, { "x-own": "1" }).end("plain")
  })
  secure = createTlsServer({ ...own, ca: authority.cert, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    const socket = request.socket as import("node:tls").TLSSocket
    response.end(`secure ${socket.authorized}`)
  }) as unknown as Server
  port = await portOf(plain)
  securePort = await portOf(secure)
  server = await startServer({
    disableAdmissionPlugins: ["ServiceAccount"],
    kubeletClient: { ...client, ca: authority.cert }
  })
  const node = { kind: "Node", apiVersion: "v1", metadata: { name: "one" } }
  await server.json("POST", "/api/v1/nodes", node)
  await server.json("PUT", "/api/v1/nodes/one/status", {
    ...node,
    status: {
      addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
      daemonEndpoints: { kubeletEndpoint: { Port: securePort } }
    }
  })
  const web = await server.json("POST", "/api/v1/namespaces/default/pods", pod("web"))
  await server.json("PUT", "/api/v1/namespaces/default/pods/web/status", {
    ...web,
    status: { phase: "Running", podIP: "127.0.0.1", podIPs: [{ ip: "127.0.0.1" }] }
  })
  for (const [name, targetPort] of [
    ["web", port],
    ["tls", securePort]
  ] as const) {
    const ports = [{ name: "main", port: 80, protocol: "TCP" }]
    await server.json("POST", "/api/v1/namespaces/default/services", { metadata: { name }, spec: { ports } })
    await server.json("POST", "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", {
      metadata: { name, labels: { "kubernetes.io/service-name": name } },
      addressType: "IPv4",
      endpoints: [{ addresses: ["127.0.0.1"], conditions: { ready: true } }],
      ports: [{ name: "main", port: targetPort, protocol: "TCP" }]
    })
  }
  await server.json("POST", "/api/v1/namespaces/default/services", {
    metadata: { name: "none" },
    spec: { ports: [{ port: 80 }] }
  })
})
afterAll(async () => {
  await server.close()
  plain.close()
  secure.close()
})

const core = "/api/v1/namespaces/default"
const text = async (path: string, method = "GET", body?: unknown) => {
  const response = await server.send(method, path, body, { authorization: "Bearer secret" })
  return { status: response.status, text: await response.text(), headers: response.headers }
}

test("a pod is reached by its port, with the path and body as they were sent and without the client's secrets", async () => {
  const answer = await text(`${core}/pods/web:${port}/proxy/a%2Fb//c?x=1&y`, "POST", '{"z":1}')
  expect([answer.status, answer.text, answer.headers.get("x-own")]).toEqual([200, "plain", "1"])
  expect(asked.at(-1)).toBe('POST /a%2Fb//c?x=1&y - {"z":1}')
  expect((await text(`${core}/pods/http:web:${port}/proxy/missing`)).status).toBe(404)
  expect((await text(`${core}/pods/https:web:${securePort}/proxy/`)).text).toBe("secure false")
})

test.each(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])("%s goes through", async (method) => {
  const answer = await text(`${core}/services/web:80/proxy/any`, method)
  expect([answer.status, answer.headers.get("x-own")]).toEqual([200, "1"])
  expect(asked.at(-1)).toStartWith(`${method} /any `)
})

test("a Service is reached by the name or number of its port, over TLS if so asked", async () => {
  expect((await text(`${core}/services/web:80/proxy/`)).text).toBe("plain")
  expect((await text(`${core}/services/web:main/proxy/`)).text).toBe("plain")
  expect((await text(`${core}/services/web/proxy/`)).text).toBe("plain")
  expect((await text(`${core}/services/https:tls:main/proxy/`)).text).toBe("secure false")
  expect((await text(`${core}/services/none/proxy/`)).text).toContain('no endpoints available for service \\"none\\"')
  expect((await text(`${core}/services/web:81/proxy/`)).status).toBe(503)
  expect((await text(`${core}/services/nothing/proxy/`)).status).toBe(404)
})

test("a node's kubelet is reached with the certificate that it knows, other ports without", async () => {
  expect((await text("/api/v1/nodes/one/proxy/healthz")).text).toBe("secure true")
  expect((await text(`/api/v1/nodes/https:one:${securePort}/proxy/healthz`)).text).toBe("secure true")
  expect((await text(`/api/v1/nodes/one:${port}/proxy/`)).text).toBe("plain")
})

test("redirects stay within the proxy, and a path without its slash is led to it", async () => {
  const away = await text(`${core}/pods/web:${port}/proxy/away`)
  expect([away.status, away.headers.get("location")]).toEqual([302, `${core}/pods/web:${port}/proxy/home`])
  const bare = await text(`${core}/pods/web:${port}/proxy?a=1`)
  expect([bare.status, bare.headers.get("location")]).toEqual([301, `${core}/pods/web:${port}/proxy/?a=1`])
})

test("whoever may read pods may not go through them", async () => {
  await server.json("POST", "/apis/rbac.authorization.k8s.io/v1/clusterroles", {
    metadata: { name: "reader" },
    rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["*"] }]
  })
  await server.json("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
    metadata: { name: "reader" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "reader" },
    subjects: [{ kind: "User", name: "jane", apiGroup: "rbac.authorization.k8s.io" }]
  })
  const jane = server.as({ name: "jane", groups: [] })
  expect((await jane.send("GET", `${core}/pods`)).status).toBe(200)
  expect((await jane.send("GET", `${core}/pods/web:${port}/proxy/`)).status).toBe(403)
})

test("names are split as upstream splits them", () => {
  expect(["web", "web:80", "https:web:443", "https:web:", "ftp:web:1", "a:b:c:d", ""].map(splitProxyName)).toEqual([
    { scheme: "", name: "web", port: "" },
    { scheme: "", name: "web", port: "80" },
    { scheme: "https", name: "web", port: "443" },
    { scheme: "https", name: "web", port: "" },
    undefined,
    undefined,
    undefined
  ])
})
