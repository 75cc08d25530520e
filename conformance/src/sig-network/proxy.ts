/** The API server's way to pods and Services: requests that it passes on, and what comes back. @module */
import { type Container, pods, type Service, services } from "@tsukube/api/core-v1"
import { endpointslices } from "@tsukube/api/discovery-v1"
import { awaitReady } from "../pods.ts"
import { shellContainer, shellPod, webServer } from "../shell-pods.ts"
import { type Cluster, type ConformanceTest, expectEqual } from "../suite.ts"

/** Says how it was asked. */
const echo = 'text="$method $path"'

const serving = (ports: ReadonlyArray<{ readonly name: string; readonly containerPort: number }>): Container =>
  shellContainer(`${ports.map(({ containerPort }) => `(${webServer(containerPort, echo)}) &`).join(" ")} wait`, { ports })

const serviceOf = ({ namespace }: Cluster, name: string, more: Partial<Service["spec"]>): Service => ({
  metadata: { namespace, name },
  spec: { selector: { name: "answers" }, ...more }
})

const started = async (cluster: Cluster, container: Container, service: Service): Promise<void> => {
  const { client, namespace, eventually } = cluster
  await client.create(pods, shellPod(cluster, "answers", container))
  await client.create(services, service)
  await awaitReady(cluster, "answers")
  await eventually("the Service has its endpoint", async () => {
    const labelSelector = `kubernetes.io/service-name=${service.metadata?.name}`
    const { items } = await client.list(endpointslices, { namespace, labelSelector })
    return items.some(({ endpoints }) => (endpoints ?? []).some(({ conditions }) => conditions?.ready === true))
  })
}

const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const

/** Asks by every method and expects the server behind to have been asked the same. */
const everyMethod = async (cluster: Cluster, path: string, seen: string): Promise<void> => {
  for (const method of methods) {
    await cluster.eventually(`${method} ${path} is answered`, async () => {
      const request = new Request(`https://kubernetes${path}`, { method })
      const response = await cluster.client.fetch(request)
      expectEqual(response.status, 200, `the code of ${method} ${path}`)
      const text = await response.text()
      expectEqual(text, method === "HEAD" ? "" : `${method} ${seen}`, `the answer to ${method} ${path}`)
      return true
    })
  }
}

const valid = (name: string, path: string): ConformanceTest => ({
  name: `[sig-network] Proxy version v1 A set of valid responses are returned for both pod and service ${name}`,
  run: async (cluster) => {
    const service = serviceOf(cluster, "answers", { ports: [{ name: "http", port: 80, targetPort: 8080 }] })
    await started(cluster, serving([{ name: "http", containerPort: 8080 }]), service)
    const root = `/api/v1/namespaces/${cluster.namespace}`
    await everyMethod(cluster, `${root}/pods/answers:8080/proxy${path}`, path)
    await everyMethod(cluster, `${root}/services/answers:80/proxy${path}`, path)
  }
})

const both: ConformanceTest = {
  name: "[sig-network] Proxy version v1 should proxy through a service and a pod",
  run: async (cluster) => {
    const ports = [
      { name: "dest1", containerPort: 8160 },
      { name: "dest2", containerPort: 8162 }
    ]
    const service = serviceOf(cluster, "answers", {
      ports: [
        { name: "portname1", port: 80, targetPort: "dest1" },
        { name: "portname2", port: 81, targetPort: 8162 }
      ]
    })
    await started(cluster, serving(ports), service)
    const root = `/api/v1/namespaces/${cluster.namespace}`
    const ways = [
      "services/answers:portname1",
      "services/http:answers:portname1",
      "services/answers:portname2",
      "services/http:answers:portname2",
      "services/answers:80",
      "pods/answers:8160",
      "pods/http:answers:8160",
      "pods/answers:8162",
      "pods/http:answers:8162"
    ]
    for (const way of ways) {
      await cluster.eventually(`${way} is answered`, async () => {
        const response = await cluster.client.fetch(new Request(`https://kubernetes${root}/${way}/proxy/some/path?q=1`))
        expectEqual([response.status, await response.text()], [200, "GET /some/path?q=1"], `the answer of ${way}`)
        return true
      })
    }
  }
}

/** All of them. */
export const proxyTests: ReadonlyArray<ConformanceTest> = [
  both,
  valid("ProxyWithPath", "/some/path/with/a%20space"),
  valid("Proxy", "/")
]
